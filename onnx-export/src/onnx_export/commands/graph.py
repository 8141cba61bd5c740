"""The packed ONNX graph of a checkpoint alone: ``python -m onnx_export graph --checkpoint DIR --output model.onnx``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from onnx_export.arguments import Arguments
from onnx_export.bundle.settings import given_segmenter, graph_settings
from onnx_export.commands.model_options import TRAPS, add_model_options, checkpoint_of, flags_of, print_agreement
from onnx_export.export.checked_graph import build_checked
from onnx_export.export.precision import precision_problems
from onnx_export.problems import ExportError


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    if options.output.is_dir():
        raise ExportError(str(options.output), ["is a folder, expected a file to write, such as model.onnx in it"])
    checkpoint = checkpoint_of(options)
    settings = graph_settings(options.checkpoint, checkpoint, flags_of(options))
    if problems := precision_problems(settings.precision, settings.storage, options.calibration):
        raise ExportError("options", problems)
    segmenter = given_segmenter(options.checkpoint)
    model, agreement = build_checked(
        options.checkpoint, checkpoint, settings, calibration=options.calibration, segmenter=segmenter
    )
    _write_atomically(options.output, model)
    print(f"{options.output}: {len(model) / 1e6:.1f} MB")
    print_agreement(agreement, settings)
    return 0


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = Arguments.of_command("graph", __doc__, epilog=TRAPS, formatter_class=raw)
    parser.add_argument("--output", type=Path, required=True, metavar="model.onnx", help="file to write")
    add_model_options(parser)
    return parser


def _write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that its name never shows half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
