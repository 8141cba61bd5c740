"""Which texts train, which tune, which are held out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from onnx_export.train.labelled_texts import LabelledText


@dataclass(frozen=True)
class Split:
    train: list[LabelledText]
    validation: list[LabelledText]
    test: list[LabelledText]
    sure: frozenset[str] = frozenset()
    """Ids of texts whose labels, or that they have none, are beyond doubt: the lexical teacher has no say in them."""

    def with_more_to_learn_from(self, texts: Sequence[LabelledText]) -> Split:
        """The same texts held out, and these to learn from besides, of which the labels are sure.

        Raises:
            ValueError: if an id is taken, or a text is of a group that is held out.
        """
        known = {text.id for part in (self.train, self.validation, self.test) for text in part}
        held_out = {text.group for text in [*self.validation, *self.test]}
        problems = [f"id {text.id!r} is taken by a text of --data" for text in texts if text.id in known]
        problems += [f"{text.id!r} is of the group {text.group!r}, which is held out" for text in texts if text.group in held_out]
        if problems:
            others = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
            raise ValueError(
                f"--also-learn: {'; '.join(problems[:5])}{others}. Give them other ids and groups, or leave them out"
            )
        return replace(self, train=[*self.train, *texts], sure=self.sure | {text.id for text in texts})


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
    return Split(parts["train"], parts["validation"], parts["test"])
