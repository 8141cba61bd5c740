"""Training data: texts in which spans carry labels, one JSON object per line."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OVERLAP_TO_COUNT = 30
"""Characters of a span that a piece of text must hold to carry its label (or the whole span, if shorter)."""


@dataclass(frozen=True)
class LabelledText:
    """``spans`` holds (label, start, end) in code points of ``text``; texts of one ``group`` (near-duplicates) stay in one split."""

    id: str
    text: str
    spans: tuple[tuple[str, int, int], ...]
    group: str

    @property
    def labels(self) -> set[str]:
        return {label for label, _, _ in self.spans}

    def labels_within(self, start: int, end: int) -> set[str]:
        """The labels that the piece from ``start`` to ``end`` carries, see ``OVERLAP_TO_COUNT``."""
        return {
            label
            for label, first, last in self.spans
            if min(end, last) - max(start, first) >= min(last - first, OVERLAP_TO_COUNT)
        }


def read_labelled_texts(path: Path) -> list[LabelledText]:
    """Read ``{"id", "text", "clauses": [{"label", "start", "end"}], "group"?}`` per line, gzip allowed.

    Raises:
        OSError: if the file cannot be read.
        ValueError: names every unusable line with its number and what is wrong with it.
    """
    texts: dict[str, LabelledText] = {}
    problems: list[str] = []
    opened = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
    try:
        with opened as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                try:
                    text = _parse(_json(line))
                except ValueError as error:
                    problems.append(f"line {number}: {error}")
                    continue
                if text.id in texts:
                    problems.append(f"line {number}: id {text.id!r} is taken by a line before")
                texts[text.id] = text
    except (EOFError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read as gzip: {error}") from error
    if problems:
        shown = "".join(f"\n  {problem}" for problem in problems[:20])
        more = f"\n  and {len(problems) - 20} more" if len(problems) > 20 else ""
        raise ValueError(f"{path} has {len(problems)} unusable line(s):{shown}{more}")
    if not texts:
        raise ValueError(f"{path} holds no texts; expected one JSON object per line")
    return list(texts.values())


def write_labelled_texts(path: Path, texts: Iterable[LabelledText]) -> None:
    """Write what ``read_labelled_texts`` reads."""
    with path.open("w", encoding="utf-8") as lines:
        for text in texts:
            clauses = [{"label": label, "start": start, "end": end} for label, start, end in text.spans]
            record = {"id": text.id, "text": text.text, "clauses": clauses, "group": text.group}
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")


def _json(line: bytes) -> Any:
    try:
        return json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8: {error.reason} at byte {error.start + 1}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} at character {error.pos + 1}") from None


def _parse(record: Any) -> LabelledText:
    if not isinstance(record, dict):
        raise ValueError(f"expected a JSON object, found {type(record).__name__}")
    for key in ("id", "text"):
        if not isinstance(record.get(key), str) or not record[key].strip():
            raise ValueError(f"{key!r} must be a string that is not blank")
    text = record["text"]
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"the text holds half of a surrogate pair at character {error.start}, which is no character") from None
    clauses = record.get("clauses", [])
    if not isinstance(clauses, list):
        raise ValueError(f"'clauses' must be a list, found {type(clauses).__name__}")
    group = record.get("group")
    return LabelledText(
        id=record["id"],
        text=text,
        spans=tuple(_parse_clause(clause, len(text)) for clause in clauses),
        group=record["id"] if group is None else str(group),
    )


def _parse_clause(clause: Any, text_length: int) -> tuple[str, int, int]:
    match clause:
        case {"label": str(label), "start": int(start), "end": int(end)}:
            if not 0 <= start < end <= text_length:
                raise ValueError(f"clause {clause} lies outside the text of {text_length} characters or is empty")
            return label, start, end
    raise ValueError(f"clause {clause} needs a string 'label' and whole numbers 'start' and 'end'")


def label_names(texts: Iterable[LabelledText]) -> list[str]:
    """The labels that occur, in alphabetical order."""
    return sorted({label for text in texts for label in text.labels})
