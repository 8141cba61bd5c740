"""What is wrong with an input, all of it at once."""

from __future__ import annotations

from collections.abc import Sequence


class ExportError(Exception):
    """The checkpoint, the options or the bundle cannot be used as they are. The message lists every problem that was found."""

    def __init__(self, subject: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        lines = "".join(f"\n  - {problem}" for problem in problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"{subject}: {count}{lines}")


def reason(error: Exception) -> str:
    """Why something could not be done; what the operating system says without its number and the file."""
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def sentence(error: Exception) -> str:
    """What an error says to a person, with the file that it is about where the operating system raised it."""
    return f"{error.filename}: {reason(error)}" if isinstance(error, OSError) and error.filename else str(error)
