"""Training data: texts with labels, of spans or of the whole text, one JSON object per line."""

from __future__ import annotations

import difflib
import json
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnx_export.json_files import read_data_lines

OVERLAP_TO_COUNT = 30
"""Characters of a span that a piece of text must hold to carry its label (or the whole span, if shorter)."""

_KEYS = ("id", "text", "clauses", "spans", "labels", "group")
_LABEL_LIKE = set(
    "annotation annotations answer answers categories category class classes entities entity highlights intent intents marks sentiment tag tags target "
    "targets topic topics".split()
)
"""Under which labels are kept elsewhere: what is there is never left out in silence."""


@dataclass(frozen=True)
class LabelledText:
    """``spans`` holds (label, start, end) in code points of ``text``; texts of one ``group`` (near-duplicates) stay in one split."""

    id: str
    text: str
    spans: tuple[tuple[str, int, int], ...]
    group: str
    unplaced: tuple[str, ...] = ()
    """Labels of the whole text: nobody says where in it."""

    @property
    def labels(self) -> set[str]:
        return {label for label, _, _ in self.spans}.union(self.unplaced)

    def labels_within(self, start: int, end: int) -> set[str]:
        """The labels that the piece from ``start`` to ``end`` carries by their spans, see ``OVERLAP_TO_COUNT``."""
        return {
            label
            for label, first, last in self.spans
            if min(end, last) - max(start, first) >= min(last - first, OVERLAP_TO_COUNT)
        }


def read_labelled_texts(path: Path) -> list[LabelledText]:
    """Read ``{"id", "text", "clauses"?: [{"label", "start", "end"}], "labels"?: [label], "group"?}`` per line, gzip allowed.

    ``labels`` are those of the whole text; where a label has spans too, these say where. ``spans`` is another name for ``clauses``.
    Other keys that hold no lists or objects, and are not called like labels, are named on standard error and not read.

    Raises:
        OSError: if the file cannot be read.
        ValueError: names every unusable line with its number and what is wrong with it.
    """
    lines = _Lines()
    texts = read_data_lines(path, lines.parse)
    if not texts:
        raise ValueError(f"{path} holds no texts; expected one JSON object per line")
    for key, numbers in lines.unread.items():
        others = f" and {len(numbers) - 1} more" if len(numbers) > 1 else ""
        print(f"note: {path}: {key!r} is not read (line {numbers[0]}{others})", file=sys.stderr)
    return texts


def write_labelled_texts(path: Path, texts: Iterable[LabelledText]) -> None:
    """Write what ``read_labelled_texts`` reads."""
    with path.open("w", encoding="utf-8") as lines:
        for text in texts:
            clauses = [{"label": label, "start": start, "end": end} for label, start, end in text.spans]
            record = {"id": text.id, "text": text.text, "clauses": clauses, "group": text.group}
            record |= {"labels": list(text.unplaced)} if text.unplaced else {}
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")


def label_names(texts: Iterable[LabelledText]) -> list[str]:
    """The labels that occur, in alphabetical order."""
    return sorted({label for text in texts for label in text.labels})


class _Lines:
    """Parses lines one after the other and remembers of them what those that follow must not contradict."""

    def __init__(self) -> None:
        self.unread: dict[str, list[int]] = {}
        """By key that is not known the lines that have it."""
        self._ids: dict[str, int] = {}
        self._labels: dict[str, tuple[str, int]] = {}
        """By what is left of a label without case and blanks, how it was first written, and where."""

    def parse(self, number: int, record: dict[str, Any]) -> LabelledText:
        """The text of a line.

        Raises:
            ValueError: with everything that is wrong with it.
        """
        problems = list(_unusable_strings(record))
        problems += self._unknown_keys(number, record)
        text = record.get("text")
        spans = list(_spans(record, len(text) if isinstance(text, str) else 0, problems))
        whole = list(_whole(record, problems))
        if isinstance(text, str):
            problems += [f"the span of {label!r} from {a} to {b} is blank" for label, a, b in spans if not text[a:b].strip()]
        problems += [f"{each} is given twice" for each, count in Counter(map(repr, [*spans, *whole])).items() if count > 1]
        for label in dict.fromkeys([*(label for label, _, _ in spans), *whole]):
            problems += self._label(number, label)
        id = record.get("id")
        if isinstance(id, str) and self._ids.setdefault(id, number) != number:
            problems.append(f"id {id!r} is taken by line {self._ids[id]}")
        if problems:
            raise ValueError("; ".join(problems))
        group = record.get("group")
        placed = {label for label, _, _ in spans}
        unplaced = tuple(label for label in whole if label not in placed)
        return LabelledText(record["id"], record["text"], tuple(spans), record["id"] if group is None else str(group), unplaced)

    def _unknown_keys(self, number: int, record: dict[str, Any]) -> Iterator[str]:
        for key in record.keys() - set(_KEYS):
            near = difflib.get_close_matches(key.lower(), _KEYS[1:], n=1, cutoff=0.75)
            if near:
                yield f"unknown key {key!r}, did you mean {near[0]!r}?"
            elif key.lower() in _LABEL_LIKE or "label" in key.lower() or isinstance(record[key], list | dict):
                yield f"unknown key {key!r}: spans with labels go into 'clauses', labels of the whole text into 'labels'"
            else:
                self.unread.setdefault(key, []).append(number)
        for key in ("clauses", "spans"):
            for clause in record[key] if isinstance(record.get(key), list) else ():
                for name in clause.keys() - {"label", "start", "end"} if isinstance(clause, dict) else ():
                    self.unread.setdefault(f"{key}.{name}", []).append(number)

    def _label(self, number: int, label: str) -> Iterator[str]:
        if not _essence(label):
            yield f"the label {label!r} is empty"
            return
        if label != label.strip():
            yield f"the label {label!r} begins or ends with a blank"
        if any(unicodedata.category(character) == "Cc" for character in label):
            yield f"the label {label!r} holds a control character"
        first, line = self._labels.setdefault(_essence(label), (label, number))
        if first != label:
            yield f"the label {label!r} differs from {first!r} ({f'line {line}' if line != number else 'the same line'}) by blanks or case alone"


def _essence(label: str) -> str:
    """What is left of a label without case, blanks, what cannot be seen, and other forms of the same character."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", label).casefold())
    return "".join(each for each in folded if not each.isspace() and unicodedata.category(each) != "Cf")


def _unusable_strings(record: dict[str, Any]) -> Iterator[str]:
    for key in ("id", "text"):
        if not isinstance(record.get(key), str) or not record[key].strip():
            yield f"{key!r} must be a string that is not blank"
    group = record.get("group")
    is_name = isinstance(group, str) and group.strip() != ""
    if group is not None and not is_name and (isinstance(group, bool) or not isinstance(group, int)):
        yield f"'group' is {group!r}, expected a string that is not blank, or a whole number"
    for key in ("id", "text", "group"):
        if isinstance(record.get(key), str):
            yield from _half_of_a_pair(f"the {key}", record[key])


def _half_of_a_pair(what: str, value: str) -> Iterator[str]:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        yield f"{what} holds half of a surrogate pair at character {error.start}, which is not a character"


def _spans(record: dict[str, Any], length: int, problems: list[str]) -> Iterator[tuple[str, int, int]]:
    if "clauses" in record and "spans" in record:
        problems.append("'clauses' and 'spans' are two names of the same: give one")
    key = "spans" if "spans" in record and "clauses" not in record else "clauses"
    for clause in _list(record, key, problems):
        match clause:
            case {"label": str(label), "start": int(start), "end": int(end)} if bool not in (type(start), type(end)):
                problems += _half_of_a_pair("a label", label)
                if 0 <= start < end <= length:
                    yield label, start, end
                else:
                    problems.append(f"clause {clause} lies outside the text of {length} characters or is empty")
            case {"label": str()} if not clause.keys() & {"start", "end"}:
                problems.append(f"clause {clause} has no 'start' and 'end'; a label of the whole text goes into 'labels'")
            case _:
                problems.append(f"clause {clause} needs a string 'label' and whole numbers 'start' and 'end'")


def _whole(record: dict[str, Any], problems: list[str]) -> Iterator[str]:
    for label in _list(record, "labels", problems):
        if isinstance(label, str):
            problems += _half_of_a_pair("a label", label)
            yield label
        else:
            problems.append(f"'labels' holds {label!r}, expected strings; labels with a place go into 'clauses'")


def _list(record: dict[str, Any], key: str, problems: list[str]) -> list[Any]:
    value = record.get(key, [])
    if isinstance(value, list):
        return value
    problems.append(f"{key!r} must be a list, found {type(value).__name__}")
    return []
