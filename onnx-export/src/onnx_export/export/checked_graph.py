"""A checkpoint's graph as it may be given away: built, calibrated where that is needed, and seen to agree."""

from __future__ import annotations

from pathlib import Path

from onnx_export.contract import TOKENIZER
from onnx_export.export.agreement import Agreement, check_agreement
from onnx_export.export.calibration import calibrate, calibration_windows
from onnx_export.export.graph_settings import GraphSettings
from onnx_export.export.precision import build_model
from onnx_export.hat.checkpoint import Checkpoint
from onnx_export.hat.tokenizer import check_tokenizer
from onnx_export.text.segmentation import SegmenterName

_SAMPLES = 4
"""Of the documents that int8 is calibrated on, those to compare logits of."""


def build_checked(
    folder: Path, checkpoint: Checkpoint, settings: GraphSettings, *, calibration: Path | None, segmenter: SegmenterName
) -> tuple[bytes, Agreement]:
    """The packed graph in the precision asked for, for int8 calibrated, and how well it computes what it should.

    Args:
        folder: the checkpoint's, for its tokenizer and golden inputs.
        checkpoint: the same, read.
        settings: of the graph.
        calibration: a file of documents to calibrate int8 on; None for what else there is, see ``calibration_windows``.
        segmenter: how these are cut.

    Raises:
        ExportError: see ``calibration_windows``, ``calibrate``, ``build_model``, ``check_agreement``.
    """
    quantised, samples = {}, []
    if settings.precision == "int8":
        if (folder / TOKENIZER).is_file():
            check_tokenizer(folder, checkpoint)
        samples = calibration_windows(folder, checkpoint, calibration, segmenter)
        quantised = calibrate(checkpoint, samples, settings)
    model = build_model(checkpoint, settings, quantised).SerializeToString()
    return model, check_agreement(checkpoint, model, settings, quantised=quantised, samples=samples[:_SAMPLES])
