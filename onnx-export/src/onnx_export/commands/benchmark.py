"""Which bundle is faster on this machine: ``python -m onnx_export benchmark --bundle A --bundle B``."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from pathlib import Path

import onnxruntime

from onnx_export.arguments import Arguments
from onnx_export.bundle.manifest import manifest_problems, packed_layout
from onnx_export.contract import MANIFEST, MODEL, TOKENIZER
from onnx_export.evaluate.benchmark import batches, measure
from onnx_export.json_files import read_json_object
from onnx_export.onnx.packing import PackedBatch, open_session
from onnx_export.problems import ExportError
from onnx_export.text.tokenization import TextTokenizer


def main(arguments: Sequence[str]) -> int:
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
    parser.add_argument("--segments", type=int, default=32, help="of a batch (default 32)")
    parser.add_argument("--repetitions", type=int, default=20, help="turns (default 20)")
    options = parser.parse_args(arguments)
    if min(options.threads, options.segments, options.repetitions) < 1:
        parser.error("--threads, --segments and --repetitions must be at least 1")
    sessions: dict[str, onnxruntime.InferenceSession] = {}
    inputs: dict[str, dict[str, PackedBatch]] = {}
    precisions: dict[str, str] = {}
    try:
        for folder in options.bundle:
            name = str(folder)
            manifest = read_json_object(folder / MANIFEST)
            if problems := manifest_problems(manifest):
                raise ExportError(str(folder / MANIFEST), problems)
            precisions[name] = manifest["precision"]
            vocabulary = TextTokenizer(folder / TOKENIZER).vocabulary_size
            inputs[name] = batches(packed_layout(manifest), vocabulary, options.segments)
            sessions[name] = open_session(folder / MODEL, threads=options.threads)
    except ExportError as error:
        sys.exit(str(error))
    print(f"{platform.machine()}, ONNX Runtime {onnxruntime.__version__}, {options.threads} threads, {options.segments} segments")
    print("\n| bundle | precision | full segments, ms each | speed | mixed segments, ms each | speed |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    full, mixed = (
        measure(sessions, {name: inputs[name][kind] for name in sessions}, options.repetitions) for kind in ("full", "mixed")
    )
    for name in sessions:
        columns = [f"{timing.milliseconds:.1f} | {timing.speedup:.2f} ×" for timing in (full[name], mixed[name])]
        print(f"| {name} | {precisions[name]} | {' | '.join(columns)} |")
    return 0
