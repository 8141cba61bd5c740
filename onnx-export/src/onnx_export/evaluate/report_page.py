"""The report of a training as a page for a person: one HTML file that needs nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from onnx_export.evaluate.advice import advice
from onnx_export.evaluate.events import Findings, compare
from onnx_export.evaluate.mistakes import confusions, mistakes
from onnx_export.json_files import read_json_object
from onnx_export.train.labelled_texts import LabelledText
from onnx_export.train.reliability import expected_calibration_error, reliability

_MISTAKES_SHOWN = 10
_CONFUSIONS_SHOWN = 20


@dataclass(frozen=True)
class Learning:
    """What a training wrote about itself into ``metrics.json``."""

    split: Mapping[str, int]
    learned_from: Mapping[str, int]
    """How many of the texts that it learned from carry each label."""
    history: Sequence[Mapping[str, float]]
    """By evaluation: hours, loss, micro_f1, macro_f1 of the validation texts."""

    @staticmethod
    def read(folder: Path) -> Learning:
        """Read a training's folder.

        Raises:
            OSError: if there is no such file.
            ValueError: if it is of another kind of training.
        """
        path = folder / "metrics.json"
        match read_json_object(path):
            case {"split": dict(split), "learned_from": dict(learned_from), "validation_history": list(history)}:
                return Learning(split, learned_from, history)
        raise ValueError(f"{path}: expected 'split', 'learned_from' and 'validation_history', as `onnx_export train` writes them")

    def curve(self) -> list[dict[str, float]]:
        """Hours and loss also as shares of the largest."""
        hours = max((point["hours"] for point in self.history), default=0) or 1
        loss = max((point["loss"] for point in self.history), default=0) or 1
        return [{**point, "share": point["hours"] / hours, "loss_share": point["loss"] / loss} for point in self.history]


def page(title: str, texts: Sequence[LabelledText], events: Mapping[str, Findings], learning: Learning) -> str:
    """The HTML page about texts that the training did not see."""
    report = compare(texts, events)
    confused: Counter[tuple[str, str]] = confusions(texts, events)
    scores, truth = _pairs(texts, events, [label.label for label in report.labels])
    return _template().render(
        title=title,
        report=report,
        labels=sorted(report.labels, key=lambda label: (label.documents == 0, label.f1, label.label)),
        split=learning.split,
        learned_from=learning.learned_from,
        curve=learning.curve(),
        bins=reliability(scores, truth),
        calibration_error=expected_calibration_error(scores, truth),
        confused=confused.most_common(_CONFUSIONS_SHOWN),
        advice=advice(report, learning.learned_from, confused, [point["micro_f1"] for point in learning.history]),
        mistakes=mistakes(texts, events)[:_MISTAKES_SHOWN],
    )


def _pairs(texts: Sequence[LabelledText], events: Mapping[str, Findings], labels: Sequence[str]) -> tuple[Any, Any]:
    """Scores and truth [documents, C] of the texts that have events."""
    seen = [text for text in texts if text.id in events]
    scores = [[events[text.id][label].score if label in events[text.id] else 0 for label in labels] for text in seen]
    truth = [[label in text.labels for label in labels] for text in seen]
    return np.array(scores, np.float32).reshape(-1, len(labels)), np.array(truth, np.bool_).reshape(-1, len(labels))


def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.get_template("report.html.jinja")
