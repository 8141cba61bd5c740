"""The graph of a bundle alone: a bare loop of ONNX Runtime over batches of growing size, or a profile of a full batch.

    python bare_graph.py --bundle DIR --device cuda:0 [--rows 1,64,1024] [--seconds 1]     a JSON line for each size
    CUDA_LAUNCH_BLOCKING=1 python bare_graph.py --bundle DIR --device cuda:0 --rows 1024 --profile

A row is a segment, or a window of symbols, full of tokens; documents have 7 or 8. The floating-point operations of a row are those of the
matrix products and the attention that ONNX Runtime's profile of a small batch names. "bound" runs find their inputs in the GPU's memory
and leave their outputs there, the others copy both. Without CUDA_LAUNCH_BLOCKING, the profile shows how long operators take to be
launched, not to run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnxruntime

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))
from devices import open_session

ROWS = "1,8,32,64,128,256,512,1024,2048"
ROWS_OF_COUNT = 8
PROFILED_RUNS = 5
OPERATORS_SHOWN = 25

Feed = dict[str, np.ndarray[Any, Any]]


class Model:
    def __init__(self, bundle: Path, device: str) -> None:
        self.bundle, self.device = bundle, device
        self.manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
        symbols = "symbols" in self.manifest
        self.length: int = self.manifest["windows"]["length"] if symbols else self.manifest["segmentation"]["segment_length"]
        self.outputs = [each["name"] for each in self.manifest["graph"]["outputs"]]

    def open(self, profile: str = "") -> onnxruntime.InferenceSession:
        """As the job opens it."""
        options = onnxruntime.SessionOptions()
        options.enable_mem_pattern = False
        options.enable_profiling, options.profile_file_prefix = bool(profile), profile
        return open_session(self.bundle / "model.onnx", self.device, options)

    def feed(self, rows: int) -> Feed:
        """Documents of 7 or 8 full segments, or windows full of printable bytes."""
        chance = np.random.default_rng(rows)
        ids = chance.integers(32, 127, (rows, self.length), dtype=np.int64)
        cls = self.manifest.get("special_tokens", {}).get("cls")
        if cls is not None:
            ids[:, 0] = cls
        lengths = [7 + index % 2 for index in range(rows // 7 + 1)]
        document = np.repeat(np.arange(len(lengths)), lengths)[:rows].astype(np.int64)
        segment = np.concatenate([np.arange(1, length + 1) for length in lengths])[:rows].astype(np.int64)
        all_inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "document_index": document, "segment_index": segment}
        return {each["name"]: all_inputs[each["name"]] for each in self.manifest["graph"]["inputs"]}


def kernels(model: Model, feed: Feed, runs: int) -> Iterator[dict[str, Any]]:
    """Every operator's run in ONNX Runtime's profile but for those of the first run, which also allocates."""
    with tempfile.TemporaryDirectory() as folder:
        session = model.open(str(Path(folder) / "profile"))
        for _ in range(runs + 1):
            session.run(None, feed)
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    ends = [event["ts"] + event["dur"] for event in events if event["name"] == "model_run"]
    yield from (event for event in events if event["name"].endswith("_kernel_time") and event["ts"] >= ends[0])


def operations(event: dict[str, Any]) -> int:
    """Floating-point operations of a matrix product or an attention; nothing else counts."""
    operator = event["args"]["op_name"]
    inputs, outputs = (
        [next(iter(each.values())) for each in event["args"][f"{side}_type_shape"]] for side in ("input", "output")
    )
    if operator.endswith(("MatMul", "Gemm")):  # weights that were packed beforehand have no shape there
        return 2 * prod(outputs[0]) * inputs[0][-1]
    if operator == "MultiHeadAttention":  # queries [B, S, H] against keys [B, L, H]
        return 4 * prod(inputs[0]) * inputs[1][1]
    return 0


def gigaflop_of_row(model: Model) -> float:
    on_cpu = Model(model.bundle, "cpu")
    return sum(map(operations, kernels(on_cpu, on_cpu.feed(ROWS_OF_COUNT), 1))) / ROWS_OF_COUNT / 1e9


def median_seconds(run: Callable[[], object], seconds: float) -> float:
    """Of the runs within so many seconds, at least three, after two that do not count."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < 5 or time.perf_counter() < end:
        begun = time.perf_counter()
        run()
        times.append(time.perf_counter() - begun)
    return median(times[2:])


def bound_run(session: onnxruntime.InferenceSession, model: Model, feed: Feed) -> Callable[[], None]:
    kind, _, number = model.device.partition(":")
    binding = session.io_binding()
    for name, values in feed.items():
        binding.bind_ortvalue_input(name, onnxruntime.OrtValue.ortvalue_from_numpy(values, kind, int(number or 0)))
    for name in model.outputs:
        binding.bind_output(name, kind, int(number or 0))

    def run() -> None:
        session.run_with_iobinding(binding)
        binding.synchronize_outputs()

    return run


def measure(model: Model, rows: list[int], seconds: float) -> Iterator[dict[str, Any]]:
    gigaflop = gigaflop_of_row(model)
    begun = time.perf_counter()
    session = model.open()
    yield {"part": "open", "seconds": time.perf_counter() - begun, "gigaflopOfRow": gigaflop}
    for count in rows:
        feed = model.feed(count)
        runs: dict[str, Callable[[], object]] = {"copied": lambda feed=feed: session.run(None, feed)}
        if model.device != "cpu":
            runs["bound"] = bound_run(session, model, feed)
        for inputs, run in runs.items():
            taken = median_seconds(run, seconds / len(runs))
            yield {
                "part": "bareGraph",
                "inputs": inputs,
                "rows": count,
                "milliseconds": 1e3 * taken,
                "rowsPerSecond": count / taken,
                "teraflops": gigaflop * count / taken / 1e3,
            }


def profile(model: Model, rows: int) -> dict[str, Any]:
    """Milliseconds of a run by operator and provider, the most first."""
    micros: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for event in kernels(model, model.feed(rows), PROFILED_RUNS):
        micros[event["args"]["op_name"], event["args"]["provider"]].append(event["dur"])
    most = sorted(micros.items(), key=lambda each: -sum(each[1]))
    return {
        "part": "profile",
        "rows": rows,
        "blocking": os.environ.get("CUDA_LAUNCH_BLOCKING") == "1",
        "milliseconds": sum(map(sum, micros.values())) / PROFILED_RUNS / 1e3,
        "operators": [
            {
                "operator": operator,
                "provider": provider,
                "calls": len(each) // PROFILED_RUNS,
                "milliseconds": sum(each) / PROFILED_RUNS / 1e3,
            }
            for (operator, provider), each in most[:OPERATORS_SHOWN]
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--device", required=True, help="cpu or cuda:N")
    parser.add_argument("--rows", default=ROWS, help="sizes of batches (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each size (default: %(default)s)")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    model = Model(options.bundle, options.device)
    rows = [int(each) for each in options.rows.split(",")]
    parts = (profile(model, count) for count in rows) if options.profile else measure(model, rows, options.seconds)
    for part in parts:
        print(json.dumps({"bundle": options.bundle.name, "precision": model.manifest["precision"]} | part), flush=True)


if __name__ == "__main__":
    main()
