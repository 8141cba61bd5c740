"""The labels of a classifier as Hugging Face's ``config.json`` has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onnx_export.contract import ProblemType

PROBLEM_TYPES: dict[str, ProblemType] = {
    "single_label_classification": "single-label",
    "multi_label_classification": "multi-label",
    "regression": "regression",
}


def labels_of(config: Mapping[str, Any], problems: list[str]) -> tuple[tuple[str, ...], str | None]:
    """The labels, and the key that says so; None where none does, and they are the two that transformers then assumes."""
    for key in ("id2label", "label2id"):
        if config.get(key) is not None and config[key] != {}:
            return _named_labels(key, config[key], problems), key
    count = config.get("num_labels")
    if count is None:
        return numbered_labels(2), None
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        problems.append(f"num_labels is {count!r}, expected a whole number of at least 1")
        return numbered_labels(1), "num_labels"
    return numbered_labels(count), "num_labels"


def numbered_labels(count: int) -> tuple[str, ...]:
    """The names that transformers gives to labels without any."""
    return tuple(f"LABEL_{index}" for index in range(count))


def _named_labels(key: str, given: object, problems: list[str]) -> tuple[str, ...]:
    if not isinstance(given, Mapping):
        meaning = "the name of each label by its number" if key == "id2label" else "the number of each label by its name"
        problems.append(f"{key} is {given!r}, expected {meaning}")
        return numbered_labels(1)
    pairs = given.items() if key == "id2label" else ((number, label) for label, number in given.items())
    numbered = sorted((str(number), label) for number, label in pairs)
    numbers = [number for number, _ in numbered]
    if numbers != sorted(map(str, range(len(given)))):
        kind = "keys" if key == "id2label" else "numbers"
        problems.append(f"{key} has the {kind} {numbers}, expected 0 to {len(given) - 1}")
        return numbered_labels(1)
    names = [dict(numbered)[str(index)] for index in range(len(given))]
    # Classes that are whole numbers come out of data frames so.
    labels = tuple(str(name) if isinstance(name, int) and not isinstance(name, bool) else name for name in names)
    if not all(isinstance(label, str) and label.strip() for label in labels) or len(set(labels)) != len(labels):
        problems.append(f"{key} is {names}, expected names that differ and are not empty")
    return labels
