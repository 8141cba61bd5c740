"""Whether scores can be read as probabilities.

Shapes: D documents, C labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onnx_export.train.pictures import pyplot

_BINS = 10


def reliability(scores: NDArray[np.float32], truth: NDArray[np.bool_]) -> list[tuple[float, float, float]]:
    """Per bin of equal width that is not empty: mean score, share of positives, share of all scores."""
    flat, positive = scores.reshape(-1), truth.reshape(-1)
    numbers = np.minimum((flat * _BINS).astype(int), _BINS - 1)
    members = [numbers == number for number in range(_BINS)]
    return [(float(flat[m].mean()), float(positive[m].mean()), float(m.mean())) for m in members if m.any()]


def expected_calibration_error(scores: NDArray[np.float32], truth: NDArray[np.bool_]) -> float:
    """Mean distance between score and share of positives over ten bins, weighted by their size (Naeini et al. 2015)."""
    return sum(share * abs(score - positive) for score, positive, share in reliability(scores, truth))


def save_reliability_diagram(scores: Mapping[str, NDArray[np.float32]], truth: NDArray[np.bool_], path: Path) -> None:
    """Draw the share of positives over the score, one line for each of the named ``scores`` [D, C], as a picture."""
    plots = pyplot()
    figure, axis = plots.subplots(figsize=(5, 4.5))
    axis.plot([0, 1], [0, 1], color="gray", linestyle=":", label="perfect")
    for name, values in scores.items():
        bins = reliability(values, truth)
        error = expected_calibration_error(values, truth)
        axis.plot(
            [score for score, _, _ in bins], [positive for _, positive, _ in bins], "o-", label=f"{name}, error {error:.3f}"
        )
    axis.set(xlabel="score", ylabel="share of documents that hold the label", xlim=(0, 1), ylim=(0, 1))
    axis.legend(loc="upper left", frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plots.close(figure)
