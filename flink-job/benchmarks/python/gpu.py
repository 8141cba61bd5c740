"""The packed graph on a GPU: a bare loop over batches of several sizes, against the card's own half-precision matrix rate.

    python gpu.py --checkpoint-code ../../onnx-export --output gpu.json

The model has the shape of HAT-base (12 layers of 768, segments of 128 tokens, every third layer followed by one across segments) and random
weights: time does not depend on their values. A provider that is missing is an error, never a silent run on the CPU.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnxruntime
import torch

WIDTH, LAYERS, TOKENS, VOCABULARY = 768, 12, 128, 30522
ROWS = (1, 8, 32, 64, 128, 256, 512, 1024)
SECONDS = 10.0
MATRIX = 8192


def export(code: Path, folder: Path) -> Path:
    """An fp16 graph of a random checkpoint."""
    sys.path[:0] = [str(code / "src"), str(code / "tests")]
    from random_checkpoints import hat_config, write_checkpoint

    config = hat_config(
        "|".join("SD" if layer % 3 == 2 else "S" for layer in range(LAYERS)),
        head="HATModelForSequentialSentenceClassification",
        labels=41,
        problem_type="multi_label_classification",
        segment_length=TOKENS,
        max_segments=32,
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        num_attention_heads=WIDTH // 64,
        intermediate_size=4 * WIDTH,
        max_position_embeddings=TOKENS + 8,
    )
    checkpoint = write_checkpoint(folder / "hat-base", config, seed=1)
    graph = folder / "hat-base.onnx"
    command = [sys.executable, "-m", "onnx_export", "graph", "--checkpoint", str(checkpoint), "--precision", "fp16"]
    subprocess.run([*command, "--output", str(graph)], check=True, env={"PYTHONPATH": str(code / "src"), "PATH": "/usr/bin:/bin"})
    return graph


def matrix_teraflops() -> float:
    """What the card reaches in the product of two large half-precision matrices."""
    a = torch.randn(MATRIX, MATRIX, device="cuda", dtype=torch.float16)
    b = torch.randn(MATRIX, MATRIX, device="cuda", dtype=torch.float16)
    times = []
    for _ in range(30):
        torch.cuda.synchronize()
        begun = time.perf_counter()
        a @ b
        torch.cuda.synchronize()
        times.append(time.perf_counter() - begun)
    return 2 * MATRIX**3 / median(times[5:]) / 1e12


def inputs(rows: int) -> dict[str, np.ndarray[Any, Any]]:
    """Documents of 7 or 8 full segments, 7.4 on average."""
    chance = np.random.default_rng(rows)
    ids = chance.integers(1000, VOCABULARY, (rows, TOKENS), dtype=np.int64)
    lengths: list[int] = []
    while sum(lengths) < rows:
        lengths.append(8 if len(lengths) % 5 in (1, 3) else 7)
    document = np.repeat(np.arange(len(lengths)), lengths)[:rows].astype(np.int64)
    segment = np.concatenate([np.arange(1, length + 1) for length in lengths])[:rows].astype(np.int64)
    return {"input_ids": ids, "attention_mask": np.ones_like(ids), "document_index": document, "segment_index": segment}


class BusyRatio(threading.Thread):
    """Share of time in which the card computed anything, as its driver says, while the loop runs."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.samples: list[float] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        query = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
        while not self.stopped.wait(0.5):
            self.samples.append(float(subprocess.run(query, capture_output=True, text=True, check=True).stdout.split()[0]) / 100)

    def stop(self) -> float | None:
        self.stopped.set()
        self.join()
        return sum(self.samples) / len(self.samples) if self.samples else None


def flop_of_segment() -> float:
    dense = 2 * (4 * WIDTH * WIDTH + 8 * WIDTH * WIDTH) * TOKENS
    return LAYERS * (dense + 4 * TOKENS * TOKENS * WIDTH)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint-code", type=Path, required=True, help="folder onnx-export of this repository")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("gpu.py: PyTorch finds no CUDA device; nothing was measured")
    onnxruntime.preload_dlls()  # the CUDA libraries that PyTorch brought
    peak = matrix_teraflops()
    print(f"{torch.cuda.get_device_name()}: {peak:.0f} TFLOP/s in half-precision products", flush=True)
    points = []
    with tempfile.TemporaryDirectory() as scratch:
        session = onnxruntime.InferenceSession(str(export(arguments.checkpoint_code, Path(scratch))), providers=["CUDAExecutionProvider"])
        if session.get_providers()[0] != "CUDAExecutionProvider":
            raise SystemExit("gpu.py: ONNX Runtime could not load its CUDA provider and fell back to the CPU; nothing was measured")
        for rows in ROWS:
            feed = inputs(rows)
            for _ in range(3):
                session.run(None, feed)
            busy = BusyRatio()
            busy.start()
            begun, runs = time.perf_counter(), 0
            while time.perf_counter() - begun < SECONDS:
                session.run(None, feed)
                runs += 1
            segments = runs * rows / (time.perf_counter() - begun)
            point = {
                "rows": rows,
                "segmentsPerSecond": segments,
                "documentsPerSecond": segments / 7.4,
                "shareOfMatrixRate": segments * flop_of_segment() / (peak * 1e12),
                "busyRatio": busy.stop(),
            }
            points.append(point)
            print(json.dumps(point), flush=True)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    results = {
        "device": torch.cuda.get_device_name(),
        "onnxRuntime": onnxruntime.__version__,
        "matrixTeraflops": peak,
        "model": {"width": WIDTH, "layers": LAYERS, "segmentLength": TOKENS, "precision": "fp16"},
        "points": points,
    }
    arguments.output.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
