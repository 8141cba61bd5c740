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
