"""The option ``--device`` of the commands that train."""

from __future__ import annotations

import argparse
import sys

import torch


def add_device_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="auto is cuda where there is one")


def device_of(wanted: str) -> torch.device:
    """Also lets products be computed in TF32 where there is such a thing."""
    torch.set_float32_matmul_precision("high")
    if wanted == "cuda" and not torch.cuda.is_available():
        sys.exit("--device cuda: this PyTorch finds no CUDA device; use --device cpu, or install a PyTorch built for CUDA")
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")
