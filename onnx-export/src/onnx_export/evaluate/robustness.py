"""How much the scores of a bundle move when texts look as extractors leave them.

Each text is disturbed in the same ways every time; labels lost and gained and moves of scores are counted over all pairs of a text and a
label. ``docs/segmentation.md`` has the table.
"""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onnx_export.bundle.classifier import Classifier
from onnx_export.text.segmentation import Span

_WIDTH = 72
_LINES_OF_PAGE = 45
_LINES_NUMBERED = 28

_LIGATURES = (("ffi", "ﬃ"), ("ffl", "ﬄ"), ("ff", "ﬀ"), ("fi", "ﬁ"), ("fl", "ﬂ"), ("st", "ﬆ"))
_FULL_WIDTH = {code: 0xFF00 + code - 0x20 for code in map(ord, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")}


def lines_of(text: str, width: int = _WIDTH) -> list[str]:
    """The text in lines of so many characters; blank lines stay."""
    return [line for paragraph in text.split("\n") for line in textwrap.wrap(paragraph, width) or [""]]


def _ligatures(text: str) -> str:
    for letters, ligature in _LIGATURES:
        text = text.replace(letters, ligature)
    return text


def _within_words(text: str, mark: str) -> str:
    """A mark in the middle of every word of six letters or more."""
    return re.sub(
        r"[A-Za-z]{6,}", lambda word: word.group()[: len(word.group()) // 2] + mark + word.group()[len(word.group()) // 2 :], text
    )


def _pages(text: str, furniture: Callable[[int, int], str], width: int = _WIDTH) -> str:
    """``furniture`` of a page number and the number of pages between pages of 45 lines."""
    lines = lines_of(text, width)
    pages = [lines[first : first + _LINES_OF_PAGE] for first in range(0, len(lines), _LINES_OF_PAGE)]
    return "".join("\n".join(page) + furniture(number, len(pages)) for number, page in enumerate(pages, start=1))


def _title(text: str) -> str:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return next((line for line in lines if "AGREEMENT" in line.upper()), lines[0] if lines else "")


def _headers(text: str, number: str, gap: str) -> str:
    title = _title(text)
    return _pages(text, lambda page, pages: f"{gap}{number.format(page=page, pages=pages)}{gap}{title}{gap}")


def _hyphens(text: str) -> str:
    """Words of six letters or more that begin a line are torn: their first half ends the line before."""
    lines = lines_of(text)
    for index in range(1, len(lines)):
        word = re.match(r"[a-z]{6,}", lines[index])
        if word and lines[index - 1][-1:].isalpha():
            half = word.end() // 2
            lines[index - 1] += f" {word.group()[:half]}-"
            lines[index] = lines[index][half:]
    return "\n".join(lines)


def _numbered(text: str, restart: int | None, form: str) -> str:
    return "\n".join(form.format((index % restart if restart else index) + 1, line) for index, line in enumerate(lines_of(text)))


def _bars_between_words(text: str) -> str:
    """A bar in the place of every eighth space."""
    pieces = re.split("( )", text)
    return "".join(" | " if piece == " " and index % 16 == 15 else piece for index, piece in enumerate(pieces))


def _paragraphs_as_html(text: str) -> str:
    return "\n".join(f"<p>{html.escape(line)}</p>" if line else "" for line in text.split("\n"))


def _lines_as_html(text: str) -> str:
    lines = (html.escape(line).replace("  ", "&nbsp; ") for line in lines_of(text))
    return (
        "<html><body>"
        + "\n".join(f'<font size="2">{line}</font><br/>' if line else "<br>&nbsp;" for line in lines)
        + "</body></html>"
    )


PERTURBATIONS: Mapping[str, Callable[[str], str]] = {
    "ligatures": _ligatures,
    "full-width letters and digits": lambda text: text.translate(_FULL_WIDTH),
    "soft hyphens within words": lambda text: _within_words(text, "\xad"),
    "zero-width spaces within words": lambda text: _within_words(text, "\u200b"),
    "no-break spaces": lambda text: text.replace(" ", "\xa0"),
    "double spaces": lambda text: text.replace(" ", "  "),
    "trailing spaces": lambda text: text.replace("\n", "   \n"),
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "hard wraps at 72": lambda text: "\n".join(lines_of(text)),
    "hard wraps at 50": lambda text: "\n".join(lines_of(text, 50)),
    "hard wraps at 100": lambda text: "\n".join(lines_of(text, 100)),
    "a blank line after every line": lambda text: "\n\n".join(lines_of(text)),
    "a blank line after every line, none between paragraphs": lambda text: "\n\n".join(filter(None, lines_of(text))),
    "a blank line after every line of 100": lambda text: "\n\n".join(filter(None, lines_of(text, 100))),
    "form feeds between pages": lambda text: _pages(text, lambda page, pages: "\n\f"),
    "headers and `Page 3 of 7`": lambda text: _headers(text, "Page {page} of {pages}", "\n\n"),
    "headers and `- 3 -`, no blank lines": lambda text: _headers(text, "- {page} -", "\n"),
    "headers and bare numbers, form feeds": lambda text: _headers(text, "{page}\n\f", "\n"),
    "bare numbers of pages": lambda text: _pages(text, lambda page, pages: f"\n\n{page}\n\n"),
    "headers, a blank line after every line": lambda text: "\n\n".join(
        filter(None, _headers(text, "Page {page}", "\n").split("\n"))
    ),
    "hyphens at line ends": _hyphens,
    "hyphens at line ends, a blank line after every line": lambda text: "\n\n".join(filter(None, _hyphens(text).split("\n"))),
    "line numbers, 1 to 28": lambda text: _numbered(text, _LINES_NUMBERED, "{:>2}  {}"),
    "line numbers, without end": lambda text: _numbered(text, None, "{}\t{}"),
    "table bars around every line": lambda text: "\n".join(f"| {line:<{_WIDTH}} |" for line in lines_of(text)),
    "table bars between words": _bars_between_words,
    "rows of a table": lambda text: "\n".join(f"| {line} |" if line else "|---|---|" for line in text.split("\n")),
    "HTML around every paragraph": _paragraphs_as_html,
    "HTML around every line": _lines_as_html,
}
"""By the name that the table has."""


@dataclass(frozen=True)
class Effect:
    """What a perturbation did to the pairs of a text and a label: how many were present and are no more, or the other way round,
    and by how much scores moved."""

    lost: int
    gained: int
    largest: float
    mean: float


class Scorer:
    """Scores texts with a bundle; a text that is cut into the same tokens and segments as one before costs nothing."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._known: dict[tuple[tuple[int, ...], tuple[Span, ...]], NDArray[np.float32]] = {}
        self.thresholds = np.array([label["threshold"] for label in classifier.manifest["labels"]])

    def scores(self, text: str) -> NDArray[np.float32]:
        """[C]"""
        document = self._classifier.cut(text)
        key = (tuple(document.token_ids), tuple(document.segments))
        if key not in self._known:
            self._known[key] = self._classifier.score(document).document
        return self._known[key]


def effect(scorer: Scorer, texts: Sequence[str], perturb: Callable[[str], str]) -> Effect:
    """What a perturbation does to texts."""
    before = np.stack([scorer.scores(text) for text in texts])
    after = np.stack([scorer.scores(perturb(text)) for text in texts])
    was, is_now = before >= scorer.thresholds, after >= scorer.thresholds
    moved = np.abs(after - before)
    return Effect(int((was & ~is_now).sum()), int((is_now & ~was).sum()), float(moved.max()), float(moved.mean()))
