"""Language models side by side: how well each predicts, over what it computes and over the time that takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from onnx_export.evaluate.benchmark import Contender, measure
from onnx_export.hourglass.checkpoint import HourglassCheckpoint, read_hourglass
from onnx_export.hourglass.config import Resampling
from onnx_export.hourglass.graph import build_graph
from onnx_export.hourglass.operations import operations
from onnx_export.onnx.packing import open_session
from onnx_export.train.pictures import pyplot

_BATCH = 8192
"""Bytes of a batch that is timed."""
_TURNS = 15


@dataclass(frozen=True)
class Trained:
    """What ``train-language-model`` leaves."""

    checkpoint: HourglassCheckpoint
    window: int
    """Bytes."""
    megabytes: float
    """Of text read, 1,000,000 bytes each."""
    bits_per_byte: float
    """On windows held out, of bytes with at least half a window before them."""

    @classmethod
    def read(cls, folder: Path) -> Trained:
        """Read a checkpoint with its ``metrics.json``.

        Raises:
            ExportError: if it is not a checkpoint.
            ValueError: if it is not one that ``train-language-model`` has trained to the end.
        """
        checkpoint = read_hourglass(folder)
        path = folder / "metrics.json"
        metrics = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        window = checkpoint.config.trained_length
        if window is None or "bits_per_byte_with_context" not in metrics:
            raise ValueError(
                f"{folder} is no training that ran to its end, expected a folder that train-language-model has filled"
            )
        return cls(checkpoint, window, metrics["megabytes"], metrics["bits_per_byte_with_context"])

    @property
    def name(self) -> str:
        """Layout, and resampling where there is any."""
        config = self.checkpoint.config
        return f"{config.layout}, {_resampling(config.levels[0].down)}" if config.levels else config.layout

    @property
    def operations_per_byte(self) -> float:
        return operations(self.checkpoint.config, self.window) / self.window

    @property
    def training_operations(self) -> float:
        """Forward and twice as many backward."""
        return 3 * self.operations_per_byte * self.megabytes * 1e6


def _resampling(kind: Resampling) -> str:
    plain = "linear" if kind.linear else "average"
    return f"attention upon {plain}" if kind.attention else plain


def milliseconds_per_kilobyte(models: Sequence[Trained]) -> list[float]:
    """Of 1,000 bytes in full windows, on one thread: medians, the models by turns."""
    timings = measure({str(number): _contender(model) for number, model in enumerate(models)}, "full", _TURNS)
    return [timing.milliseconds * 1000 / model.window for timing, model in zip(timings.values(), models, strict=True)]


def _contender(model: Trained) -> Contender:
    ids = np.random.default_rng(1).integers(32, 127, (max(1, _BATCH // model.window), model.window))
    session = open_session(build_graph(model.checkpoint).SerializeToString())
    return Contender("fp32", session, {"full": {"input_ids": ids, "attention_mask": np.ones_like(ids)}})


def table(models: Sequence[Trained], milliseconds: Sequence[float]) -> list[str]:
    """In Markdown, one row for each model in the given order."""
    lines = [
        "| model | parameters | window | MB read | training, TFLOP | MFLOP per byte | ms per kB | bits per byte |",
        "| --- |" + " ---: |" * 7,
    ]
    for model, duration in zip(models, milliseconds, strict=True):
        lines.append(
            f"| {model.name} | {model.checkpoint.parameters / 1e6:.2f} M | {model.window} | {model.megabytes:.1f} | "
            f"{model.training_operations / 1e12:.1f} | {model.operations_per_byte / 1e6:.2f} | {duration:.1f} | "
            f"{model.bits_per_byte:.3f} |"
        )
    return lines


def draw(models: Sequence[Trained], milliseconds: Sequence[float], path: Path) -> None:
    """Bits per byte over operations and over time, beside each other; plain Transformers in grey."""
    plots = pyplot()
    figure, panels = plots.subplots(1, 2, figsize=(11, 4.5), sharey=True)
    costs = ([model.operations_per_byte / 1e6 for model in models], milliseconds)
    for axes, values, label in zip(panels, costs, ("MFLOP per byte", "milliseconds per kB, one thread"), strict=True):
        _points(axes, models, values)
        axes.set_xlabel(label)
    panels[0].set_ylabel("bits per byte, held out")
    figure.tight_layout()
    figure.savefig(path)
    plots.close(figure)


def _points(axes: Any, models: Sequence[Trained], values: Sequence[float]) -> None:
    for model, value in zip(models, values, strict=True):
        plain = not model.checkpoint.config.levels
        axes.plot(value, model.bits_per_byte, "o", color="gray" if plain else "tab:blue")
        axes.annotate(model.name, (value, model.bits_per_byte), xytext=(5, 3), textcoords="offset points", fontsize=7)
    axes.margins(x=0.2)
