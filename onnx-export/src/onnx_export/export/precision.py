"""In which numbers a graph computes: fp32, fp16 for CUDA, int8 for CPUs; and how closely two machines then agree."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import onnx

from onnx_export.contract import Precision
from onnx_export.export.packed_model import PackedModel, Window
from onnx_export.onnx.int8 import UNQUANTISED, Quantised
from onnx_export.onnx.storage import Storage
from onnx_export.problems import ExportError

GOLDEN_TOLERANCE: Mapping[str, float] = MappingProxyType({"fp32": 1e-4, "fp16": 0.02, "int8": 0.1})
"""By how much a score may differ when golden inputs are replayed on another machine; ``docs/precision.md`` says why so much."""


def precision_problems(precision: Precision, storage: Storage, calibration: Path | None) -> list[str]:
    """Options that contradict each other."""
    problems = []
    if calibration is not None and precision != "int8":
        problems.append(f"--calibration is for --precision int8, and precision is {precision}: leave one out or change the other")
    if precision == "fp16" and storage == "int8":
        problems.append("--weights int8 is for fp32 and int8: fp16 stores its weights as float16, leave --weights out")
    return problems


def build_model(model: PackedModel[Window], quantised: Quantised = UNQUANTISED) -> onnx.ModelProto:
    """The packed graph of a model in its precision; ``quantised`` is for int8, see ``calibrate``.

    Raises:
        ExportError: if the graph cannot be built.
    """
    if (model.precision == "int8") != bool(quantised):
        raise ExportError(model.name, [f"precision {model.precision} with {len(quantised)} quantised matrices"])
    return model.half_graph() if model.precision == "fp16" else model.graph(model.storage, quantised)
