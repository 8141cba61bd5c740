"""In which numbers a graph computes: fp32, fp16 for CUDA, int8 for CPUs; and how closely two machines then agree."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import onnx

from onnx_export.checkpoint import Checkpoint
from onnx_export.fp16 import to_fp16
from onnx_export.graph import build_graph
from onnx_export.int8 import UNQUANTISED, Quantised
from onnx_export.problems import ExportError
from onnx_export.storage import Storage

Precision = Literal["fp32", "fp16", "int8"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16", "int8")

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


def build_model(
    checkpoint: Checkpoint,
    precision: Precision,
    *,
    segment_positions: bool,
    storage: Storage = "fp32",
    quantised: Quantised = UNQUANTISED,
) -> onnx.ModelProto:
    """The packed graph of a checkpoint in a precision; ``quantised`` is for int8, see ``calibrate``.

    Raises:
        ExportError: see ``build_graph``.
    """
    if (precision == "int8") != bool(quantised):
        raise ExportError(checkpoint.name, [f"precision {precision} with {len(quantised)} quantised matrices"])
    if precision == "fp16":
        return to_fp16(build_graph(checkpoint, segment_positions=segment_positions, storage=storage, half=True))
    return build_graph(checkpoint, segment_positions=segment_positions, storage=storage, quantised=quantised)
