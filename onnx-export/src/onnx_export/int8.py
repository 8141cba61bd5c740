"""Matrices multiplied in int8: activations quantised with scales fixed beforehand, so that scores stay independent of batch mates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from onnx_export.graph_builder import MICROSOFT, GraphBuilder

LARGEST_WEIGHT = 64
"""Weights have 7 bits. Processors without VNNI add two products of a uint8 and an int8 in 16 bits, saturating: 2 · 255 · 64 fits."""


@dataclass(frozen=True)
class Int8Matrix:
    name: str
    values: NDArray[np.int8]
    """[inputs, outputs], −64…64."""
    scale: NDArray[np.float32]
    """[outputs]"""
    input_scale: np.float32
    input_zero: np.uint8
    balance: NDArray[np.float32] | None = None
    """[inputs]: what inputs are multiplied with before they are quantised; the weights were divided by it."""
    mode: str = "static"

    def product(self, g: GraphBuilder, x: str) -> str:
        """[…, inputs] -> […, outputs], both float32."""
        n = self.name
        if self.balance is not None:
            x = g.op("Mul", x, g.constant(f"{n}.balance", self.balance))
        values, scale = g.constant(f"{n}.int8", self.values), g.constant(f"{n}.scale", self.scale)
        if self.mode == "static":
            s, z = g.constant(f"{n}.input_scale", self.input_scale), g.constant(f"{n}.input_zero", self.input_zero)
            q = g.op("QuantizeLinear", x, s, z)
            return g.op("MatMulIntegerToFloat", q, values, s, scale, z, domain=MICROSOFT)
        if self.mode == "dynamic":
            return g.op("DynamicQuantizeMatMul", x, values, scale, domain=MICROSOFT)
        if self.mode == "row":
            z = g.constant("zero128", np.uint8(128))
            top = g.op("ReduceMax", g.op("Abs", x), g.integers(-1), keepdims=1)
            rs = g.op("Max", g.op("Mul", top, g.number(1 / 127)), g.number(1e-12))
            q = g.op("QuantizeLinear", g.op("Div", x, rs), g.constant("one", np.float32(1)), z)
            y = g.op("MatMulIntegerToFloat", q, values, g.constant("one", np.float32(1)), scale, z, domain=MICROSOFT)
            return g.op("Mul", y, rs)
        raise ValueError(self.mode)


@dataclass(frozen=True)
class NBits:
    name: str
    matrix: NDArray[np.float32]
    bits: int = 8
    block: int = 128

    def product(self, g, x):
        w = self.matrix.T  # N, K
        N, K = w.shape
        b = w.reshape(N, K // self.block, self.block)
        s = np.abs(b).max(-1, keepdims=True) / 127
        q = (np.rint(b / s) + 128).clip(0, 255).astype(np.uint8)
        return g.op("MatMulNBits", x, g.constant(self.name + ".q", q), g.constant(self.name + ".s", s.astype("f").reshape(-1)), domain=MICROSOFT, K=K, N=N, bits=8, block_size=self.block, accuracy_level=4)


Quantised = Mapping[str, Int8Matrix]
UNQUANTISED: Quantised = MappingProxyType({})


def matrix_name(*names: str) -> str:
    """How linear layers that share their input are known together."""
    return "+".join(names)
