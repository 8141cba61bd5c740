"""Reads the hyperparameters of an original under the names that it gives them, and collects what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from onnx_export.checkpoints.hyperparameters import Hyperparameters

T = TypeVar("T")


class Settings(Hyperparameters):
    """Each method reads one value."""

    def choice(self, key: str, choices: Mapping[str, T], default: str, instead: str = "") -> T:
        """``instead``: what a person may do who has another value."""
        value = self.given.get(key, default)
        if isinstance(value, str) and value in choices:
            return choices[value]
        self.problems.append(f"{key} is {value!r}, expected {' or '.join(choices)}{instead}")
        return choices[default]

    def optional_integer(self, key: str) -> int | None:
        return self.integer(key) if self.given.get(key) is not None else None

    def labels(self, key: str) -> tuple[str, ...]:
        value = self.given.get(key)
        labels = value if isinstance(value, list) else []
        if labels and all(isinstance(label, str) and label.strip() for label in labels) and len(set(labels)) == len(labels):
            return tuple(labels)
        self.problems.append(f"{key} is {value!r}, expected names that differ and are not empty")
        return ("label",)

    def vocabulary(self, key: str, size: int) -> tuple[str, ...] | None:
        """The characters by id, if they are given: as many as the model has ids, each one character or a marker of several."""
        value = self.given.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(symbol, str) and symbol for symbol in value):
            self.problems.append(f"{key} is of another kind, expected a list of the character of each id")
            return None
        if len(value) != size or len(set(value)) != size:
            self.problems.append(f"{key} has {len(set(value))} different entries, but the model has {size} ids")
        return tuple(value)
