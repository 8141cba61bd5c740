"""An export is done when the graph agrees with the original's computation on the checkpoint at hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from onnx_export.checkpoint import Checkpoint
from onnx_export.config import HatConfig, Head, PadSegment
from onnx_export.graph import build_graph
from onnx_export.packing import PackedLayout, Segments, open_session, run
from onnx_export.problems import ExportError
from onnx_export.reference import score_document
from onnx_export.scoring import Logits
from onnx_export.storage import Storage, as_stored

TOLERANCE = 1e-4
"""By how much a logit of the graph may differ from the reference's."""

_MOST_TOKEN_LOGITS = 2**26
_RAGGED = 4


@dataclass(frozen=True)
class Agreement:
    """How well a graph agrees with the reference, in logits."""

    documents: int
    deviation: float
    """Largest difference to the reference with the weights as stored."""
    storage_effect: float
    """Largest difference to a graph with the checkpoint's own weights: what ``--weights int8`` costs."""


def check_agreement(
    checkpoint: Checkpoint,
    model: bytes,
    *,
    pad_segment: PadSegment,
    segment_positions: bool,
    storage: Storage,
) -> Agreement:
    """Score made-up documents in one packed batch and each alone and padded by the reference.

    Raises:
        ExportError: if they differ by more than ``TOLERANCE``; that is a defect of the exporter, not of the checkpoint.
    """
    documents = made_up_documents(checkpoint)
    config = checkpoint.config
    layout = PackedLayout(config.segment_length, config.max_segments, _first_id(config), config.pad_id, pad_segment)
    batch = layout.pack(documents)
    packed = run(open_session(model, threads=0), batch)
    computed_with = as_stored(checkpoint, storage)
    deviation = 0.0
    for logits, document in zip(packed, documents, strict=True):
        expected = score_document(computed_with, document, pad_segment=pad_segment, segment_positions=segment_positions)
        deviation = float(np.maximum(deviation, _difference(logits, expected)))
    if not deviation <= TOLERANCE:
        raise ExportError(
            checkpoint.name,
            [
                f"the graph's logits differ from the reference computation by {deviation:.1e}, "
                f"expected at most {TOLERANCE:.0e}: this is a defect of onnx_export, please report it"
            ],
        )
    if storage == "fp32":
        return Agreement(len(documents), deviation, 0.0)
    own_weights = build_graph(checkpoint, segment_positions=segment_positions).SerializeToString()
    moved = [_difference(a, b) for a, b in zip(packed, run(open_session(own_weights, threads=0), batch), strict=True)]
    return Agreement(len(documents), deviation, max(moved))


def made_up_documents(checkpoint: Checkpoint, seed: int = 20221011) -> list[Segments]:
    """Three documents of random tokens: one short segment, a full document, and a few ragged segments."""
    config = checkpoint.config
    K, N, first_id = config.segment_length, config.max_segments, _first_id(config)
    if config.head is Head.TOKEN:
        # Logits of every token against every entry of the vocabulary: a full document would take gigabytes.
        N = min(N, max(2, _MOST_TOKEN_LOGITS // (K * config.vocabulary_size)))
    random = np.random.default_rng(seed)
    ordinary = np.setdiff1d(np.arange(config.vocabulary_size), [config.pad_id, first_id])
    if not ordinary.size:
        ordinary = np.array([first_id])

    def segment(tokens: int) -> list[int]:
        return [first_id, *(int(token) for token in random.choice(ordinary, tokens - 1))]

    lengths = [[2], [K] * N, [int(random.integers(2, K + 1)) for _ in range(min((N + 1) // 2, _RAGGED))]]
    return [[segment(length) for length in document] for document in lengths]


def _first_id(config: HatConfig) -> int:
    """The id that begins segments; any will do to compare two computations, so where nobody says, one that is not the pad's."""
    return config.cls_id if config.cls_id is not None else (config.pad_id + 1) % config.vocabulary_size


def _difference(actual: Logits, expected: Logits) -> float:
    gaps = [np.abs(actual.segments - expected.segments).max()]
    if actual.document is not None and expected.document is not None:
        gaps.append(np.abs(actual.document - expected.document).max())
    return float(np.max(gaps))
