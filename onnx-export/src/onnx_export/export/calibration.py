"""What the inputs of a model's matrices look like on sample documents, and the int8 matrices that follow from it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from onnx_export.export.golden_inputs import DEFAULT_INPUTS, GOLDEN_INPUTS, read_inputs
from onnx_export.export.packed_model import PackedModel, Window
from onnx_export.json_files import read_json_lines
from onnx_export.onnx.graph_builder import GraphBuilder
from onnx_export.onnx.int8 import Array, Int8Matrix, Observed, matrix_name, quantise
from onnx_export.onnx.packing import open_session
from onnx_export.problems import ExportError

Texts = Sequence[str]

_ROWS = 2048
"""Inputs of each matrix that are kept to compare balances on."""

ADVICE = "note: int8 is calibrated on {}; give --calibration FILE.jsonl with some 30 typical documents for better scores"


def read_texts(path: Path) -> list[str]:
    """The texts of a file of one object {"text", …} per line, gzip allowed.

    Raises:
        ExportError: naming every line that has no text.
    """

    def parse(_: int, record: dict[str, Any]) -> str:
        match record:
            case {"text": str(text)}:
                return text
        raise ValueError('expected an object with a text, {"text": "…"}')

    return read_json_lines(path, parse, empty="is empty, expected a text to calibrate on")


def texts_to_calibrate_on(folder: Path, calibration: Path | None) -> Texts:
    """The texts of the file given, else the golden inputs beside a checkpoint, else those of every bundle.

    Raises:
        ExportError: if a file cannot be read.
    """
    if calibration is not None:
        return read_texts(calibration)
    print(ADVICE.format("golden inputs"), file=sys.stderr)
    own = folder / GOLDEN_INPUTS
    return [entry.whole for entry in (read_inputs(own) if own.is_file() else DEFAULT_INPUTS)]


def calibrate(model: PackedModel[Window], windows: Sequence[Window]) -> dict[str, Int8Matrix]:
    """Run windows through the float32 graph, each alone, and quantise the matrices that int8 is for.

    Raises:
        ExportError: if there are none.
    """
    recorders = {}
    for parts in model.matrices():
        matrix = np.concatenate([model.weight(part) for part in parts]).T
        recorders[matrix_name(*parts)] = _Recorder(matrix_name(*parts), matrix, np.random.default_rng(1))
    if not recorders:
        raise ExportError(
            model.name, ["has no layer whose matrices int8 is for (in HAT, those of S blocks): use --precision fp32"]
        )
    graph = model.graph_to_observe(recorders)
    values = list(dict.fromkeys(recorder.value for recorder in recorders.values()))
    graph.graph.output.extend(onnx.helper.make_empty_tensor_value_info(value) for value in values)
    session = open_session(graph.SerializeToString(), threads=0)
    for window in windows:
        inputs = dict(zip(values, session.run(values, model.feeds([window])), strict=True))
        for recorder in recorders.values():
            recorder.look_at(inputs[recorder.value], _ROWS // len(windows) + 1)
    return {name: quantise(name, recorder.matrix, recorder.observed()) for name, recorder in recorders.items()}


class _Recorder:
    """Multiplies in float32 and remembers what."""

    def __init__(self, name: str, matrix: Array, random: np.random.Generator) -> None:
        self.name = name
        self.matrix = matrix
        self.value = ""
        self._random = random
        self._lowest: list[Array] = []
        self._highest: list[Array] = []
        self._rows: list[Array] = []

    def product(self, g: GraphBuilder, x: str) -> str:
        self.value = x
        return g.op("MatMul", x, g.constant(f"{self.name}.weight", self.matrix))

    def look_at(self, inputs: Array, keep: int) -> None:
        """inputs: […, inputs of the matrix]"""
        inputs = inputs.reshape(-1, len(self.matrix))
        self._lowest.append(inputs.min(axis=0))
        self._highest.append(inputs.max(axis=0))
        self._rows.append(inputs[self._random.permutation(len(inputs))[:keep]])

    def observed(self) -> Observed:
        return Observed(np.min(self._lowest, axis=0), np.max(self._highest, axis=0), np.concatenate(self._rows))
