"""What a training leaves for export: a HAT checkpoint, and what a bundle made of it should say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from onnx_export.json_files import write_json
from onnx_export.train.hat_torch import SegmentClassifier, checkpoint_config, checkpoint_tensors
from onnx_export.train.held_out import HeldOut, Report, Tuned
from onnx_export.train.platt import CALIBRATION, Calibration
from onnx_export.train.recipe import Recipe
from onnx_export.train.start import Start


def write_checkpoint(
    folder: Path, model: SegmentClassifier, labels: Sequence[str], start: Start, calibration: Calibration
) -> None:
    """Write a model on the CPU, with its calibration folded into the classifier, and the tokenizer that it started with."""
    tensors = checkpoint_tensors(model)
    tensors["classifier.weight"], tensors["classifier.bias"] = (
        torch.from_numpy(array)
        for array in calibration.fold_into(tensors["classifier.weight"].numpy(), tensors["classifier.bias"].numpy())
    )
    write_json(folder / CALIBRATION, calibration.as_json())
    write_json(folder / "config.json", checkpoint_config(model.shape, labels, start.cls_id))
    save_file(tensors, folder / "model.safetensors")
    start.tokenizer.save(str(folder / "tokenizer.json"))


def bundle_settings(recipe: Recipe, labels: Sequence[str], tuned: Tuned, report: Report, held_out: HeldOut) -> dict[str, Any]:
    """The ``bundle.json`` of a checkpoint: how its texts were cut, its thresholds, and what was measured."""
    return {
        "segmenter": recipe.segmenter,
        "pad_segment": "none",
        "segment_positions": True,
        "window_overlap": recipe.window_overlap,
        "thresholds": dict(zip(labels, tuned.thresholds, strict=True)),
        "metrics": {
            "test_documents": len(held_out.test.truth),
            "document_micro_f1": round(report.metrics.micro_f1, 4),
            "document_macro_f1": round(report.metrics.macro_f1, 4),
            "expected_calibration_error": round(report.error_calibrated, 4),
        },
    }
