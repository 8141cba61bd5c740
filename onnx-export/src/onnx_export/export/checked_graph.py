"""A checkpoint's graph as it may be given away: built, calibrated where that is needed, and seen to agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from onnx_export.export.agreement import Agreement, check_agreement
from onnx_export.export.calibration import calibrate
from onnx_export.export.packed_model import PackedModel, Window
from onnx_export.export.precision import build_model
from onnx_export.onnx.int8 import UNQUANTISED, Int8Matrix

_SAMPLES = 4
"""Of the windows that int8 is calibrated on, those to compare answers for."""


def build_checked(model: PackedModel[Window], windows_to_calibrate_on: Callable[[], Sequence[Window]]) -> tuple[bytes, Agreement]:
    """The packed graph in the precision asked for, for int8 calibrated, and how well it computes what it should.

    Raises:
        ExportError: see ``windows_to_calibrate_on``, ``calibrate``, ``build_model``, ``check_agreement``.
    """
    quantised: Mapping[str, Int8Matrix] = UNQUANTISED
    samples: Sequence[Window] = ()
    if model.precision == "int8":
        samples = windows_to_calibrate_on()
        quantised = calibrate(model, samples)
    graph = build_model(model, quantised).SerializeToString()
    return graph, check_agreement(model, graph, quantised=quantised, samples=samples[:_SAMPLES])
