"""Metrics of multi-label document classification, thresholds, and the learning curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onnx_export.train.pictures import pyplot

_CANDIDATES = np.round(np.arange(0.04, 0.97, 0.02), 2)
_COMMON_POSITIVES = 5.0
"""As many positive documents does the label have that stands for all of them. Between 5 and 50 made no difference beyond noise on
held-out contracts, where labels have 16 on average; on posts, rare labels are the better the more their own documents count."""


@dataclass(frozen=True)
class Metrics:
    """Per label: positive documents, precision, recall, F1. Macro-F1 is the mean over the labels that occur."""

    micro_f1: float
    macro_f1: float
    labels: list[str]
    thresholds: list[float]
    positives: list[int]
    precision: list[float]
    recall: list[float]
    f1: list[float]

    def table(self) -> list[str]:
        rows = ["| label | documents | threshold | precision | recall | F1 |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
        columns = (self.labels, self.positives, self.thresholds, self.precision, self.recall, self.f1)
        rows += [
            f"| {label} | {count} | {threshold:.2f} | {precision:.2f} | {recall:.2f} | {f1:.2f} |"
            for label, count, threshold, precision, recall, f1 in zip(*columns, strict=True)
        ]
        return rows


def _f1(true_positives: NDArray[np.float64], predicted: NDArray[np.float64], actual: NDArray[np.float64]) -> NDArray[np.float64]:
    return 2 * true_positives / np.maximum(predicted + actual, 1)


def document_metrics(
    labels: Sequence[str], thresholds: Sequence[float], scores: NDArray[np.float32], truth: NDArray[np.bool_]
) -> Metrics:
    """``scores`` and ``truth`` are [documents, C]."""
    predicted = scores >= np.array(thresholds, np.float32)[None, :]
    hits = (predicted & truth).sum(axis=0).astype(np.float64)
    marked, actual = predicted.sum(axis=0).astype(np.float64), truth.sum(axis=0).astype(np.float64)
    f1 = _f1(hits, marked, actual)
    return Metrics(
        micro_f1=float(_f1(hits.sum(), marked.sum(), actual.sum())),
        macro_f1=float(f1[actual > 0].mean()) if actual.any() else 0.0,
        labels=list(labels),
        thresholds=[float(threshold) for threshold in thresholds],
        positives=[int(count) for count in actual],
        precision=[float(value) for value in hits / np.maximum(marked, 1)],
        recall=[float(value) for value in hits / np.maximum(actual, 1)],
        f1=[float(value) for value in f1],
    )


def average_precision(scores: NDArray[np.float32], truth: NDArray[np.bool_]) -> tuple[float, float]:
    """How well scores [documents, C] rank, thresholds aside: over all pairs of document and label, and the mean over labels.

    The latter is over the labels that occur; each is ranked by itself. 0 where nothing occurs.
    """
    from sklearn.metrics import average_precision_score

    if not truth.any():
        return 0.0, 0.0
    of_labels = [value for value in average_precision_of_labels(scores, truth) if value is not None]
    return float(average_precision_score(truth.ravel(), scores.ravel())), float(np.mean(of_labels))


def average_precision_of_labels(scores: NDArray[np.float32], truth: NDArray[np.bool_]) -> list[float | None]:
    """How well the scores [documents, C] of each label rank documents; None for a label that does not occur."""
    from sklearn.metrics import average_precision_score

    return [
        float(average_precision_score(of_label, scores[:, label])) if of_label.any() else None
        for label, of_label in enumerate(truth.T)
    ]


def tune_thresholds(scores: NDArray[np.float32], truth: NDArray[np.bool_]) -> list[float]:
    """Per label the threshold of the best F1 on these documents, drawn towards the one that is best for all labels together.

    To the documents of a label come those of an average label (as many that ``_COMMON_POSITIVES`` of them carry it), so a label with
    few positives, whose own best threshold would be noise, gets nearly the common one, however often others occur.
    """
    marked = scores[None, :, :] >= _CANDIDATES.astype(np.float32)[:, None, None]  # [candidates, documents, C]
    hits = (marked & truth[None]).sum(axis=1).astype(np.float64)
    predicted, actual = marked.sum(axis=1).astype(np.float64), truth.sum(axis=0).astype(np.float64)
    weight = _COMMON_POSITIVES / max(actual.mean(), 1.0)
    with_common = (counts + weight * counts.mean(axis=-1, keepdims=True) for counts in (hits, predicted, actual))
    f1 = _f1(*with_common)
    thresholds = []
    for label in range(truth.shape[1]):
        best = np.flatnonzero(f1[:, label] >= f1[:, label].max() - 1e-9)
        # In the middle of the best range, which generalises better than its edge.
        thresholds.append(float(_CANDIDATES[best[len(best) // 2]]))
    return thresholds


def save_learning_curve(history: Sequence[tuple[float, float, Metrics]], path: Path) -> None:
    """Draw (hours, training loss, validation metrics) per pass as a picture."""
    plots = pyplot()
    hours = [hour for hour, _, _ in history]
    figure, loss_axis = plots.subplots(figsize=(7, 4))
    loss_axis.plot(hours, [loss for _, loss, _ in history], "o-", color="gray", label="training loss")
    loss_axis.set(xlabel="hours of training", ylabel="training loss")
    score_axis = loss_axis.twinx()
    score_axis.plot(hours, [metrics.micro_f1 for _, _, metrics in history], "s-", label="validation micro-F1")
    score_axis.plot(hours, [metrics.macro_f1 for _, _, metrics in history], "^-", label="validation macro-F1")
    score_axis.set(ylabel="F1 of documents", ylim=(0, 1))
    figure.legend(loc="lower center", ncols=3, frameon=False)
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    figure.savefig(path, dpi=120)
    plots.close(figure)
