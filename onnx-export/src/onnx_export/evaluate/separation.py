"""How well a language model tells clean texts from garbled ones."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onnx_export.bundle.symbol_reader import SymbolReader, combine_windows
from onnx_export.evaluate.garbling import GARBLINGS

Bits = NDArray[np.float64]
"""[symbols that were seen]: −log₂ p of each."""

NOTHING_KNOWN = 8.0
"""Bits of a byte of which nothing is known."""

PASSAGE = 500
"""Bytes."""

_BATCH = 64
"""Windows that are run together."""


class BitsOf:
    """Puts texts to the language model of a bundle over bytes that scores all of a text."""

    def __init__(self, reader: SymbolReader) -> None:
        """Raises a ValueError for another bundle, whose passages Java lays otherwise."""
        manifest = reader.manifest
        if manifest["symbols"]["kind"] != "bytes" or manifest["windows"].get("gap", 0) or not manifest["scores_first_symbol"]:
            raise ValueError(
                "reads characters, leaves gaps between windows or does not score the first symbol, expected a language model that "
                "scores each byte of a text"
            )
        self.reader = reader

    def __call__(self, text: str) -> Bits:
        document = self.reader.cut(text)
        inputs = self.reader.window_inputs(document)
        answers: list[NDArray[np.float32]] = []
        for first in range(0, len(inputs), _BATCH):
            answers += self.reader.answers(inputs[first : first + _BATCH])
        return combine_windows(document.windows, answers).astype(np.float64) / -math.log(2)


def bits_per_byte(bits: Bits) -> float:
    return float(bits.mean())


def surprise(bits: Bits) -> float:
    """What bytes have beyond eight bits each, over their number or that of a passage: see ``docs/hourglass.md``."""
    return float(np.maximum(bits - NOTHING_KNOWN, 0).sum() / max(PASSAGE, len(bits)))


def worst_surprise(bits: Bits) -> float:
    """The largest of any passage."""
    sums = np.concatenate([[0.0], np.cumsum(np.maximum(bits - NOTHING_KNOWN, 0))])
    length = min(PASSAGE, len(bits))
    return float((sums[length:] - sums[:-length]).max() / PASSAGE)


@dataclass(frozen=True)
class Separation:
    """Of one way to garble: how often a garbled text has more than a clean one (AUROC), by either measure, and the garbled median."""

    by_surprise: float
    by_bits: float
    median_bits: float


def separations(
    clean: Mapping[str, Bits], bits_of: Callable[[str], Bits], others: Sequence[str] = (), *, seed: int = 1
) -> dict[str, Separation]:
    """Of every way to garble, the same texts garbled beside them clean, whose bits are known; and of ``others``, in other languages."""
    before = list(clean.values())
    result = {}
    for name, garble in GARBLINGS.items():
        result[name] = _separation(before, [bits_of(garble(text, random.Random(seed + i))) for i, text in enumerate(clean)])
    if others:
        result["other languages"] = _separation(before, [bits_of(text) for text in others])
    return result


def _separation(clean: Sequence[Bits], garbled: Sequence[Bits]) -> Separation:
    return Separation(
        _auroc([surprise(bits) for bits in clean], [surprise(bits) for bits in garbled]),
        _auroc([bits_per_byte(bits) for bits in clean], [bits_per_byte(bits) for bits in garbled]),
        float(np.median([bits_per_byte(bits) for bits in garbled])),
    )


def _auroc(clean: Sequence[float], garbled: Sequence[float]) -> float:
    """Over all pairs of a clean and a garbled text, the share of those where the garbled one has more; equal ones count half."""
    more = np.subtract.outer(np.array(garbled), np.array(clean))
    return float(np.mean(more > 0) + np.mean(more == 0) / 2)


def passages(texts: Sequence[str], count: int, length: int, seed: int = 1) -> list[str]:
    """So many pieces from anywhere in texts of at least this length, in characters; long texts give more of them."""
    chance = random.Random(seed)
    long = [text for text in texts if len(text) >= length]
    if not long:
        raise ValueError(f"no text has {length} characters, expected longer ones")
    pieces = []
    for text in chance.choices(long, weights=[len(text) for text in long], k=count):
        first = chance.randint(0, len(text) - length)
        pieces.append(text[first : first + length])
    return pieces
