"""Files of JSON that people and tools write: one object, or one object per line."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Sequence
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


def read_json_lines(path: Path, problems: list[str], parse: Callable[[int, dict[str, Any]], T]) -> list[T]:
    """Read one JSON object per line, gzip allowed. Blank lines and a byte order mark of UTF-8 are passed over.

    Args:
        path: the file.
        problems: gets every line that cannot be used, with its number.
        parse: makes something of a line's number and object, or raises a ValueError that says why it cannot.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is damaged, or in another encoding than UTF-8 as a whole.
    """
    records = []
    # Only \n separates records: a text may hold U+2028, which str.splitlines would cut at.
    for number, line in enumerate(_content(path).split(b"\n"), start=1):
        if line.strip():
            try:
                records.append(parse(number, _object(line)))
            except ValueError as error:
                problems.append(f"line {number}: {error}")
    return records


def unusable_lines(path: Path, problems: Sequence[str]) -> str:
    """What to say of a file with problems in its lines: the first of them, and how many there are."""
    shown = "".join(f"\n  {problem}" for problem in problems[:_SHOWN])
    more = f"\n  and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    return f"{path} has {len(problems)} unusable line(s):{shown}{more}"


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
