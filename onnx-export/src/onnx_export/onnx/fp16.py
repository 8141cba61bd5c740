"""Half precision for CUDA: the encoder's matrix products, and what lies between them, in float16; all else in float32.

Float32 islands: layer norms and the residual stream through them (ONNX Runtime's CUDA kernel of ``SkipLayerNormalization`` would
sum squares in float16), pooling and the heads. Softmax inside segments needs none: ``MultiHeadAttention`` computes it in float32 from
inputs of either type, so its mask value stays as it is, too. Attention across segments is in float64, as in int8.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from onnx_export.onnx.storage import WORD_EMBEDDINGS

_FOLLOWERS = {"Add", "BiasGelu", "FastGelu", "Mul", "Relu", "Sigmoid", "Split"}
"""Computed in float16 if their first input is."""

_MOVERS = {"Pad", "Reshape", "Slice", "Transpose"}
"""The same, where attention is spelled out; all but their first input say where to."""

_KEY_PADDING = 4
"""The one input of MultiHeadAttention that is no floating-point number."""


def to_fp16(model: onnx.ModelProto, *, matrices: tuple[str, ...], spelled_out: bool = False) -> onnx.ModelProto:
    """A packed graph in float32 as one that computes its layers in float16. Its inputs and outputs keep their types.

    Word embeddings are stored in float16 as well.

    Args:
        model: the graph.
        matrices: with which the names of the matrices begin that are multiplied in float16.
        spelled_out: whether attention consists of products of its own, which are in float16, too, but for the softmax.
    """
    conversion = _Conversion(model.graph.initializer, matrices, spelled_out)
    nodes = [half for node in model.graph.node for half in conversion.convert(node)]
    converted = onnx.ModelProto()
    converted.CopyFrom(model)
    del converted.graph.node[:], converted.graph.initializer[:]
    converted.graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    converted.graph.initializer.extend(weight for name, weight in conversion.constants.items() if name in used)
    onnx.checker.check_model(converted)
    return converted


class _Conversion:
    def __init__(self, constants: Iterable[onnx.TensorProto], matrices: tuple[str, ...], spelled_out: bool) -> None:
        self.matrices, self.spelled_out = matrices, spelled_out
        self.constants = {constant.name: constant for constant in constants}
        self.half: set[str] = set()
        """Values of the graph that are float16."""
        self.casts: dict[str, str] = {}

    def convert(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        """The node in the type that it shall compute in, after the casts that it needs."""
        casts: list[onnx.NodeProto] = []
        result = onnx.NodeProto()
        result.CopyFrom(node)
        in_half = self._computes_in_half(node)
        for index, name in enumerate(node.input):
            if in_half and self._is_float(node, index):
                result.input[index] = self._constant(name) if name in self.constants else self._cast(name, True, casts)
            elif not in_half and name in self.half:
                result.input[index] = self._cast(name, False, casts)
        if in_half:
            self.half.update(node.output)
        return [*casts, result]

    def _computes_in_half(self, node: onnx.NodeProto) -> bool:
        if node.op_type == "MatMul":
            if node.input[1] not in self.constants:
                return self.spelled_out and node.input[1] in self.half
            return str(node.input[1]).startswith(self.matrices)
        if node.op_type == "Gather":
            return bool(node.input[0] == WORD_EMBEDDINGS)
        followers = _FOLLOWERS | _MOVERS if self.spelled_out else _FOLLOWERS
        return node.op_type == "MultiHeadAttention" or (node.op_type in followers and node.input[0] in self.half)

    def _is_float(self, node: onnx.NodeProto, index: int) -> bool:
        name = node.input[index]
        if name in self.constants:
            return self.constants[name].data_type == TensorProto.FLOAT
        if node.op_type == "Gather" or (node.op_type in _MOVERS and index > 0):
            return False
        return bool(name) and not (node.op_type == "MultiHeadAttention" and index == _KEY_PADDING)

    def _constant(self, name: str) -> str:
        half = f"{name}.fp16"
        if half not in self.constants:
            values = numpy_helper.to_array(self.constants[name])
            self.constants[half] = numpy_helper.from_array(values.astype(np.float16), half)
        return half

    def _cast(self, name: str, to_half: bool, casts: list[onnx.NodeProto]) -> str:
        if (name in self.half) == to_half:
            return name
        if name not in self.casts:
            self.casts[name] = f"{name}.{'fp16' if to_half else 'fp32'}"
            kind = TensorProto.FLOAT16 if to_half else TensorProto.FLOAT
            casts.append(helper.make_node("Cast", [name], [self.casts[name]], name=self.casts[name], to=kind))
        return self.casts[name]
