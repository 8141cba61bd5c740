"""Files of JSON that people and tools write: one object, or one object per line."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from onnx_export.problems import ExportError, reason

T = TypeVar("T")

_SHOWN = 20
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_json_object(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ExportError: if there is no such file or it holds something else.
    """
    try:
        value = json.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise ExportError(str(path), ["the file is missing"]) from None
    except OSError as error:
        raise ExportError(str(path), [f"cannot be read: {reason(error)}"]) from None
    except (ValueError, RecursionError) as error:
        raise ExportError(str(path), [f"is not JSON: {error}"]) from error
    if not isinstance(value, dict):
        raise ExportError(str(path), ["expected a JSON object"])
    return value


def read_json_lines(path: Path, parse: Callable[[int, dict[str, Any]], T], *, empty: str) -> list[T]:
    """Read one JSON object per line, gzip allowed. Blank lines and a byte order mark of UTF-8 are passed over.

    Args:
        path: the file.
        parse: makes something of a line's number and object, or raises a ValueError that says why it cannot.
        empty: what is wrong with a file that has no such line.

    Raises:
        ExportError: naming every line that cannot be used, or why the file cannot be read.
    """
    try:
        records, problems = _parse_lines(path, parse)
    except OSError as error:
        raise ExportError(str(path), [f"cannot be read: {reason(error)}"]) from error
    except ValueError as error:
        raise ExportError(str(path), [str(error)]) from error
    if not records and not problems:
        problems.append(empty)
    if problems:
        raise ExportError(str(path), problems)
    return records


def read_data_lines(path: Path, parse: Callable[[int, dict[str, Any]], T]) -> list[T]:
    """The same of a file of thousands of lines, where as many may be wrong.

    Raises:
        OSError: if the file cannot be read.
        ValueError: names the first lines that cannot be used and how many there are, or says that the file is damaged or in
            another encoding than UTF-8 as a whole.
    """
    try:
        records, problems = _parse_lines(path, parse)
    except ValueError as error:
        raise ValueError(f"{path} {error}") from error
    if problems:
        shown = "".join(f"\n  {problem}" for problem in problems[:_SHOWN])
        more = f"\n  and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise ValueError(f"{path} has {len(problems)} unusable line(s):{shown}{more}")
    return records


def write_json(path: Path, content: object) -> None:
    """Write JSON for people to read, in UTF-8."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8", newline="")


def write_json_lines(path: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Write one JSON object per line, in UTF-8."""
    lines = (json.dumps(record, ensure_ascii=False, separators=(",", ":")) for record in records)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")


def _parse_lines(path: Path, parse: Callable[[int, dict[str, Any]], T]) -> tuple[list[T], list[str]]:
    """What ``parse`` makes of the lines, and a problem for each of which it makes nothing."""
    records: list[T] = []
    problems: list[str] = []
    # Only \n separates records: a text may hold U+2028, which str.splitlines would cut at.
    for number, line in enumerate(_content(path).split(b"\n"), start=1):
        if line.strip():
            try:
                records.append(parse(number, _object(line)))
            except ValueError as error:
                problems.append(f"line {number}: {error}")
    return records, problems


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix == ".gz" or content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"cannot be read as gzip: {error}") from error
    if content.startswith(_UTF16) or b"\0" in content[:4]:
        raise ValueError("is UTF-16 or UTF-32, expected UTF-8: convert it, such as by iconv -f UTF-16 -t UTF-8")
    return content.removeprefix(b"\xef\xbb\xbf")


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line.decode("utf-8"), object_pairs_hook=_without_repetition)
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8: {error.reason} at byte {error.start + 1}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise ValueError("is not JSON that can be read: nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, found {type(value).__name__}")
    return value


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, in which a second value of a key would silently replace the first."""
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"has the key {next(key for key in keys if keys.count(key) > 1)!r} twice")
    return result
