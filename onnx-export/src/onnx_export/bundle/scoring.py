"""From logits to scores, step 4 of ``docs/bundle.md``; the label policy in Java mirrors this module.

n segments of a document, C labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onnx_export.contract import Logits, ProblemType, SegmentPooling
from onnx_export.text.segmentation import Span

DEFAULT_THRESHOLD = 0.5
"""Of labels that may hold together."""


@dataclass(frozen=True)
class DocumentScores:
    """Scores of a document [C] and of each of its segments [n, C]: 0 to 1, or as trained for a regression."""

    document: NDArray[np.float32]
    segments: NDArray[np.float32]


def scores(logits: NDArray[np.float32], problem_type: ProblemType) -> NDArray[np.float32]:
    """Scores of logits [..., C]: sigmoid, softmax over the labels, or the logits themselves."""
    if problem_type == "regression":
        return logits
    if problem_type == "multi-label":
        # Split by sign so that no exponential overflows.
        small = np.exp(-np.abs(logits))
        return np.where(logits >= 0, 1 / (1 + small), small / (1 + small))
    exponential = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: NDArray[np.float32] = exponential / exponential.sum(axis=-1, keepdims=True)
    return result


def default_threshold(labels: int, problem_type: ProblemType | None) -> float:
    """What the best of labels that exclude each other reaches, else one half."""
    return always_reached(labels) if problem_type == "single-label" and labels else DEFAULT_THRESHOLD


def always_reached(labels: int) -> float:
    """The threshold that the best of so many labels that exclude each other always reaches: their scores add up to 1."""
    return 1 / labels


def combine_embeddings(logits: Sequence[Logits]) -> NDArray[np.float32]:
    """The vector [H] of a document: the mean of those of its windows."""
    vectors = [window.document for window in logits if window.document is not None]
    mean: NDArray[np.float32] = np.stack(vectors).mean(axis=0, dtype=np.float32)
    return mean


def combine_windows(windows: Sequence[Span], logits: Sequence[Logits], problem_type: ProblemType) -> DocumentScores:
    """Combine the windows of one document: every score is the maximum over the windows, or segments, that it could come from.

    Args:
        windows: first and end segment of each window; together they hold every segment.
        logits: of each window.
        problem_type: how logits become scores.
    """
    in_windows = [scores(window.segments, problem_type) for window in logits]
    segments = np.full((windows[-1][1], in_windows[0].shape[1]), -np.inf, dtype=np.float32)
    for (first, end), rows in zip(windows, in_windows, strict=True):
        np.maximum(segments[first:end], rows, out=segments[first:end])
    documents = [window.document for window in logits if window.document is not None]
    if documents:
        return DocumentScores(scores(np.stack(documents), problem_type).max(axis=0), segments)
    return DocumentScores(segments.max(axis=0), segments)


def combine_segments(logits: Sequence[Logits], problem_type: ProblemType, pooling: SegmentPooling) -> DocumentScores:
    """Scores of a document by an encoder, which looks at each segment alone: those of its segments' logits, pooled label by label.

    The logits of a document of one segment are that segment's, whatever the pooling.
    """
    segments = np.concatenate([window.segments for window in logits])
    return DocumentScores(scores(_pooled(segments, pooling), problem_type), scores(segments, problem_type))


def _pooled(logits: NDArray[np.float32], pooling: SegmentPooling) -> NDArray[np.float32]:
    """[n, C] -> [C]"""
    wide = logits.astype(np.float64)
    largest = wide.max(axis=0)
    pooled = {
        "max": largest,
        "mean": wide.mean(axis=0),
        "logsumexp": largest + np.log(np.exp(wide - largest).sum(axis=0)),
    }
    result: NDArray[np.float32] = pooled[pooling].astype(np.float32)
    return result
