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

from onnx_export.bundle.scoring import scores as scores_of
from onnx_export.train.metrics import (
    Metrics,
    average_precision,
    average_precision_of_labels,
    document_metrics,
    tune_thresholds,
)
from onnx_export.train.platt import Calibration, fit_calibration
from onnx_export.train.reliability import expected_calibration_error, save_reliability_diagram

HELD_OUT = "held-out.npz"

HALVINGS = 30


def probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return scores_of(logits, "multi-label")


@dataclass(frozen=True)
class Scored:
    """Logits as the model was trained, and which labels the documents carry, [D, C] each."""

    logits: NDArray[np.float32]
    truth: NDArray[np.bool_]

    def __add__(self, other: Scored) -> Scored:
        return Scored(np.concatenate([self.logits, other.logits]), np.concatenate([self.truth, other.truth]))

    def part(self, rows: NDArray[np.int64]) -> Scored:
        return Scored(self.logits[rows], self.truth[rows])


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
class F1InHalves:
    """Of all held-out documents, half at random to tune on and half to measure, many times: means and standard deviations.

    One split says as much about its few dozen documents as about the model: its thresholds alone move F1 by a point or two.
    """

    micro_f1: float
    macro_f1: float
    micro_f1_deviation: float
    macro_f1_deviation: float

    @staticmethod
    def of(scored: Scored) -> F1InHalves:
        random, count = np.random.default_rng(0), len(scored.truth)
        labels = [""] * scored.truth.shape[1]
        values = []
        for _ in range(HALVINGS):
            order = random.permutation(count)
            tuned_on, measured = (scored.part(rows) for rows in (order[: count // 2], order[count // 2 :]))
            tuned = Tuned.on(tuned_on)
            metrics = document_metrics(labels, tuned.thresholds, tuned.probabilities(measured.logits), measured.truth)
            values.append((metrics.micro_f1, metrics.macro_f1))
        return F1InHalves(*np.mean(values, axis=0).tolist(), *np.std(values, axis=0).tolist())


@dataclass(frozen=True)
class Report:
    """How a model tuned on the validation documents (``tuned``) does on the test documents, and what depends less on the split."""

    tuned: Tuned
    metrics: Metrics
    error_as_trained: float
    error_calibrated: float
    """Expected calibration errors."""
    average_precision: tuple[float, float]
    """Of the test documents, see :func:`onnx_export.train.metrics.average_precision`."""
    average_precision_of_labels: list[float | None]
    halves: F1InHalves

    @staticmethod
    def of(held_out: HeldOut) -> Report:
        tuned, test = Tuned.on(held_out.validation), held_out.test
        scores = tuned.probabilities(test.logits)
        return Report(
            tuned,
            document_metrics(held_out.labels, tuned.thresholds, scores, test.truth),
            expected_calibration_error(probabilities(test.logits), test.truth),
            expected_calibration_error(scores, test.truth),
            average_precision(test.logits, test.truth),
            average_precision_of_labels(test.logits, test.truth),
            F1InHalves.of(held_out.everything()),
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "test": asdict(self.metrics),
            "expected_calibration_error": {"before": self.error_as_trained, "after": self.error_calibrated},
            "average_precision": dict(zip(("pairs", "labels"), self.average_precision, strict=True)),
            "average_precision_of_labels": dict(zip(self.metrics.labels, self.average_precision_of_labels, strict=True)),
            "f1_in_halves": asdict(self.halves),
        }

    def lines(self) -> Sequence[str]:
        return [
            *self.metrics.table(),
            f"test documents: micro-F1 {self.metrics.micro_f1:.3f}, macro-F1 {self.metrics.macro_f1:.3f}",
            "average precision {:.3f} over all pairs of document and label, {:.3f} as mean over labels".format(
                *self.average_precision
            ),
            f"expected calibration error {self.error_as_trained:.3f} as trained, {self.error_calibrated:.3f} calibrated",
            f"all held-out documents, half of them to tune on, {HALVINGS} times: micro-F1 {self.halves.micro_f1:.3f} "
            f"± {self.halves.micro_f1_deviation:.3f}, macro-F1 {self.halves.macro_f1:.3f} ± {self.halves.macro_f1_deviation:.3f}",
        ]

    def draw_reliability(self, test: Scored, path: Path) -> None:
        """The share of test documents that hold a label over their score for it, as trained and calibrated, as a picture."""
        curves = {"as trained": probabilities(test.logits), "calibrated": self.tuned.probabilities(test.logits)}
        save_reliability_diagram(curves, test.truth, path)
