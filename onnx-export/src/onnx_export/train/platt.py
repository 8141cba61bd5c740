"""Scores that can be read as probabilities: Platt scaling of document logits.

Per label, ``sigmoid(slope · logit + offset)`` (Platt 1999). Most labels have few positive documents, so slope and offset are
shared by all labels as far as a label's own documents do not speak against it: one logistic regression over all pairs of
document and label, in which deviations from the shared slope and offset are penalised. Scaling keeps the order of a label's
documents, so it commutes with the maximum over segments and can be folded into the classifier: nothing changes at run time.

Shapes: D documents, C labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onnx_export.train.pictures import pyplot

CALIBRATION = "calibration.json"
"""In the folder of a training."""

_PENALTY = 10.0
"""Of a deviation from the shared slope (per 3 units of logit) or offset, squared and halved."""
_BINS = 10


@dataclass(frozen=True)
class Calibration:
    """Slope, above 0, and offset of each label, float32 [C]."""

    slopes: NDArray[np.float32]
    offsets: NDArray[np.float32]

    def calibrate(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits [..., C]."""
        return logits * self.slopes + self.offsets

    def fold_into(
        self, weight: NDArray[np.float32], bias: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weight [C, H] and bias [C] of a classifier that gives calibrated logits."""
        return weight * self.slopes[:, None], bias * self.slopes + self.offsets

    def unfold_from(
        self, weight: NDArray[np.float32], bias: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What :meth:`fold_into` was given."""
        return weight / self.slopes[:, None], (bias - self.offsets) / self.slopes

    def as_json(self) -> dict[str, list[float]]:
        return {"slopes": self.slopes.tolist(), "offsets": self.offsets.tolist()}

    @staticmethod
    def from_json(content: Mapping[str, list[float]]) -> Calibration:
        return Calibration(np.array(content["slopes"], np.float32), np.array(content["offsets"], np.float32))


def fit_calibration(logits: NDArray[np.float32], truth: NDArray[np.bool_]) -> Calibration:
    """Fit to the logits [D, C] of documents that were not trained on.

    Where those say nothing, or that a higher logit means fewer positives, logits stay as they are.
    """
    from sklearn.linear_model import LogisticRegression

    documents, labels = logits.shape
    unchanged = Calibration(np.ones(labels, np.float32), np.zeros(labels, np.float32))
    if truth.all() or not truth.any():
        return unchanged
    shared = 10.0  # a column this much larger is penalised this much squared less: the shared part is as good as free
    unit = 3.0
    design = np.zeros((documents, labels, 2 + 2 * labels))
    own = np.arange(labels)
    design[:, :, 0] = shared * logits / unit
    design[:, :, 1] = shared
    design[:, own, 2 + own] = logits / unit
    design[:, own, 2 + labels + own] = 1
    fitted = LogisticRegression(C=1 / _PENALTY, fit_intercept=False, max_iter=5000).fit(
        design.reshape(documents * labels, -1), truth.reshape(-1)
    )
    slope, offset = shared * fitted.coef_[0, :2]
    if slope <= 0:
        return unchanged
    slopes = np.maximum(slope + fitted.coef_[0, 2 : 2 + labels], slope / 4) / unit
    return Calibration(slopes.astype(np.float32), (offset + fitted.coef_[0, 2 + labels :]).astype(np.float32))


def _bins(scores: NDArray[np.float32], truth: NDArray[np.bool_]) -> list[tuple[float, float, float]]:
    """Per bin of equal width that is not empty: mean score, share of positives, share of all scores."""
    flat, positive = scores.reshape(-1), truth.reshape(-1)
    numbers = np.minimum((flat * _BINS).astype(int), _BINS - 1)
    members = [numbers == number for number in range(_BINS)]
    return [(float(flat[m].mean()), float(positive[m].mean()), float(m.mean())) for m in members if m.any()]


def expected_calibration_error(scores: NDArray[np.float32], truth: NDArray[np.bool_]) -> float:
    """Mean distance between score and share of positives over ten bins, weighted by their size (Naeini et al. 2015)."""
    return sum(share * abs(score - positive) for score, positive, share in _bins(scores, truth))


def save_reliability_diagram(scores: Mapping[str, NDArray[np.float32]], truth: NDArray[np.bool_], path: Path) -> None:
    """Draw the share of positives over the score, one line for each of the named ``scores`` [D, C], as a picture."""
    plots = pyplot()
    figure, axis = plots.subplots(figsize=(5, 4.5))
    axis.plot([0, 1], [0, 1], color="gray", linestyle=":", label="perfect")
    for name, values in scores.items():
        bins = _bins(values, truth)
        error = expected_calibration_error(values, truth)
        axis.plot(
            [score for score, _, _ in bins], [positive for _, positive, _ in bins], "o-", label=f"{name}, error {error:.3f}"
        )
    axis.set(xlabel="score", ylabel="share of documents that hold the label", xlim=(0, 1), ylim=(0, 1))
    axis.legend(loc="upper left", frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plots.close(figure)
