"""What exporting asks of a checkpoint of any architecture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
import onnx
from numpy.typing import NDArray

from onnx_export.contract import Precision
from onnx_export.onnx.int8 import UNQUANTISED, Quantised
from onnx_export.onnx.storage import Storage

Array = NDArray[np.float32]
Window = TypeVar("Window")
"""What one architecture packs into a batch beside others."""


class PackedModel(Protocol[Window]):
    """A checkpoint with the settings of its graph."""

    @property
    def name(self) -> str: ...

    @property
    def storage(self) -> Storage: ...

    @property
    def precision(self) -> Precision: ...

    def graph(self, storage: Storage, quantised: Quantised = UNQUANTISED) -> onnx.ModelProto:
        """The packed graph in float32, but for matrices that are quantised."""

    def graph_to_observe(self, recorders: Quantised) -> onnx.ModelProto:
        """The same in float32 with what recorders look at: the inputs of their matrices, without more padding than need be."""

    def half_graph(self) -> onnx.ModelProto:
        """The packed graph that computes in float16."""

    def matrices(self) -> Sequence[tuple[str, ...]]:
        """The linear layers that int8 multiplies in, together if they share their input; empty if there are none."""

    def weight(self, name: str) -> Array:
        """[outputs, inputs] of a linear layer."""

    def made_up_windows(self) -> Sequence[Window]:
        """Windows of random ids, of several lengths."""

    def feeds(self, windows: Sequence[Window]) -> Mapping[str, NDArray[np.int64]]:
        """Inputs of the graph for a batch."""

    def answers(self, outputs: Mapping[str, Array], windows: Sequence[Window]) -> list[Array]:
        """All numbers that the graph gives for each window of a batch, in one row."""

    def reference(self, windows: Sequence[Window], storage: Storage) -> list[Array]:
        """The same numbers by another computation, with the weights as stored."""


def answers_of(model: PackedModel[Window], session: Any, windows: Sequence[Window]) -> list[Array]:
    """All numbers that a session gives for each window, all of them in one batch."""
    names = [output.name for output in session.get_outputs()]
    outputs = dict(zip(names, session.run(names, model.feeds(windows)), strict=True))
    return model.answers(outputs, windows)
