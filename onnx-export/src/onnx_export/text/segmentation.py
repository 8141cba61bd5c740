"""Cutting a tokenized text into segments and windows.

The rules are written down in ``docs/segmentation.md`` and ``docs/bundle.md``; ``Segmenter`` in Java mirrors this module, and
golden vectors made from it hold the two together. All positions here are code points, as Python counts them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

SegmenterName = Literal["sentence", "uniform"]
SEGMENTERS: tuple[SegmenterName, ...] = ("sentence", "uniform")
Span = tuple[int, int]
"""Start and end, end exclusive."""

SPACE = "\t\n\v\f\r \x85\xa0\xad\u1680\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
# White space proper, which takes space.
_WHITE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
_CLOSERS = "\"')\\]}”’»"
SMALL = "a-zß-öø-ÿāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįıĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷźżž\u03ac-\u03ce\u0430-\u045f\ufb00-\ufb06"
_LIGATURES = {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl", "\ufb05": "st", "\ufb06": "st"}
# Full-width forms are read as their ASCII twins, but for the two that are wide terminators.
_FULL_WIDTH = {0xFF00 + code - 0x20: chr(code) for code in range(0x21, 0x7F) if chr(code) not in "!?"}

ABBREVIATIONS = frozenset(
    """
    acct al approx apr art arts assn assoc attn aug ave bldg blvd cf ch cl co corp dec dept dr ed eds esq est etc
    ex exh ext feb fig figs fri ft gen gov hon inc jan jr jul jun lt ltd mar max messrs min misc mon mr mrs ms mt
    nd no nos nov oct op para paras pg ph pp prof pt pty rd ref rep rev sat sch sec sect secs sen sep sept sr st
    ste sun supp tel thu tue univ viz vol vols vs wed
    """.split()
)

# One alternative per rule of docs/segmentation.md. The first one begins at the start of a run only and never gives back (++),
# so that the leaders of a table of contents (thousands of dots) are looked at once.
_BOUNDARY = re.compile(
    rf"(?<![.!?…])(?P<terminator>[.!?…]++)[{_CLOSERS}]*+[{SPACE}]+"
    rf"|[。！？]+[{_CLOSERS}」』）]*[{SPACE}]*"
    rf"|;[{SPACE}]+"
)
_SPACE_RUN = re.compile(rf"[{SPACE}]+")
SMALL_LETTER = re.compile(f"[{SMALL}]")
_WORD = re.compile("[.A-Za-z0-9\ufb00-\ufb06]")
_NOT_NUMBERING = re.compile("[0-9]{4}")
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028]")
_TERMINATORS = ".!?…。！？;"
_ALL_CLOSERS = "\"')]}”’»」』）"


def sentence_starts(text: str) -> list[int]:
    """Positions at which the sentences of ``text`` begin, ascending; the first is 0. An empty text has one, empty, sentence."""
    text = text.translate(_FULL_WIDTH)
    starts = {0}
    for match in _BOUNDARY.finditer(text):
        if match["terminator"] != "." or not _dot_continues(text, match.start(), match.end()):
            starts.add(match.end())
    for run in _SPACE_RUN.finditer(text):
        if _ends_paragraph(run.group()) and not _goes_on(text, run.start(), run.end()):
            starts.add(run.end())
    starts.discard(len(text))
    starts.add(0)
    return sorted(starts)


def sentences(text: str) -> list[Span]:
    """Where the sentences of ``text`` begin and end, less the white space around them; those of nothing else are empty."""
    starts = sentence_starts(text)
    spans = []
    for start, end in pairwise([*starts, len(text)]):
        while start < end and text[start] in _WHITE:
            start += 1
        while end > start and text[end - 1] in _WHITE:
            end -= 1
        spans.append((start, end))
    return spans


def _ends_paragraph(space: str) -> bool:
    return "\f" in space or "\u2029" in space or len(_LINE_BREAK.findall(space)) >= 2


def _goes_on(text: str, end: int, following: int) -> bool:
    """Whether what ends at ``end`` has no terminator and the next character that is not space is a small letter."""
    return SMALL_LETTER.match(text, following) is not None and not ends_sentence(text, end)


def ends_sentence(text: str, end: int) -> bool:
    """Whether the last character before ``end``, closers aside, is a terminator."""
    while end > 0 and text[end - 1] in _ALL_CLOSERS:
        end -= 1
    return end > 0 and text[end - 1] in _TERMINATORS


def _dot_continues(text: str, dot: int, following: int) -> bool:
    """Whether the single full stop at ``dot`` does not end a sentence; ``following`` is the next character that is not space."""
    if SMALL_LETTER.match(text, following):
        return True
    start = _word_start(text, dot)
    word = "".join(_LIGATURES.get(character, character) for character in text[start:dot])
    if len(word) == 1:
        return True
    if any(character.isalpha() for character in word):
        return "." in word or word.lower() in ABBREVIATIONS
    return word != "" and _NOT_NUMBERING.search(word) is None and _begins_line(text, start)


def _word_start(text: str, end: int) -> int:
    while end > 0 and _WORD.match(text, end - 1):
        end -= 1
    return end


def _begins_line(text: str, position: int) -> bool:
    while position > 0:
        position -= 1
        if text[position] in "\n\r\x85\u2028\u2029\f":
            return True
        if not _SPACE_RUN.match(text, position, position + 1):
            return False
    return True


def segment(text: str, offsets: Sequence[Span], *, segmenter: SegmenterName, segment_length: int) -> list[Span]:
    """Cut the tokens of ``text`` into segments.

    Args:
        text: the text as received.
        offsets: of every token, its start and end in ``text``, by ascending start.
        segmenter: ``sentence`` or ``uniform``.
        segment_length: K, the CLS token included, but not a token that ends segments; a segment holds at most K−1 tokens.

    Returns:
        The first and the end token of every segment; concatenated they hold every token exactly once.
    """
    room = segment_length - 1
    if room < 1:
        raise ValueError(f"segment_length is {segment_length}, but a segment needs the CLS token and at least one more")
    if segmenter == "uniform":
        return [(first, min(first + room, len(offsets))) for first in range(0, len(offsets), room)]
    starts = sentence_starts(text)
    lengths: list[int] = []
    previous = -1
    for start, _ in offsets:
        sentence = bisect_right(starts, start)
        if sentence != previous:
            lengths.append(0)
            previous = sentence
        lengths[-1] += 1
    return _group(lengths, room)


def _group(lengths: Sequence[int], room: int) -> list[Span]:
    """Group consecutive sentences of the given token counts into segments of at most ``room`` tokens."""
    segments: list[Span] = []
    first = end = 0
    for length in lengths:
        if length > room:
            end += length
            while end - first > room:
                segments.append((first, first + room))
                first += room
        else:
            if end - first + length > room:
                segments.append((first, end))
                first = end
            end += length
    if end > first:
        segments.append((first, end))
    return segments


def windows(segment_count: int, *, max_segments: int, overlap: int = 0, gap: int = 0) -> list[Span]:
    """Windows of at most N = ``max_segments`` segments, of which neighbours share ``overlap``; see ``docs/bundle.md``, step 3.

    Together they cover all segments, but for at most ``gap`` between two of them.
    """
    if not 0 <= overlap < max_segments:
        raise ValueError(f"overlap is {overlap}, expected 0 to {max_segments - 1} (below max_segments)")
    if gap < 0 or (gap and overlap):
        raise ValueError(f"gap is {gap}, expected at least 0, and no gap where windows overlap (by {overlap})")
    if segment_count <= max_segments:
        return [(0, segment_count)]
    starts = [*range(0, segment_count - max_segments, max_segments - overlap + gap), segment_count - max_segments]
    return [(start, start + max_segments) for start in starts]
