"""How weights lie in the ONNX file: as float32, or as int8 with one float32 scale per row, a quarter of the size.

Storage only: ONNX Runtime widens the int8 matrices once while it loads the model, and all arithmetic stays float32. So scores
stay independent of batch mates; what changes is each weight, by at most half a step of 1/127 of the largest in its row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Storage = Literal["fp32", "int8"]
Weights = Mapping[str, NDArray[np.float32]]
"""By name, in the shapes of torch: a linear layer is [out, in]."""

STORAGES: tuple[Storage, ...] = ("fp32", "int8")

WORD_EMBEDDINGS = "embeddings.word_embeddings.weight"


def quantise_rows(matrix: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Symmetric int8 of a [rows, columns] matrix and the scale of each row [rows, 1]; a row is an output channel or a token."""
    scale = (np.abs(matrix).max(axis=1, keepdims=True) / np.float32(127)).astype(np.float32)
    scale[scale == 0] = 1
    return np.rint(matrix / scale).astype(np.int8), scale


def stored_as_int8(name: str, matrix: NDArray[np.float32]) -> bool:
    """Whether ``--weights int8`` shrinks this weight: the big matrices, not the small tables and the classifier."""
    if name == WORD_EMBEDDINGS:
        return True
    return (
        matrix.ndim == 2 and "embeddings" not in name and name.startswith(("encoder.layer.", "pooler.dense", "sentencizer.dense"))
    )


def rounded(weights: Weights, storage: Storage, shrinks: Callable[[str, NDArray[np.float32]], bool]) -> Weights:
    """The weights that a graph of this storage computes with; ``shrinks`` says which of them int8 makes smaller."""
    if storage == "fp32":
        return weights
    return {name: _rounded(matrix) if shrinks(name, matrix) else matrix for name, matrix in weights.items()}


def _rounded(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    values, scale = quantise_rows(matrix)
    return values.astype(np.float32) * scale
