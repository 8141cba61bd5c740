"""Matrices multiplied in int8 with scales that are fixed beforehand.

Scales that are found while a batch runs depend on the whole batch, and so would scores. Here every input of a matrix has one
scale and zero point, found on sample documents, and every output of a matrix has one scale: y = s_x · s_w · (q_x − z) Q_w. What
remains of the usual trouble, a few input channels that are ten times as large as the rest, is balanced before: input channel j is
multiplied with b_j and row j of the matrix divided by it (SmoothQuant, Xiao et al. 2022, arXiv:2211.10438).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from onnx_export.onnx.graph_builder import MICROSOFT, GraphBuilder

Array = NDArray[np.float32]

LARGEST_WEIGHT = 64
"""Weights have 7 bits. Without VNNI a processor adds two products of uint8 and int8 in 16 bits, which saturate: 2 · 255 · 64 fits,
2 · 255 · 127 does not. So all processors compute the same."""

_BALANCES = (0.0, 0.5, 0.65, 0.8, 1.0)
"""How far the range of the inputs is moved into the matrix: 0 not at all, 1 all of it."""


class Product(Protocol):
    """How a graph multiplies by a certain matrix."""

    def product(self, g: GraphBuilder, x: str) -> str:
        """[…, inputs] -> […, outputs], both float32."""


Quantised = Mapping[str, Product]
"""By ``matrix_name``."""


@dataclass(frozen=True)
class Observed:
    """What the inputs of a matrix looked like on sample documents."""

    lowest: Array
    """[inputs]"""
    highest: Array
    """[inputs]"""
    rows: Array
    """[samples, inputs]: some of them."""


@dataclass(frozen=True)
class Int8Matrix:
    """A matrix and how its inputs are quantised."""

    name: str
    values: NDArray[np.int8]
    """[inputs, outputs] in ±``LARGEST_WEIGHT``."""
    scale: Array
    """[outputs]"""
    input_scale: np.float32
    input_zero: np.uint8
    balance: Array | None
    """[inputs]: what inputs are multiplied with first; None for ones."""

    def product(self, g: GraphBuilder, x: str) -> str:
        quantised, input_scale, input_zero = self._quantised_input(g, x)
        values, scale = g.constant(f"{self.name}.int8", self.values), g.constant(f"{self.name}.scale", self.scale)
        return g.op("MatMulIntegerToFloat", quantised, values, input_scale, scale, input_zero, domain=MICROSOFT)

    def _quantised_input(self, g: GraphBuilder, x: str) -> tuple[str, str, str]:
        """Quantised input, its scale and its zero point."""
        if self.balance is not None:
            x = g.op("Mul", x, g.constant(f"{self.name}.balance", self.balance))
        input_scale = g.constant(f"{self.name}.input_scale", np.asarray(self.input_scale))
        input_zero = g.constant(f"{self.name}.input_zero", np.asarray(self.input_zero))
        return g.op("QuantizeLinear", x, input_scale, input_zero), input_scale, input_zero


UNQUANTISED: Mapping[str, Int8Matrix] = MappingProxyType({})


@dataclass(frozen=True)
class EmulatedInt8Matrix:
    """The same product with the same rounding, in float32: what the integer kernels of a machine must agree with."""

    matrix: Int8Matrix

    def product(self, g: GraphBuilder, x: str) -> str:
        rounded = g.op("DequantizeLinear", *self.matrix._quantised_input(g, x))
        return g.op("MatMul", rounded, g.constant(f"{self.matrix.name}.weight", self.matrix.values * self.matrix.scale))


def matrix_name(*names: str) -> str:
    """How linear layers that share their input are known together."""
    return "+".join(names)


def quantise(name: str, matrix: Array, observed: Observed) -> Int8Matrix:
    """Quantise a matrix [inputs, outputs] with the balance that keeps its outputs closest to the exact ones."""
    exact = observed.rows @ matrix
    candidates = [_quantise(name, matrix, observed, share) for share in _BALANCES]
    return min(candidates, key=lambda candidate: float(((_multiply(candidate, observed.rows) - exact) ** 2).mean()))


def _quantise(name: str, matrix: Array, observed: Observed, share: float) -> Int8Matrix:
    balance = _balance(matrix, observed, share) if share else np.ones(len(matrix), np.float32)
    lowest = min(float((observed.lowest * balance).min()), 0.0)  # 0 must have a value of its own, so the range holds it
    highest = max(float((observed.highest * balance).max()), 0.0)
    input_scale = np.float32((highest - lowest) / 255 or 1)
    balanced = matrix / balance[:, None]
    scale = (np.abs(balanced).max(axis=0) / np.float32(LARGEST_WEIGHT)).astype(np.float32)
    scale[scale == 0] = 1
    return Int8Matrix(
        name,
        np.rint(balanced / scale).astype(np.int8),
        scale,
        input_scale,
        np.uint8(np.clip(round(-lowest / input_scale), 0, 255)),
        balance if share else None,
    )


def _balance(matrix: Array, observed: Observed, share: float) -> Array:
    """[inputs]: what makes the largest of each channel's inputs alike (share 1), or of each row of the matrix (share 0)."""
    smallest = np.float32(1e-5)  # a channel that was always 0, or whose weights are
    inputs = np.maximum(np.maximum(-observed.lowest, observed.highest), smallest)
    weights = np.maximum(np.abs(matrix).max(axis=1), smallest)
    logarithm = (1 - share) * np.log(weights) - share * np.log(inputs)
    balance: Array = np.exp(logarithm - logarithm.mean()).astype(np.float32)
    return balance


def _multiply(matrix: Int8Matrix, rows: Array) -> Array:
    balanced = rows if matrix.balance is None else rows * matrix.balance
    zero = np.float32(matrix.input_zero)
    quantised = np.clip(np.rint(balanced / matrix.input_scale) + zero, 0, 255)
    product: Array = ((quantised - zero) * matrix.input_scale) @ (matrix.values * matrix.scale)
    return product
