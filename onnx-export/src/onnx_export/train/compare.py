"""Trainings side by side.

Trainings that differ in their seed alone, which draws the split too, are one row, with the mean over them and the standard
deviation. A row is named by the options in which the others differ from it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

_COLUMNS = {
    "average precision": ("average_precision", "pairs"),
    "per label": ("average_precision", "labels"),
    "micro-F1 in halves": ("f1_in_halves", "micro_f1"),
    "macro-F1": ("f1_in_halves", "macro_f1"),
}
_SEGMENTS = "average_precision_of_segments"


@dataclass(frozen=True)
class Trained:
    """What was asked for, by option, and what came out."""

    options: dict[str, Any]
    metrics: dict[str, Any]

    @staticmethod
    def read(folder: Path) -> Trained:
        """The files that a training which ran to its end leaves in its checkpoint's folder.

        Raises:
            ValueError: if they are not there.
        """
        files = [folder / name for name in ("training.json", "metrics.json")]
        missing = [file.name for file in files if not file.is_file()]
        if missing:
            raise ValueError(f"{folder} has no {' and no '.join(missing)}; expected a training that ran to its end")
        options, metrics = (json.loads(file.read_text(encoding="utf-8")) for file in files)
        if metrics.get(_SEGMENTS) is None:
            raise ValueError(
                f"{folder / 'metrics.json'} has no {_SEGMENTS}: expected a training that holds texts out; if it does, start it once more, "
                "which writes it again"
            )
        # Without that, two lengths of the same training would be one row.
        return Trained({**options, "passes": metrics["passes"]}, metrics)


def table(trainings: Sequence[Trained]) -> list[str]:
    """A table in Markdown, rows in the order in which they first occur."""
    keys = dict.fromkeys(key for training in trainings for key in training.options if key != "seed")
    differing = [key for key in keys if len({repr(training.options.get(key)) for training in trainings}) > 1]
    rows: dict[str, list[Trained]] = {}
    for training in trainings:
        name = ", ".join(f"{key} {training.options.get(key)}" for key in differing).replace("|", "·") or "all"
        rows.setdefault(name, []).append(training)
    head = ["training", "seeds", "hours", *_COLUMNS, "average precision of segments"]
    lines = [f"| {' | '.join(head)} |", "| --- |" + " ---: |" * (len(head) - 1)]
    for name, alike in rows.items():
        seeds = ", ".join(str(training.options["seed"]) for training in alike)
        hours = np.mean([training.metrics["training_hours"] for training in alike])
        values = [[training.metrics[group][key] for training in alike] for group, key in _COLUMNS.values()]
        values.append([training.metrics[_SEGMENTS] for training in alike])
        lines.append(f"| {name} | {seeds} | {hours:.2f} | {' | '.join(map(_cell, values))} |")
    return lines


def _cell(values: Sequence[float]) -> str:
    spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{spread}"
