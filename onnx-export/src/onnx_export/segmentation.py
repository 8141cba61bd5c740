"""Cutting a tokenized text into segments and windows.

The rules are written down in ``docs/segmentation.md`` and ``docs/bundle.md``; ``Segmenter`` in Java mirrors this module, and
golden vectors made from it hold the two together. All positions here are code points, as Python counts them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Literal

SegmenterName = Literal["sentence", "uniform"]
Span = tuple[int, int]
"""Start and end, end exclusive."""

_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_CLOSERS = "\"')\\]}”’»"

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
    rf"(?<![.!?…])(?P<terminator>[.!?…]++)[{_CLOSERS}]*+[{_SPACE}]+"
    rf"|[。！？]+[{_CLOSERS}」』）]*[{_SPACE}]*"
    rf"|;[{_SPACE}]+"
)
_SPACE_RUN = re.compile(rf"[{_SPACE}]+")
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028]")


def sentence_starts(text: str) -> list[int]:
    """Positions at which the sentences of ``text`` begin, ascending; the first is 0. An empty text has one, empty, sentence."""
    starts = {0}
    for match in _BOUNDARY.finditer(text):
        if match["terminator"] != "." or not _dot_continues(text, match.start(), match.end()):
            starts.add(match.end())
    for run in _SPACE_RUN.finditer(text):
        space = run.group()
        if "\f" in space or "\u2029" in space or len(_LINE_BREAK.findall(space)) >= 2:
            starts.add(run.end())
    starts.discard(len(text))
    starts.add(0)
    return sorted(starts)


def _dot_continues(text: str, dot: int, following: int) -> bool:
    """Whether the single full stop at ``dot`` does not end a sentence; ``following`` is the next character that is not space."""
    if "a" <= text[following : following + 1] <= "z":
        return True
    word = _last_word(text, dot)
    if len(word) == 1:
        return True
    if any(character.isalpha() for character in word):
        return "." in word or word.lower() in ABBREVIATIONS
    return word != "" and _begins_line(text, dot - len(word))


def _last_word(text: str, end: int) -> str:
    start = end
    while start > 0 and (text[start - 1] == "." or (text[start - 1].isascii() and text[start - 1].isalnum())):
        start -= 1
    return text[start:end]


def _begins_line(text: str, position: int) -> bool:
    while position > 0:
        position -= 1
        if text[position] in "\n\r\x85\u2028\u2029\f":
            return True
        if not _SPACE_RUN.match(text[position]):
            return False
    return True


def segment(text: str, offsets: Sequence[Span], *, segmenter: SegmenterName, segment_length: int) -> list[Span]:
    """Cut the tokens of ``text`` into segments.

    Args:
        text: the text as received.
        offsets: of every token, its start and end in ``text``, by ascending start.
        segmenter: ``sentence`` or ``uniform``.
        segment_length: K, the CLS token included; a segment holds at most K−1 tokens.

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


def windows(segment_count: int, *, max_segments: int, overlap: int) -> list[Span]:
    """Windows of at most N = ``max_segments`` segments that together cover all segments; see ``docs/bundle.md``, step 3."""
    if not 0 <= overlap < max_segments:
        raise ValueError(f"overlap is {overlap}, expected 0 to {max_segments - 1} (below max_segments)")
    if segment_count <= max_segments:
        return [(0, segment_count)]
    starts = [*range(0, segment_count - max_segments, max_segments - overlap), segment_count - max_segments]
    return [(start, start + max_segments) for start in starts]
