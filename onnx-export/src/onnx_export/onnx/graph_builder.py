"""Grows an ONNX graph node by node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

import onnx_export

MICROSOFT = "com.microsoft"
"""Domain of ONNX Runtime's own operators; only those that its CPU and CUDA providers both implement are used."""

# Old enough for every ONNX Runtime since 1.17, new enough for all operators used.
_OPSETS = [helper.make_opsetid("", 18), helper.make_opsetid(MICROSOFT, 1)]
_IR_VERSION = 9


class GraphBuilder:
    """Collects nodes and constants under unique names. A value of the graph is known by its name, a ``str``."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: dict[str, onnx.TensorProto] = {}
        self._scopes: list[str] = []
        self._uses: dict[str, int] = {}

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Names nodes within it ``name/…``, as profiles and errors of ONNX Runtime show them."""
        self._scopes.append(name)
        yield
        self._scopes.pop()

    def op(self, operator: str, *inputs: str, domain: str = "", name: str = "", **attributes: Any) -> str:
        """Add a node of one output and return that output. An empty input name leaves out an optional input."""
        return self.split_op(operator, inputs, outputs=1, domain=domain, name=name, **attributes)[0]

    def split_op(
        self,
        operator: str,
        inputs: Sequence[str],
        *,
        outputs: int,
        domain: str = "",
        name: str = "",
        **attributes: Any,
    ) -> tuple[str, ...]:
        """Add a node of several outputs and return them."""
        node = self._unique(name or operator)
        names = (node,) if outputs == 1 else tuple(f"{node}.{index}" for index in range(outputs))
        self._nodes.append(helper.make_node(operator, inputs, names, name=node, domain=domain, **attributes))
        return names

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """A constant of the graph; asked for again under the same name, it is stored once."""
        if name not in self._initializers:
            self._initializers[name] = numpy_helper.from_array(np.asarray(value, order="C"), name)
        return name

    def integers(self, *values: int) -> str:
        """A constant vector of int64, as axes, shapes and indices are given."""
        return self.constant(f"integers.{'_'.join(map(str, values))}", np.array(values, dtype=np.int64))

    def integer(self, value: int) -> str:
        return self.constant(f"integer.{value}", np.array(value, dtype=np.int64))

    def number(self, value: float) -> str:
        return self.constant(f"number.{value!r}", np.array(value, dtype=np.float32))

    def model(
        self,
        name: str,
        inputs: Sequence[onnx.ValueInfoProto],
        outputs: Mapping[str, onnx.ValueInfoProto],
        metadata: Mapping[str, str],
    ) -> onnx.ModelProto:
        """The finished, checked model. ``outputs`` maps the value to give out to what it is called and looks like outside.

        Constants move into the model instead of being copied, so that a large one fits into memory; the builder is empty afterwards.
        """
        given_out = [helper.make_node("Identity", [value], [info.name]) for value, info in outputs.items()]
        graph = helper.make_graph(self._nodes + given_out, name, list(inputs), list(outputs.values()))
        model = helper.make_model(
            graph,
            opset_imports=_OPSETS,
            ir_version=_IR_VERSION,
            producer_name=onnx_export.__name__,
            producer_version=onnx_export.__version__,
        )
        for constant in list(self._initializers):
            model.graph.initializer.append(self._initializers.pop(constant))
        helper.set_model_props(model, dict(metadata))
        onnx.checker.check_model(model)
        return model

    def _unique(self, name: str) -> str:
        path = "/".join([*self._scopes, name])
        self._uses[path] = self._uses.get(path, 0) + 1
        return path if self._uses[path] == 1 else f"{path}.{self._uses[path]}"


def tensor(name: str, kind: np.dtype[Any] | type, shape: Sequence[str | int]) -> onnx.ValueInfoProto:
    """Describe an input or output: an axis is a fixed size or the symbol of a varying one."""
    types = {np.int64: TensorProto.INT64, np.float32: TensorProto.FLOAT}
    return helper.make_tensor_value_info(name, types[np.dtype(kind).type], list(shape))
