"""What the readers of pickles have in common.

A pickle is a program, which may call whatever it can name. A reader here lets it name no more than stand-ins, which look at numbers
and touch nothing else; and what a stand-in is, a pickle cannot change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

TRIPPED_OVER = (TypeError, ValueError, AttributeError, KeyError, IndexError, OverflowError, MemoryError)
"""What a pickle that is damaged or made to harm trips over; it has no way to cause more."""


class UnusableError(Exception):
    """What is wrong with a file, for the reader to say with the file's name."""


class Sealed:
    """A value on the pickle's stack that the pickle can hand on but not change."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        raise UnusableError("its pickle changes what it may only hand on, as none does that the original wrote")


class Function(Sealed):
    """What a pickle gets for the name of a function: something that it can call."""

    __slots__ = ("function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)
