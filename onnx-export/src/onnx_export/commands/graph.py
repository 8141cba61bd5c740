"""The packed ONNX graph of a checkpoint alone: ``python -m onnx_export graph --checkpoint DIR --output model.onnx``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from onnx_export.arguments import Arguments
from onnx_export.bundle.encoder_settings import encoder_segmenter, foreign_to_encoders
from onnx_export.bundle.given import Flags
from onnx_export.bundle.settings import given_segmenter, graph_settings
from onnx_export.bundle.symbol_settings import foreign_flags, graph_problems
from onnx_export.commands.model_options import (
    TRAPS,
    add_model_options,
    checkpoint_of,
    encoder_of,
    flags_of,
    hourglass_of,
    print_agreement,
)
from onnx_export.export.agreement import Agreement
from onnx_export.export.architecture import architecture_of
from onnx_export.export.checked_graph import build_checked
from onnx_export.export.encoder_model import EncoderModel, calibration_segments
from onnx_export.export.hat_model import HatModel, calibration_windows
from onnx_export.export.hourglass_model import HourglassModel
from onnx_export.export.hourglass_model import calibration_windows as symbol_windows
from onnx_export.export.precision import precision_problems
from onnx_export.problems import ExportError


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    if options.output.is_dir():
        raise ExportError(str(options.output), ["is a folder, expected a file to write, such as model.onnx in it"])
    flags = flags_of(options)
    build = {"hat": _hat_graph, "encoder": _encoder_graph, "hourglass": _hourglass_graph}[architecture_of(options.checkpoint)]
    model, agreement = build(options, flags)
    _write_atomically(options.output, model)
    print(f"{options.output}: {len(model) / 1e6:.1f} MB")
    print_agreement(agreement, flags)
    return 0


def _hat_graph(options: argparse.Namespace, flags: Flags) -> tuple[bytes, Agreement]:
    folder, checkpoint = options.checkpoint, checkpoint_of(options)
    settings = graph_settings(folder, checkpoint, flags)
    _refuse(precision_problems(settings.precision, settings.storage, flags.calibration))
    segmenter = given_segmenter(folder)
    return build_checked(
        HatModel(checkpoint, settings), lambda: calibration_windows(folder, checkpoint, flags.calibration, segmenter)
    )


def _encoder_graph(options: argparse.Namespace, flags: Flags) -> tuple[bytes, Agreement]:
    folder, checkpoint = options.checkpoint, encoder_of(options)
    pooling = ["--pooling is for bundles: an encoder's graph answers for segments alone; leave it out"] if flags.pooling else []
    _refuse([*foreign_to_encoders(flags), *pooling, *precision_problems(flags.precision, flags.storage, flags.calibration)])
    segmenter = encoder_segmenter(folder, flags)
    model = EncoderModel(checkpoint, flags.storage, flags.precision)
    return build_checked(model, lambda: calibration_segments(folder, checkpoint, flags.calibration, segmenter))


def _hourglass_graph(options: argparse.Namespace, flags: Flags) -> tuple[bytes, Agreement]:
    folder, checkpoint = options.checkpoint, hourglass_of(options)
    _refuse([*foreign_flags(flags), *graph_problems(checkpoint.config, flags)])
    model = HourglassModel(checkpoint, flags.storage, flags.precision)
    return build_checked(model, lambda: symbol_windows(folder, checkpoint, flags.calibration))


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise ExportError("options", problems)


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
