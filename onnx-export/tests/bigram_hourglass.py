"""An Hourglass language model without training: it counts which byte follows which letter, and so tells English from noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export.hourglass.config import BYTES, parameters
from onnx_export.hourglass.trax import read_trax_config
from random_hourglass import trax_config

_LETTERS = "etaoinshrdlcumwfgypb"
"""Each a class of bytes, in either case. The other classes: other letters, digits, white space, all else."""

_CLASSES = len(_LETTERS) + 4
_SILENT = (
    "attention.output.weight",
    "attention.output.bias",
    "outer.weight",
    "outer.bias",
    "levels.0.norm.weight",
    "levels.0.norm.bias",
)


def bigram_config() -> dict[str, Any]:
    """A ``config.json``; the width is the number of classes of bytes."""
    return trax_config("1@3", d_model=_CLASSES, d_ff=8)


def bigram_weights(text: bytes) -> Mapping[str, NDArray[np.float32]]:
    """Weights with which a model of ``bigram_config`` gives each byte its share of those that follow the same class in ``text``.

    Attention and feed-forward blocks add nothing. So what the head reads of a byte is its embedding, one-hot by class, after
    layer norms, which centre it and divide it by its deviation. Logarithms are rounded, so that every machine writes the same ones.
    """
    model, _ = read_trax_config(bigram_config())
    known = {
        name: np.zeros(shape, np.float32) if name.endswith(_SILENT) else _plain_norm(name, shape)
        for name, shape in parameters(model).items()
        if name.endswith(_SILENT) or name.startswith(("before.norm", "after.norm"))
    }
    logarithms = np.round(np.log(_shares(text)), 3)  # [classes, bytes]
    deviation = np.sqrt((1 - 1 / _CLASSES) / _CLASSES)
    known["embedding.weight"] = np.eye(_CLASSES, dtype=np.float32)[_classes()]
    known["head.weight"] = (logarithms.T * deviation).astype(np.float32)
    known["head.bias"] = logarithms.mean(axis=0).astype(np.float32)
    return known


def _plain_norm(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.full(shape, name.endswith("weight"), np.float32)


def _classes() -> NDArray[np.int64]:
    """[bytes]"""

    def of(byte: int) -> int:
        letter = chr(byte).lower()
        if byte >= 128:
            return len(_LETTERS)
        if letter in _LETTERS:
            return _LETTERS.index(letter)
        others = [letter.isspace(), letter.isdigit(), letter.isalpha()]
        return len(_LETTERS) + 1 + others.index(True) if any(others) else len(_LETTERS)

    return np.array([of(byte) for byte in range(BYTES)])


def _shares(text: bytes) -> NDArray[np.float64]:
    """[classes, bytes]; a byte that never follows a class counts as a tenth of one."""
    read = np.frombuffer(text, np.uint8)
    counts = np.full((_CLASSES, BYTES), 0.1)
    np.add.at(counts, (_classes()[read[:-1]], read[1:]), 1)
    return counts / counts.sum(axis=1, keepdims=True)
