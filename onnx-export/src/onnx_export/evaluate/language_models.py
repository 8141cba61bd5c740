"""Language models side by side: how well each predicts, over what it computes and over the time that takes."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from onnx_export.hourglass.checkpoint import HourglassCheckpoint, read_hourglass
from onnx_export.hourglass.config import Resampling
from onnx_export.hourglass.graph import build_graph
from onnx_export.hourglass.operations import operations
from onnx_export.onnx.packing import open_session

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
            ExportError: if it is no checkpoint.
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
    """Of 1,000 bytes in full windows, on one thread: the median over turns, in each of which every model runs once."""
    runs = [_Run.of(model) for model in models]
    for run in runs:
        run.milliseconds()
    times = np.array([[run.milliseconds() for run in runs] for _ in range(_TURNS)])
    return [float(median) for median in np.median(times, axis=0)]


@dataclass(frozen=True)
class _Run:
    session: onnxruntime.InferenceSession
    feeds: Mapping[str, NDArray[np.int64]]

    @classmethod
    def of(cls, model: Trained) -> _Run:
        shape = (max(1, _BATCH // model.window), model.window)
        ids = np.random.default_rng(1).integers(32, 127, shape)
        session = open_session(build_graph(model.checkpoint).SerializeToString())
        return cls(session, {"input_ids": ids, "attention_mask": np.ones_like(ids)})

    def milliseconds(self) -> float:
        """Of 1,000 bytes."""
        begun = time.perf_counter()
        self.session.run(None, dict(self.feeds))
        return (time.perf_counter() - begun) * 1e6 / self.feeds["input_ids"].size


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
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 2, figsize=(11, 4.5), sharey=True)
    costs = ([model.operations_per_byte / 1e6 for model in models], milliseconds)
    for axes, values, label in zip(panels, costs, ("MFLOP per byte", "milliseconds per kB, one thread"), strict=True):
        _points(axes, models, values)
        axes.set_xlabel(label)
    panels[0].set_ylabel("bits per byte, held out")
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def _points(axes: Any, models: Sequence[Trained], values: Sequence[float]) -> None:
    for model, value in zip(models, values, strict=True):
        plain = not model.checkpoint.config.levels
        axes.plot(value, model.bits_per_byte, "o", color="gray" if plain else "tab:blue")
        axes.annotate(model.name, (value, model.bits_per_byte), xytext=(5, 3), textcoords="offset points", fontsize=7)
    axes.margins(x=0.2)
