"""Reads the hyperparameters of a checkpoint and collects what is wrong with them, so that all of it is reported at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class Hyperparameters:
    """``problems`` has one for each value that is missing or unusable; something usable is returned in its place."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = given
        self.problems: list[str] = []

    def integer(self, key: str, *, minimum: int = 1, default: int | None = None) -> int:
        value = self.given.get(key, default)
        if is_integer(value) and value >= minimum:
            return int(value)
        found = "is missing" if value is None else f"is {value!r}"
        self.problems.append(f"{key} {found}, expected a whole number of at least {minimum}")
        return max(minimum, 1)

    def one_of(self, key: str, value: object, choices: Mapping[str, T], fallback: T) -> T:
        if isinstance(value, str) and value in choices:
            return choices[value]
        self.problems.append(f"{key} is {value!r}, expected one of {', '.join(choices)}")
        return fallback


def is_integer(value: object) -> bool:
    """Whether a value is a whole number, which in Python true and false are, too."""
    return isinstance(value, int) and not isinstance(value, bool)
