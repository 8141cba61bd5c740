"""Scores of documents that a training did not learn from: what calibrates, sets thresholds and is reported.

Shapes: D documents, C labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export.metrics import Metrics, document_metrics, tune_thresholds
from onnx_export.platt import Calibration, expected_calibration_error, fit_calibration, save_reliability_diagram
from onnx_export.scoring import scores as scores_of

HELD_OUT = "held-out.npz"


def probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return scores_of(logits, "multi-label")


@dataclass(frozen=True)
class Scored:
    """Logits as the model was trained, and which labels the documents carry, [D, C] each."""

    logits: NDArray[np.float32]
    truth: NDArray[np.bool_]

    def __add__(self, other: Scored) -> Scored:
        return Scored(np.concatenate([self.logits, other.logits]), np.concatenate([self.truth, other.truth]))


@dataclass(frozen=True)
class HeldOut:
    """``validation`` may be tuned on, ``test`` may not."""

    labels: list[str]
    validation: Scored
    test: Scored

    @staticmethod
    def read(folder: Path) -> HeldOut:
        """What :meth:`write` left in a checkpoint's folder.

        Raises:
            ValueError: if there is none.
        """
        path = folder / HELD_OUT
        if not path.is_file():
            raise ValueError(f"{path} is missing; expected the folder of a training that held texts out and ran to its end")
        with np.load(path) as arrays:
            parts = [Scored(arrays[f"{part}_logits"], arrays[f"{part}_truth"]) for part in ("validation", "test")]
            return HeldOut([str(label) for label in arrays["labels"]], *parts)

    def write(self, folder: Path) -> None:
        arrays = {f"{name}_{kind}": array for name in ("validation", "test") for kind, array in vars(getattr(self, name)).items()}
        np.savez(folder / HELD_OUT, labels=np.array(self.labels), **arrays)

    def everything(self) -> Scored:
        return self.validation + self.test


@dataclass(frozen=True)
class Tuned:
    """Calibration of a model's logits and a threshold for each label's calibrated score."""

    calibration: Calibration
    thresholds: list[float]

    @staticmethod
    def on(scored: Scored) -> Tuned:
        calibration = fit_calibration(scored.logits, scored.truth)
        return Tuned(calibration, tune_thresholds(probabilities(calibration.calibrate(scored.logits)), scored.truth))

    def probabilities(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        return probabilities(self.calibration.calibrate(logits))


@dataclass(frozen=True)
class Report:
    """How a model tuned on the validation documents (``tuned``) does on the test documents."""

    tuned: Tuned
    metrics: Metrics
    error_as_trained: float
    error_calibrated: float
    """Expected calibration errors."""

    @staticmethod
    def of(held_out: HeldOut) -> Report:
        tuned, test = Tuned.on(held_out.validation), held_out.test
        scores = tuned.probabilities(test.logits)
        return Report(
            tuned,
            document_metrics(held_out.labels, tuned.thresholds, scores, test.truth),
            expected_calibration_error(probabilities(test.logits), test.truth),
            expected_calibration_error(scores, test.truth),
        )

    def as_json(self) -> dict[str, Any]:
        errors = {"before": self.error_as_trained, "after": self.error_calibrated}
        return {"test": asdict(self.metrics), "expected_calibration_error": errors}

    def lines(self) -> Sequence[str]:
        return [
            *self.metrics.table(),
            f"test documents: micro-F1 {self.metrics.micro_f1:.3f}, macro-F1 {self.metrics.macro_f1:.3f}",
            f"expected calibration error {self.error_as_trained:.3f} as trained, {self.error_calibrated:.3f} calibrated",
        ]

    def draw_reliability(self, test: Scored, path: Path) -> None:
        """The share of test documents that hold a label over their score for it, as trained and calibrated, as a picture."""
        curves = {"as trained": probabilities(test.logits), "calibrated": self.tuned.probabilities(test.logits)}
        save_reliability_diagram(curves, test.truth, path)
