"""What the machine is and what its matrix products reach: the ceiling under everything else.

python machine.py --device cuda:0        prints one JSON object; the GPU's rates need PyTorch
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from importlib import metadata
from typing import Any

SIZE = 8192
RUNS = 20
QUERY = "name,driver_version,memory.total,power.limit,clocks.max.sm,compute_cap"
PACKAGES = ("onnxruntime-gpu", "onnxruntime", "torch", "onnx", "numpy", "tokenizers", "nvidia-cublas", "nvidia-cuda-runtime")


def output(*command: str) -> str:
    if not shutil.which(command[0]):
        return f"there is no {command[0]}"
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def matrix_teraflops(device: str) -> dict[str, float]:
    """By type of numbers: TFLOP/s of a product of two large matrices of random numbers, the median of several."""
    try:
        import torch
    except ImportError:
        return {}
    if not torch.cuda.is_available():
        raise SystemExit("machine.py: PyTorch finds no CUDA device")
    rates = {}
    for kind in ("float16", "bfloat16", "float32"):
        a, b = (torch.randn(SIZE, SIZE, device=device, dtype=getattr(torch, kind)) for _ in range(2))
        times = []
        for _ in range(RUNS + 3):
            torch.cuda.synchronize()
            begun = time.perf_counter()
            a @ b
            torch.cuda.synchronize()
            times.append(time.perf_counter() - begun)
        rates[kind] = 2 * SIZE**3 / sorted(times[3:])[RUNS // 2] / 1e12
    return rates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", required=True)
    device = parser.parse_args().device
    facts: dict[str, Any] = {
        "part": "machine",
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "glibc": platform.libc_ver()[1],
        "versions": versions(),
        "cudaLibraries": os.environ.get("LD_LIBRARY_PATH", ""),
    }
    if device != "cpu":
        facts |= {
            "gpu": output("nvidia-smi", f"--query-gpu={QUERY}", "--format=csv,noheader"),
            "matrixTeraflops": matrix_teraflops(device),
        }
    print(json.dumps(facts))


if __name__ == "__main__":
    sys.exit(main())
