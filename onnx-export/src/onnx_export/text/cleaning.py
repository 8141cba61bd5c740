"""Repairs what extractors leave of a page: ``text.cleaning: pdf`` of a bundle.

The rules are written down in ``docs/segmentation.md``; ``TextCleaning`` in Java mirrors this module, pass by pass, and golden vectors
made from it hold the two together. All positions here are code points. Every pass takes time in proportion to the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from onnx_export.text.segmentation import SMALL_LETTER, SPACE, Span, ends_sentence

CleaningName = Literal["none", "pdf"]
CLEANINGS: tuple[CleaningName, ...] = ("none", "pdf")

_BREAKS = "\n\r\x85\u2028\u2029\f"


@dataclass(frozen=True)
class Edit:
    """What stands in the place of ``start`` to ``end``."""

    start: int
    end: int
    replacement: str = ""


@dataclass(frozen=True)
class CleanedText:
    """A cleaned text; each of its characters stands for those from ``starts`` to ``ends`` of the text as received.

    None in place of both where nothing was changed.
    """

    text: str
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None

    def original(self, span: Span) -> Span:
        """The span of the text as received that a span of this text stands for."""
        start, end = span
        if self.starts is None or self.ends is None:
            return span
        if start == end:
            place = self.starts[start] if start < len(self.starts) else self.ends[-1] if self.ends else 0
            return place, place
        return self.starts[start], self.ends[end - 1]

    def edited(self, edits: Sequence[Edit]) -> CleanedText:
        """This text after some edits, in ascending order, none of which overlap."""
        if not edits:
            return self
        starts = range(len(self.text)) if self.starts is None else self.starts
        ends = range(1, len(self.text) + 1) if self.ends is None else self.ends
        text: list[str] = []
        new_starts: list[int] = []
        new_ends: list[int] = []
        place = 0
        for edit in [*edits, Edit(len(self.text), len(self.text))]:
            text += (self.text[place : edit.start], edit.replacement)
            new_starts += starts[place : edit.start]
            new_ends += ends[place : edit.start]
            if edit.start < edit.end:
                new_starts += [starts[edit.start]] * len(edit.replacement)
                new_ends += [ends[edit.end - 1]] * len(edit.replacement)
            place = edit.end
        return CleanedText("".join(text), new_starts, new_ends)


def clean(text: str, cleaning: CleaningName) -> CleanedText:
    """The text that is tokenized and segmented in place of ``text``."""
    cleaned = CleanedText(text)
    if cleaning == "pdf":
        for edits in (_markup, _bars, _line_numbers, _pages, _hyphens):
            cleaned = cleaned.edited(edits(cleaned.text))
    return cleaned


# Lines


@dataclass(frozen=True)
class Line:
    """A line that is not blank, without the space around it."""

    start: int
    end: int
    breaks: int
    """Line breaks between the last such line, or the start of the text, and this one."""
    page: bool
    """Whether a form feed is among them."""


_CONTENT = re.compile(rf"[^{SPACE}](?:[^{_BREAKS}]*[^{SPACE}])?")
_NOT_SPACE = re.compile(f"[^{SPACE}]")
_BREAK = re.compile(f"\r\n|[{_BREAKS}]")


def _lines(text: str) -> list[Line]:
    lines: list[Line] = []
    end = 0
    for match in _CONTENT.finditer(text):
        gap = text[end : match.start()]
        lines.append(Line(match.start(), match.end(), len(_BREAK.findall(gap)), "\f" in gap))
        end = match.end()
    return lines


# Markup

_BLOCKS = frozenset(
    """
    blockquote body br caption center dd div dl dt footer form h1 h2 h3 h4 h5 h6 head header hr html li main nav ol option p page pre
    section select table tbody tfoot thead title tr ul
    """.split()
)
_CELLS = frozenset(["td", "th"])
_INLINE = frozenset(
    """
    a abbr b big code col colgroup del em font i img input ins label link meta s script small span strike strong style sub sup text
    textarea tt u
    """.split()
)
_TAG = re.compile(r"</?(?P<name>[A-Za-z][A-Za-z0-9]*+)(?P<rest>[ \t\r\n/][^<>]*+)?>|<![^<>]*+>")
_ENTITY = re.compile("&(?:amp;){0,3}(?:#(?P<decimal>[0-9]{1,6})|#[xX](?P<hexadecimal>[0-9A-Fa-f]{1,5})|(?P<name>[A-Za-z]{2,8}));")
_ENTITIES: Mapping[str, str] = {
    "nbsp": "\xa0", "ensp": "\u2002", "emsp": "\u2003", "thinsp": "\u2009", "shy": "", "zwnj": "", "zwj": "",
    "amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'",
    "ldquo": "“", "rdquo": "”", "lsquo": "‘", "rsquo": "’", "sbquo": "‚", "bdquo": "„", "laquo": "«", "raquo": "»",
    "ndash": "–", "mdash": "—", "hellip": "…", "bull": "•", "middot": "·", "sect": "§", "para": "¶", "copy": "©", "reg": "®",
    "trade": "™", "deg": "°", "times": "×", "euro": "€", "pound": "£", "cent": "¢", "yen": "¥",
    "auml": "ä", "ouml": "ö", "uuml": "ü", "Auml": "Ä", "Ouml": "Ö", "Uuml": "Ü", "szlig": "ß", "eacute": "é", "egrave": "è",
    "agrave": "à", "ccedil": "ç", "ntilde": "ñ",
}  # fmt: skip
# Numbers 128 to 159 mean these to every browser.
_WINDOWS_1252 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ"


def _markup(text: str) -> list[Edit]:
    if "<" not in text and "&" not in text:
        return []
    edits: list[Edit] = []
    for edit in sorted([*_tags(text), *_entities(text)], key=lambda edit: edit.start):
        if not edits or edits[-1].end <= edit.start:  # what looks like an entity may be in a tag
            edits.append(edit)
    return edits


def _tags(text: str) -> Iterator[Edit]:
    group: list[re.Match[str]] = []
    for tag in _TAG.finditer(text):
        name = (tag["name"] or "").lower()
        if name and name not in _BLOCKS | _CELLS | _INLINE:
            continue
        if group and text[group[-1].end() : tag.start()].strip(" \t"):
            yield from _tag_group(text, group)
            group = []
        group.append(tag)
    if group:
        yield from _tag_group(text, group)


def _tag_group(text: str, tags: Sequence[re.Match[str]]) -> Iterator[Edit]:
    """Tags with nothing between them: a line break if one of them makes one and there is none, else a space if one is of a cell."""
    names = {(tag["name"] or "").lower() for tag in tags}
    replacement = " " if names & _CELLS else ""
    if names & _BLOCKS and not _beside_break(text, tags[0].start(), tags[-1].end()):
        replacement = "\n"
    for tag in tags:
        yield Edit(tag.start(), tag.end(), replacement)
        replacement = ""


def _beside_break(text: str, start: int, end: int) -> bool:
    """Whether a line ends before ``start`` or after ``end``, spaces and tabs aside."""
    while start > 0 and text[start - 1] in " \t":
        start -= 1
    while end < len(text) and text[end] in " \t":
        end += 1
    return start == 0 or end == len(text) or text[start - 1] in _BREAKS or text[end] in _BREAKS


def _entities(text: str) -> Iterator[Edit]:
    for entity in _ENTITY.finditer(text):
        number = int(entity["decimal"] or "0") or int(entity["hexadecimal"] or "0", 16)
        character = _character(number) if entity["name"] is None else _ENTITIES.get(entity["name"])
        if character is not None:
            yield Edit(entity.start(), entity.end(), character)


def _character(number: int) -> str | None:
    if 0x80 <= number <= 0x9F:
        return _WINDOWS_1252[number - 0x80]
    if number in (0x9, 0xA, 0xD) or 0x20 <= number < 0xD800 or 0xE000 <= number <= 0xFFFF:
        return chr(number)
    return None


# Bars of tables

_BAR = re.compile("[|¦\u2500-\u257f]")
_RULE = re.compile(rf"[-+=:_|¦\u2500-\u257f{SPACE}]+\Z")


def _bars(text: str) -> list[Edit]:
    """A bar becomes a space, a line of bars and dashes a blank one."""
    if not _BAR.search(text):
        return []
    edits: list[Edit] = []
    for line in _lines(text):
        bars = list(_BAR.finditer(text, line.start, line.end))
        if bars and _RULE.match(text[line.start : line.end]):
            edits.append(Edit(line.start, line.end))
        else:
            edits += [Edit(bar.start(), bar.end(), " ") for bar in bars]
    return edits


# Numbers of lines at the left margin

_NUMBER_WITHIN = 40
_LINE_NUMBER = re.compile(rf"(?P<number>[0-9]{{1,6}})(?:[{SPACE}]+|\Z)")
_LEAST_NUMBERED, _NUMBERED_EACH = 6, 4


def _line_numbers(text: str) -> list[Edit]:
    """Runs of lines that begin with numbers, each by one higher than the one before, or 1 again on a new page.

    Of the lines in a run, there is at most one without a number for every four with one, wherever it is cut off.
    """
    edits: list[Edit] = []
    run: list[Edit] = []
    last = unnumbered = 0
    for line in _lines(text):
        match = _LINE_NUMBER.match(text[line.start : min(line.end, line.start + _NUMBER_WITHIN)])
        if match is None:
            unnumbered += 1
            continue
        number = int(match["number"])
        # Blank lines may have been counted, their numbers left out.
        follows = last < number <= last + max(1, line.breaks) or (number == 1 and last >= _LEAST_NUMBERED)
        if not follows or unnumbered * _NUMBERED_EACH > len(run):
            edits += run if len(run) >= _LEAST_NUMBERED else []
            run, unnumbered = [], 0
        run.append(Edit(line.start, line.start + match.end()))
        last = number
    return edits + (run if len(run) >= _LEAST_NUMBERED else [])


# Pages: their headers, footers and numbers, and what stands between lines

_PAGE_NUMBER = re.compile(
    rf"[-–—]?[{SPACE}]*+(?:[Pp](?:age|AGE)[{SPACE}]*+[0-9]{{1,4}}(?:[{SPACE}]*+(?:of|OF|/)[{SPACE}]*+[0-9]{{1,4}})?"
    rf"|[0-9]{{1,4}}[{SPACE}]++(?:of|OF)[{SPACE}]++[0-9]{{1,4}})[{SPACE}]*+[-–—]?\Z"
    rf"|[-–—][{SPACE}]*+[0-9]{{1,4}}[{SPACE}]*+[-–—]\Z"
)
_BARE_NUMBER = re.compile(r"[0-9]{1,4}\Z")
_NUMBERS = re.compile("[0-9]+")
_PAGE_WITHIN = re.compile(
    rf"[Pp](?:age|AGE)[{SPACE}]*+[0-9]{{1,4}}(?:[{SPACE}]*+(?:of|OF|/)[{SPACE}]*+[0-9]{{1,4}})?"
    rf"|\A[0-9]{{1,4}}(?=[{SPACE}]{{2}})|(?<=[{SPACE}]{{2}})[0-9]{{1,4}}\Z"
)
_SPACES = re.compile(f"[{SPACE}]+")
_LETTERS = re.compile("[A-Za-z]")
_LONGEST_HEADER, _LEAST_REPEATED, _LEAST_LETTERS, _PAGE_APART = 120, 3, 4, 300


def _pages(text: str) -> list[Edit]:
    lines = _lines(text)
    furniture = _furniture(text, lines)
    kept = [index for index in range(len(lines)) if index not in furniture]
    if not kept:
        return []
    spacing = _Spacing.of(text, lines)
    edits = []
    if kept[0] > 0:
        edits.append(Edit(lines[0].start, lines[kept[0]].start))
    for before, after in pairwise(kept):
        breaks = max(line.breaks for line in lines[before + 1 : after + 1])
        page = any(line.page for line in lines[before + 1 : after + 1])
        goes_on = spacing.goes_on(lines[before], lines[after])
        if after - before > 1 or page:
            gap = "\n" if goes_on or (breaks == 1 and not page) else "\n\n"
        elif breaks == 2 and spacing.double and goes_on:
            gap = "\n"
        else:
            continue
        edits.append(Edit(lines[before].end, lines[after].start, gap))
    if kept[-1] < len(lines) - 1:
        edits.append(Edit(lines[kept[-1]].end, lines[-1].end))
    return edits


@dataclass(frozen=True)
class _Spacing:
    """How lines follow each other in a text.

    ``width`` is the length that nine lines out of ten do not exceed, ``double`` whether a blank line follows every line.
    """

    text: str
    width: int
    double: bool

    @classmethod
    def of(cls, text: str, lines: Sequence[Line]) -> _Spacing:
        lengths = sorted(line.end - line.start for line in lines)
        single = double = torn = 0
        for before, after in pairwise(lines):
            if after.breaks == 1:
                single += 1
            else:
                double += 1
                torn += _torn(text, before, after)
        spaced = double > 0 and 4 * single <= single + double and 5 * torn >= double
        return cls(text, lengths[len(lengths) * 9 // 10], spaced)

    def goes_on(self, before: Line, after: Line) -> bool:
        """Whether a line may go on in the next: nothing ends and a small letter follows, or the next word had no more room."""
        if _torn(self.text, before, after):
            return True
        word = _SPACES.search(self.text, after.start, after.end)
        first = (word.start() if word else after.end) - after.start
        return 10 * (before.end - before.start + 1 + first) > 9 * self.width


def _torn(text: str, before: Line, after: Line) -> bool:
    return SMALL_LETTER.match(text, after.start) is not None and not ends_sentence(text, before.end)


def _furniture(text: str, lines: Sequence[Line]) -> set[int]:
    """The lines that belong to a page and not to the text."""
    found: set[int] = set()
    numbers: dict[int, int] = {}
    repeated: dict[str, list[int]] = {}
    alike: dict[str, list[int]] = {}
    for index, line in enumerate(lines):
        if line.end - line.start > _LONGEST_HEADER:
            continue
        content = text[line.start : line.end]
        if _PAGE_NUMBER.match(content):
            found.add(index)
        elif _BARE_NUMBER.match(content):
            numbers[index] = int(content)
        elif len(_LETTERS.findall(content)) >= _LEAST_LETTERS:
            repeated.setdefault(_SPACES.sub(" ", _PAGE_WITHIN.sub("#", content)), []).append(index)
            alike.setdefault(_SPACES.sub(" ", _NUMBERS.sub("#", content)), []).append(index)
    found |= _numbered_pages(lines, numbers)
    found |= {index for index in numbers if _interrupts(text, lines, found, index)}
    for indices in repeated.values():
        apart = [after for before, after in pairwise(indices) if _a_page_apart(lines, before, after)]
        if len(apart) >= _LEAST_REPEATED - 1 and 2 * len(apart) >= len(indices) - 1:
            found |= {*apart, *_first_between_pages(text, lines, found, indices)}
    for indices in alike.values():
        between = sum(_between_pages(text, lines, found, index) for index in indices)
        if between >= 2 and 2 * between >= len(indices):
            found |= {*indices[1:], *_first_between_pages(text, lines, found, indices)}
    return found


def _first_between_pages(text: str, lines: Sequence[Line], found: set[int], indices: Sequence[int]) -> list[int]:
    """The first of some equal lines, unless it may be the text's own: what headers repeat is often its title."""
    return [index for index in indices[:1] if _between_pages(text, lines, found, index)]


def _numbered_pages(lines: Sequence[Line], numbers: Mapping[int, int]) -> set[int]:
    """Lines of a number alone, of which the one before or after is by one lower or higher, a page away."""
    return {
        index
        for (before, lower), (after, higher) in pairwise(numbers.items())
        if higher == lower + 1 and _a_page_apart(lines, before, after)
        for index in (before, after)
    }


def _a_page_apart(lines: Sequence[Line], before: int, after: int) -> bool:
    return lines[after].start - lines[before].start >= _PAGE_APART


def _between_pages(text: str, lines: Sequence[Line], found: set[int], index: int) -> bool:
    beside = index - 1 in found or index + 1 in found or lines[index].page
    return beside or _interrupts(text, lines, found, index)


def _interrupts(text: str, lines: Sequence[Line], found: set[int], index: int) -> bool:
    """Whether the text goes on from before a line to after it; up to two lines that belong to a page may stand on each side."""
    before = next((at for at in range(index - 1, index - 4, -1) if at not in found), -1)
    after = next((at for at in range(index + 1, index + 4) if at not in found), len(lines))
    return before >= 0 and after < len(lines) and _torn(text, lines[before], lines[after])


# Hyphens at the ends of lines

_HYPHEN = re.compile(rf"[-\xad\u2010](?P<gap>[{SPACE}]++)")
_WORD = re.compile("[A-Za-z]++")
_WORD_BEFORE = 40
_COMPOUND_HEADS = frozenset(
    """
    arms cross eighty fifteen fifty forty half mutually ninety non quasi royalty self seventy sixty third thirty twelve twenty well
    wholly world
    """.split()
)
_COMPOUND_TAILS = frozenset(
    """
    based bearing day days exclusive free hour hours managed month months owned paid parties party quarter related sized specific
    sublicensable term transferable user users week weeks wide year years
    """.split()
)


def _hyphens(text: str) -> list[Edit]:
    places = [match for match in _HYPHEN.finditer(text) if _BREAK.search(match["gap"])]
    if not places:
        return []
    torn: set[int] = set()
    words: list[tuple[str, str]] = []
    for match in places:
        start = match.start()
        while start > max(0, match.start() - _WORD_BEFORE) and text[start - 1].isascii() and text[start - 1].isalpha():
            start -= 1
        second = _WORD.match(text, match.end(), match.end() + _WORD_BEFORE)
        words.append((text[start : match.start()], second.group() if second else ""))
        torn |= {start, match.end()}
    known, compounds = _vocabulary(text, torn)
    edits = []
    for match, (first, second_word) in zip(places, words, strict=True):
        if len(first) < 2 or len(second_word) < 2 or not (second_word.islower() or (first + second_word).isupper()):
            continue
        kept = match.group()[0] != "\xad" and _is_compound(first.lower(), second_word.lower(), known, compounds)
        edits.append(Edit(match.start() + kept, match.end()))
    return edits


def _vocabulary(text: str, torn: set[int]) -> tuple[set[str], set[tuple[str, str]]]:
    """The words of a text but for the torn ones, and those that a hyphen joins within a line; in lower case."""
    words: set[str] = set()
    compounds: set[tuple[str, str]] = set()
    before, end = "", -2
    for match in _WORD.finditer(text):
        word = match.group().lower()
        if match.start() not in torn:
            words.add(word)
        if match.start() == end + 1 and text[end] == "-":
            compounds.add((before, word))
        before, end = word, match.end()
    return words, compounds


def _is_compound(first: str, second: str, words: set[str], compounds: set[tuple[str, str]]) -> bool:
    if first + second in words:
        return False
    return (
        (first, second) in compounds
        or first in _COMPOUND_HEADS
        or second in _COMPOUND_TAILS
        or (first in words and second in words)
    )
