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

import numpy as np
from numpy.typing import NDArray

CALIBRATION = "calibration.json"
"""In the folder of a training."""

_PENALTY = 10.0
"""Of a deviation from the shared slope (per 3 units of logit) or offset, squared and halved."""


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
