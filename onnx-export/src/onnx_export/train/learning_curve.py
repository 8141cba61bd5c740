"""Learning curves of language models, as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from onnx_export.train.pictures import pyplot


def save_bits_curve(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Draw ``learned`` and ``held_out`` bits per byte over ``megabytes`` read."""
    plots = pyplot()
    figure, axes = plots.subplots(figsize=(7, 4))
    megabytes = [point["megabytes"] for point in history]
    axes.plot(megabytes, [point["learned"] for point in history], "-", color="gray", label="texts it learns from")
    axes.plot(megabytes, [point["held_out"] for point in history], "o-", label="texts held out")
    axes.set(xlabel="megabytes read", ylabel="bits per byte")
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plots.close(figure)
