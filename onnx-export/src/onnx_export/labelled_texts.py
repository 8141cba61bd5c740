"""Training data: texts in which spans carry labels, one JSON object per line."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class LabelledText:
    """``spans`` holds (label, start, end) in code points of ``text``; texts of one ``group`` (near-duplicates) stay in one split."""

    id: str
    text: str
    spans: tuple[tuple[str, int, int], ...]
    group: str


def read_labelled_texts(path: Path) -> list[LabelledText]:
    """Read ``{"id", "text", "clauses": [{"label", "start", "end"}], "group"?}`` per line, gzip allowed.

    Raises:
        ValueError: names every unusable line with its number and what is wrong with it.
    """
    texts: list[LabelledText] = []
    problems: list[str] = []
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
    with opened as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                texts.append(_parse(json.loads(line)))
            except ValueError as error:
                problems.append(f"line {number}: {error}")
    if problems:
        shown = "\n  ".join(problems[:20])
        raise ValueError(f"{path} has {len(problems)} unusable line(s):\n  {shown}")
    if not texts:
        raise ValueError(f"{path} holds no texts; expected one JSON object per line")
    return texts


def _parse(record: Any) -> LabelledText:
    if not isinstance(record, dict):
        raise ValueError(f"expected a JSON object, found {type(record).__name__}")
    for key in ("id", "text"):
        if not isinstance(record.get(key), str) or not record[key]:
            raise ValueError(f"{key!r} must be a string that is not empty")
    text = record["text"]
    spans = []
    for span in record.get("clauses", []):
        label, start, end = span.get("label"), span.get("start"), span.get("end")
        if not isinstance(label, str) or not isinstance(start, int) or not isinstance(end, int):
            raise ValueError(f"clause {span} needs a string 'label' and whole numbers 'start' and 'end'")
        if not 0 <= start < end <= len(text):
            raise ValueError(f"clause {span} lies outside the text of {len(text)} characters or is empty")
        spans.append((label, start, end))
    return LabelledText(record["id"], text, tuple(spans), str(record.get("group", record["id"])))


@dataclass(frozen=True)
class Split:
    train: list[LabelledText]
    validation: list[LabelledText]
    test: list[LabelledText]


def split_by_group(texts: Sequence[LabelledText], *, validation: float, test: float, seed: int) -> Split:
    """Put whole groups at random into the test split, then validation, until each holds its share of the texts."""
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
    return Split(**parts)


def label_names(texts: Iterable[LabelledText]) -> list[str]:
    return sorted({label for text in texts for label, _, _ in text.spans})
