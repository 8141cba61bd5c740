"""Which bundle is faster on this machine: ``python -m onnx_export benchmark --bundle A --bundle B``."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

import onnxruntime

from onnx_export.arguments import Arguments
from onnx_export.evaluate.benchmark import Contender, measure
from onnx_export.problems import ExportError


def main(arguments: Sequence[str]) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if min(options.threads, options.segments, options.repetitions) < 1:
        parser.error("--threads, --segments and --repetitions must be at least 1")
    try:
        contenders = {
            str(folder): Contender.open(folder, threads=options.threads, segments=options.segments) for folder in options.bundle
        }
    except ExportError as error:
        sys.exit(str(error))
    print(f"{platform.machine()}, ONNX Runtime {onnxruntime.__version__}, {options.threads} threads, {options.segments} segments")
    print("\n| bundle | precision | full segments, ms each | speed | mixed segments, ms each | speed |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    full, mixed = (measure(contenders, kind, options.repetitions) for kind in ("full", "mixed"))
    for name, contender in contenders.items():
        columns = [f"{timing.milliseconds:.1f} | {timing.speedup:.2f} ×" for timing in (full[name], mixed[name])]
        print(f"| {name} | {contender.precision} | {' | '.join(columns)} |")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Arguments.of_command("benchmark", __doc__)
    parser.add_argument(
        "--bundle",
        type=Path,
        action="append",
        required=True,
        metavar="BUNDLE_DIR",
        help="give it for each; the first is the yardstick",
    )
    parser.add_argument("--threads", type=int, default=2, help="that one run uses (default 2)")
    parser.add_argument("--segments", type=int, default=32, help="of a batch; of an Hourglass model, windows (default 32)")
    parser.add_argument("--repetitions", type=int, default=20, help="turns (default 20)")
    return parser
