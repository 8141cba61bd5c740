"""Which texts train, which tune, which are held out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from onnx_export.train.labelled_texts import LabelledText


@dataclass(frozen=True)
class Split:
    train: list[LabelledText]
    validation: list[LabelledText]
    test: list[LabelledText]


def split_by_group(texts: Sequence[LabelledText], *, validation: float, test: float, seed: int) -> Split:
    """Put whole groups at random into the test split, then validation, until each holds its share of the texts.

    Raises:
        ValueError: if a split would be empty, or none to train on carried a label.
    """
    by_group: dict[str, list[LabelledText]] = {}
    for text in texts:
        by_group.setdefault(text.group, []).append(text)
    groups = sorted(by_group)
    random.Random(seed).shuffle(groups)
    parts: dict[str, list[LabelledText]] = {"test": [], "validation": [], "train": []}
    for group in groups:
        if len(parts["test"]) < test * len(texts):
            parts["test"] += by_group[group]
        elif len(parts["validation"]) < validation * len(texts):
            parts["validation"] += by_group[group]
        else:
            parts["train"] += by_group[group]
    empty = [name for name, part in parts.items() if not part]
    if empty:
        raise ValueError(
            f"{len(texts)} texts in {len(groups)} groups leave nothing for {', '.join(empty)} "
            f"(shares: validation {validation}, test {test}); give more groups or other shares"
        )
    if not any(text.labels for text in parts["train"]):
        raise ValueError("no text to train on has a label; expected some with 'clauses' or 'labels'")
    return Split(**parts)
