"""Reads what a ``config.gin`` says about one configurable; gin itself would import and run what the file names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnx_export.problems import ExportError, reason

_BINDING = re.compile(r"(?P<target>[A-Za-z_][\w./]*)\s*=(?!=)\s*(?P<value>.+)", re.DOTALL)
_NAME = re.compile(r"[@%][A-Za-z_][\w./]*(\(\))?")


@dataclass(frozen=True)
class Reference:
    """``@trax.layers.FastGelu``: something by its name, which nobody looks up here."""

    name: str
    """Without modules and scopes."""


def read_gin(path: Path, configurable: str) -> dict[str, Any]:
    """The parameters of ``configurable``, without a scope, that a file binds. All other bindings are passed over.

    Raises:
        ExportError: naming every value of these that is neither a literal, a macro nor a reference, or why the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ExportError(str(path), [f"cannot be read: {reason(error)}"]) from None
    bindings = dict(_bindings(text))
    problems: list[str] = []
    values: dict[str, Any] = {}
    for target, value in bindings.items():
        owner, _, parameter = target.rpartition(".")
        if "/" not in target and owner.rpartition(".")[2] == configurable:
            try:
                values[parameter] = _value(value, bindings)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                problems.append(f"{target} is {value}, expected a literal, %macro or @reference")
    if problems:
        raise ExportError(str(path), problems)
    return values


def _bindings(text: str) -> Iterator[tuple[str, str]]:
    """Target and value of every statement ``target = value``; a later one of the same target counts."""
    for statement in _statements(text):
        if binding := _BINDING.fullmatch(statement):
            yield binding["target"], binding["value"].strip()


def _statements(text: str) -> Iterator[str]:
    """Lines without comments, put together where a bracket is open or a backslash ends the line."""
    statement = ""
    for line in text.splitlines():
        line = _without_comment(line).rstrip()
        statement = f"{statement.removesuffix(chr(92))} {line}".strip()
        if not statement.endswith("\\") and _depth(statement) <= 0:
            yield statement
            statement = ""
    yield statement


def _without_comment(line: str) -> str:
    quoted = ""
    for place, character in enumerate(line):
        if quoted:
            quoted = "" if character == quoted else quoted
        elif character in "'\"":
            quoted = character
        elif character == "#":
            return line[:place]
    return line


def _depth(statement: str) -> int:
    outside = re.sub(r"'[^']*'|\"[^\"]*\"", "", statement)
    return sum(outside.count(bracket) for bracket in "([{") - sum(outside.count(bracket) for bracket in ")]}")


def _value(text: str, bindings: Mapping[str, str], depth: int = 0) -> Any:
    if not _NAME.fullmatch(text):
        return ast.literal_eval(text)
    if text.startswith("@"):
        return Reference(re.split(r"[./]", text.removeprefix("@").removesuffix("()"))[-1])
    macro = text.removeprefix("%")
    given = bindings.get(macro, bindings.get(f"{macro}/macro.value"))
    if given is None or depth > len(bindings):
        raise ValueError(f"macro {macro} is not defined")
    return _value(given, bindings, depth + 1)
