"""Command lines whose mistakes are named in one sentence."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Sequence
from typing import Any, NoReturn


class Arguments(argparse.ArgumentParser):
    """A parser that names an unknown option before it asks for the required one that was perhaps meant."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Abbreviations would make what is a mistake today an option tomorrow.
        super().__init__(*args, **{"allow_abbrev": False, **kwargs})
        self._given: Sequence[str] = ()

    @classmethod
    def of_command(cls, name: str, documentation: str | None, **kwargs: Any) -> Arguments:
        """The parser of a command, described by the first paragraph of its module's documentation."""
        description = (documentation or "").split("\n\n")[0]
        return cls(prog=f"python -m onnx_export {name}", description=description, **kwargs)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self._given = tuple(sys.argv[1:] if args is None else args)
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:  # said here, where the command is known to which it was given
            self.error(f"{unknown[0]!r} is not understood")
        return parsed, unknown

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {self._unknown_option() or message}; --help shows the options\n")

    def _unknown_option(self) -> str:
        for word in self._given:
            name = word.partition("=")[0]
            if name.startswith("--") and name not in self._option_string_actions:
                near = difflib.get_close_matches(name, self._option_string_actions, n=1)
                return f"unknown option {name}" + (f", did you mean {near[0]}?" if near else "")
        return ""
