"""A text as the symbols of a language model: its bytes, or its characters by number. Nothing is cleaned and nothing left out.

A language model is asked whether a text is what it should be, so it sees the text as it came.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from onnx_export.text.segmentation import Span

_SURROGATE = re.compile("[\ud800-\udfff]")
"""One without its partner is no character; like every decoder, this sees U+FFFD in its place."""


@dataclass(frozen=True)
class Symbols:
    """Ids, and for each the UTF-16 code units [start, end) of the character that it is, or is a byte of."""

    ids: list[int]
    offsets: list[Span]


def bytes_of(text: str) -> Symbols:
    """The bytes of a text in UTF-8; all bytes of a character have the character's offsets."""
    symbols = Symbols([], [])
    for character, span in _characters(text):
        encoded = character.encode("utf-8")
        symbols.ids.extend(encoded)
        symbols.offsets.extend([span] * len(encoded))
    return symbols


def characters_of(text: str, vocabulary: Sequence[str]) -> Symbols:
    """The characters (code points) of a text by their place in a vocabulary.

    Raises:
        ValueError: if one is not in it.
    """
    number = {character: index for index, character in enumerate(vocabulary)}
    symbols = Symbols([], [])
    for character, span in _characters(text):
        if character not in number:
            raise ValueError(
                f"the character at {span[0]} is none of the {len(vocabulary)} that the model knows; expected a text of those alone"
            )
        symbols.ids.append(number[character])
        symbols.offsets.append(span)
    return symbols


def _characters(text: str) -> list[tuple[str, Span]]:
    characters = []
    start = 0
    for character in _SURROGATE.sub("\ufffd", text):
        end = start + (2 if ord(character) > 0xFFFF else 1)
        characters.append((character, (start, end)))
        start = end
    return characters
