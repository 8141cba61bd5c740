"""Which bundle is faster on this machine: ``python -m onnx_export.benchmark --bundle A --bundle B``.

Bundles take turns on the same kind of batch, so that whatever else the machine does strikes all of them alike; a table shows the
median time per segment, and the median of the ratios to the first bundle of the same turn.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from onnx_export.arguments import Arguments
from onnx_export.json_files import read_json_object
from onnx_export.manifest import MANIFEST, MODEL, TOKENIZER, manifest_problems, packed_layout
from onnx_export.packing import PackedBatch, PackedLayout, Segments, open_session
from onnx_export.problems import ExportError
from onnx_export.tokenization import TextTokenizer

_DOCUMENT = 8
"""Segments of a document in the batches measured, unless windows are shorter."""


@dataclass(frozen=True)
class Timing:
    """Median milliseconds per segment, and how many times faster than the first of the graphs measured together."""

    milliseconds: float
    speedup: float


def batches(layout: PackedLayout, vocabulary: int, segments: int, seed: int = 1) -> dict[str, PackedBatch]:
    """A batch of full segments, and one whose segments are filled by 15 to 100 %, as sentences fill them."""
    random = np.random.default_rng(seed)

    def batch(shortest: float) -> PackedBatch:
        K, length = layout.segment_length, min(_DOCUMENT, layout.max_segments)
        fill = random.integers(max(1, round(shortest * K)), K, segments, endpoint=True)
        tokens = [[layout.cls_id, *map(int, random.integers(0, vocabulary, count - 1))] for count in fill]
        documents: list[Segments] = [tokens[first : first + length] for first in range(0, segments, length)]
        return layout.pack(documents)

    return {"full": batch(1.0), "mixed": batch(0.15)}


def measure(
    sessions: Mapping[str, onnxruntime.InferenceSession], inputs: Mapping[str, PackedBatch], repetitions: int
) -> dict[str, Timing]:
    """Run the graphs by turns, each on its batch, after one turn that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in sessions}
    for turn in range(repetitions + 1):
        for name, session in sessions.items():
            begun = time.perf_counter()
            session.run(None, inputs[name].feeds())
            if turn:
                seconds[name].append(time.perf_counter() - begun)
    times: dict[str, NDArray[np.float64]] = {name: np.array(values) for name, values in seconds.items()}
    first = next(iter(times.values()))
    return {
        name: Timing(float(1e3 * np.median(taken) / len(inputs[name].segment_index)), float(np.median(first / taken)))
        for name, taken in times.items()
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = Arguments(prog="python -m onnx_export.benchmark", description=(__doc__ or "").split("\n\n")[0])
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


if __name__ == "__main__":
    main()
