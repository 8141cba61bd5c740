"""Linear layers and activations of a graph, in the form in which their weights are stored and multiplied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray

from onnx_export.onnx.graph_builder import MICROSOFT, GraphBuilder
from onnx_export.onnx.int8 import Quantised, matrix_name
from onnx_export.onnx.storage import Storage, quantise_rows

Array = NDArray[np.float32]
Activation = Literal["gelu", "gelu_tanh", "relu", "silu"]
ACTIVATIONS: dict[str, Activation] = {
    "gelu": "gelu",
    "gelu_python": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
}
"""By their names in ``config.json``."""


class Layers:
    """Adds layers to a graph by the names of their weights, which are [outputs, inputs] as in torch."""

    def __init__(
        self,
        g: GraphBuilder,
        weights: Mapping[str, Array],
        *,
        storage: Storage,
        shrinks: Callable[[str, Array], bool],
        quantised: Quantised,
    ) -> None:
        """
        Args:
            g: what they are added to.
            weights: by name.
            storage: how matrices that stay float32 lie in the file.
            shrinks: which of them a storage of int8 shrinks, by name and matrix.
            quantised: matrices to multiply in int8.
        """
        self.g, self.weights, self.storage, self.shrinks, self.quantised = g, weights, storage, shrinks, quantised

    def linear(self, name: str, x: str) -> str:
        """[…, inputs] -> […, outputs]"""
        return self.g.op("Add", self.product(x, name), self.bias(name))

    def bias(self, name: str) -> str:
        return self.g.constant(f"{name}.bias", self.weights[f"{name}.bias"])

    def product(self, x: str, *names: str) -> str:
        """[…, inputs] -> […, outputs]: of linear layers that share their input, side by side and without their biases."""
        matrix = self.quantised.get(matrix_name(*names))
        return matrix.product(self.g, x) if matrix else self.g.op("MatMul", x, self.matrix(*names))

    def matrix(self, *names: str) -> str:
        """[inputs, outputs]: the weights of linear layers that share their input, side by side, as MatMul wants them."""
        g = self.g
        stored = [self.weights[f"{name}.weight"] for name in names]  # [outputs, inputs] each
        name = matrix_name(*names)
        if self.storage == "int8" and all(
            self.shrinks(f"{part}.weight", matrix) for part, matrix in zip(names, stored, strict=True)
        ):
            # Two operators on constants, which ONNX Runtime computes once while it loads the model.
            values, scale = quantise_rows(np.concatenate(stored))
            wide = g.op("Cast", g.constant(f"{name}.int8", values.T), to=onnx.TensorProto.FLOAT)
            return g.op("Mul", wide, g.constant(f"{name}.scale", scale.T))
        return g.constant(f"{name}.weight", _columns(stored))

    def activation(self, kind: Activation, x: str, bias: str) -> str:
        """The activation of x + bias."""
        g = self.g
        match kind:
            case "gelu":
                return g.op("BiasGelu", x, bias, domain=MICROSOFT)
            case "gelu_tanh":
                return g.op("FastGelu", x, bias, domain=MICROSOFT)
            case "relu":
                return g.op("Relu", g.op("Add", x, bias))
            case "silu":
                x = g.op("Add", x, bias)
                return g.op("Mul", x, g.op("Sigmoid", x))


def _columns(stored: list[Array]) -> Array:
    return np.concatenate(stored).T
