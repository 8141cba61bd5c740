"""Ways in which texts arrive broken, to measure what tells them from clean ones."""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Callable, Mapping

_LOOK_ALIKES = {
    "a": "oe@", "b": "h6", "c": "eo(", "e": "co", "f": "t", "g": "9q", "h": "b", "i": "l1!", "j": ";", "l": "1I|", "o": "0c",
    "p": "q", "q": "g", "r": "n", "s": "5$", "t": "f+", "u": "v", "v": "y", "x": "%", "y": "v", "z": "2", "B": "8", "D": "O",
    "G": "6", "I": "l1", "O": "0Q", "S": "5$", "Z": "2", "0": "O", "1": "lI", "5": "S", "8": "B", ".": ",", ",": ".", " ":
    "_.",
}  # fmt: skip
"""What recognition takes a character for: any one of these."""

_PAIRS = {"d": "cl", "m": "rn", "n": "ri", "w": "vv", "k": "lc"}
"""What it takes for two."""


def ocr_noise(text: str, share: float, chance: random.Random) -> str:
    """Misread this share of the characters: as one that looks like it (3 of 5), another one, none, or two."""
    return "".join(_misread(character, chance) if chance.random() < share else character for character in text)


def _misread(character: str, chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.6 and character in _PAIRS:
        return _PAIRS[character]
    if kind < 0.6 and character in _LOOK_ALIKES:
        return chance.choice(_LOOK_ALIKES[character])
    if kind < 0.8:
        return chance.choice("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,;:'-~^|*")
    if kind < 0.9:
        return ""
    return character + chance.choice("ilrt.,' ")


def substituted(text: str, share: float, chance: random.Random) -> str:
    """Replace this share of the characters by any printable one of ASCII."""
    return "".join(chr(chance.randint(32, 126)) if chance.random() < share else character for character in text)


def shuffled_words(text: str, chance: random.Random) -> str:
    """All words in another order, white space where it was."""
    pieces = re.split(r"(\s+)", text)
    words = pieces[::2]
    chance.shuffle(words)
    pieces[::2] = words
    return "".join(pieces)


def as_base64(text: str, _: random.Random) -> str:
    """Encoded, in lines of 76 characters as in a mail."""
    return base64.encodebytes(text.encode()).decode("ascii")[: len(text)]


def as_html(text: str, chance: random.Random) -> str:
    """What is left of a page when its markup was not removed: a tag with attributes after every third word, entities between words."""
    words = text.split(" ")
    for place in range(2, len(words), 3):
        tag, number = chance.choice(["td", "span", "div", "font", "p"]), chance.randint(1, 99)
        words[place] = (
            chance.choice(
                [
                    f'</{tag}><{tag} class="c{number}" style="width:{number}%">',
                    "&nbsp;&nbsp;",
                    f'<a href="#p{number}">',
                    "<br/>&#160;",
                ]
            )
            + words[place]
        )
    return " ".join(words)[: max(len(text), 1)]


def random_bytes(text: str, chance: random.Random) -> str:
    """Bytes of any value, read as Latin-1: what a binary file looks like that was taken for text."""
    return chance.randbytes(len(text)).decode("latin-1")


def with_share(garble: Callable[[str, float, random.Random], str], share: float) -> Callable[[str, random.Random], str]:
    return lambda text, chance: garble(text, share, chance)


GARBLINGS: Mapping[str, Callable[[str, random.Random], str]] = {
    **{f"OCR noise, {100 * share:g} % of characters": with_share(ocr_noise, share) for share in (0.01, 0.02, 0.05, 0.1)},
    **{f"random characters, {100 * share:g} %": with_share(substituted, share) for share in (0.01, 0.02, 0.05, 0.1)},
    "shuffled words": shuffled_words,
    "base64": as_base64,
    "HTML remnants": as_html,
    "random bytes": random_bytes,
}
