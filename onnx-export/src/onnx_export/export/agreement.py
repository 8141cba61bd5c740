"""An export is done when the graph agrees with the original's computation on the checkpoint at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from onnx_export.contract import Logits
from onnx_export.export.graph_settings import GraphSettings
from onnx_export.hat.checkpoint import Checkpoint, as_stored
from onnx_export.hat.config import Head
from onnx_export.hat.graph import build_graph
from onnx_export.hat.reference import score_document
from onnx_export.onnx.int8 import UNQUANTISED, EmulatedInt8Matrix, Int8Matrix, Quantised
from onnx_export.onnx.packing import Segments, open_session, run
from onnx_export.onnx.storage import Storage
from onnx_export.problems import ExportError

TOLERANCE = 1e-4
"""By how much a logit of a float32 graph may differ from the reference's; where the largest logit is above 10, that much for each 10 of it,
since float32 has seven digits."""

FP16_TOLERANCE = 0.02
"""The same for a float16 graph, as a share of the largest logit."""

INT8_TOLERANCE = 1.5
"""By how much logits of an int8 graph may differ from those of a float32 graph that rounds alike, as a share of what rounding moves in
the latter; root mean squares. They differ at all because a value in the middle between two steps may fall on either, and its
neighbours then follow: with every layer more, up to the square root of two, where both have nothing but the size of their errors in common."""

_MOST_TOKEN_LOGITS = 2**26
_RAGGED = 4


@dataclass(frozen=True)
class Agreement:
    """How well a graph agrees with what it should compute, in logits."""

    documents: int
    deviation: float
    """Largest difference to the reference with the weights as stored; of an int8 graph, to the float32 graph that rounds alike."""
    effect: float
    """Largest difference to the float32 graph with the checkpoint's own weights: what storage and precision cost. 0 for fp32."""


def check_agreement(
    checkpoint: Checkpoint,
    model: bytes,
    settings: GraphSettings,
    *,
    quantised: Mapping[str, Int8Matrix] = UNQUANTISED,
    samples: Sequence[Segments] = (),
) -> Agreement:
    """Score documents in one packed batch and compare with a second computation of the same.

    Args:
        checkpoint: configuration and weights.
        model: the graph in question.
        settings: those it was built with.
        quantised: the matrices of an int8 graph.
        samples: documents to take instead of made-up ones, whose random tokens tell nothing about what int8 costs.

    Raises:
        ExportError: if they differ by more than the tolerance; that is a defect of the exporter, not of the checkpoint.
    """
    documents = [*samples] or made_up_documents(checkpoint)
    ways = _WaysToLogits(checkpoint, settings, documents)
    actual = ways.by_model(model)
    exact = actual if settings.storage == settings.precision == "fp32" else ways.by_graph()
    expected = _check_int8(ways, actual, exact, quantised) if settings.precision == "int8" else _check_floats(ways, actual)
    return Agreement(len(documents), _largest(actual, expected), _largest(actual, exact))


class _WaysToLogits:
    """Logits of the same documents by one graph or another, or without any."""

    def __init__(self, checkpoint: Checkpoint, settings: GraphSettings, documents: Sequence[Segments]) -> None:
        self.checkpoint, self.settings, self.documents = checkpoint, settings, documents
        self._batch = settings.layout(checkpoint.config).pack(documents)

    def by_model(self, model: bytes) -> list[Logits]:
        return run(open_session(model, threads=0), self._batch)

    def by_graph(self, storage: Storage = "fp32", quantised: Quantised = UNQUANTISED) -> list[Logits]:
        positions = self.settings.segment_positions
        graph = build_graph(self.checkpoint, segment_positions=positions, storage=storage, quantised=quantised)
        return self.by_model(graph.SerializeToString())

    def by_reference(self, checkpoint: Checkpoint) -> list[Logits]:
        padding, positions = self.settings.pad_segment, self.settings.segment_positions
        return [
            score_document(checkpoint, document, pad_segment=padding, segment_positions=positions) for document in self.documents
        ]


def _check_int8(
    ways: _WaysToLogits, actual: Sequence[Logits], exact: Sequence[Logits], quantised: Mapping[str, Int8Matrix]
) -> list[Logits]:
    """Compare with a float32 graph that rounds alike, after that without rounding has been compared with the reference."""
    truth = ways.by_reference(ways.checkpoint)
    _refuse_above(_tolerance(truth), ways.checkpoint, _largest(exact, truth))
    emulated = {name: EmulatedInt8Matrix(matrix) for name, matrix in quantised.items()}
    expected = ways.by_graph(ways.settings.storage, emulated)
    limit = TOLERANCE + INT8_TOLERANCE * _root_mean_square(expected, exact)
    _refuse_above(limit, ways.checkpoint, _root_mean_square(actual, expected))
    return expected


def _check_floats(ways: _WaysToLogits, actual: Sequence[Logits]) -> list[Logits]:
    """Compare with the reference on the weights as stored."""
    expected = ways.by_reference(as_stored(ways.checkpoint, ways.settings.storage))
    limit = _tolerance(expected) if ways.settings.precision == "fp32" else FP16_TOLERANCE * _largest_logit(expected)
    _refuse_above(limit, ways.checkpoint, _largest(actual, expected))
    return expected


def _largest_logit(logits: Sequence[Logits]) -> float:
    return max(float(np.abs(document.segments).max()) for document in logits)


def _tolerance(expected: Sequence[Logits]) -> float:
    return TOLERANCE * max(1.0, _largest_logit(expected) / 10)


def _refuse_above(limit: float, checkpoint: Checkpoint, deviation: float) -> None:
    if not deviation <= limit:
        raise ExportError(
            checkpoint.name,
            [
                f"the graph's logits differ from the reference computation by {deviation:.1e}, "
                f"expected at most {limit:.0e}: this is a defect of onnx_export, please report it"
            ],
        )


def _largest(actual: Sequence[Logits], expected: Sequence[Logits]) -> float:
    return float(np.abs(_gaps(actual, expected)).max())


def _root_mean_square(actual: Sequence[Logits], expected: Sequence[Logits]) -> float:
    return float(np.sqrt(np.mean(np.square(_gaps(actual, expected), dtype=np.float64))))


def _gaps(actual: Sequence[Logits], expected: Sequence[Logits]) -> np.ndarray:
    """Of all logits, those of documents included where there are any."""
    gaps = [a.segments - b.segments for a, b in zip(actual, expected, strict=True)]
    gaps += [
        a.document - b.document
        for a, b in zip(actual, expected, strict=True)
        if a.document is not None and b.document is not None
    ]
    return np.concatenate([gap.ravel() for gap in gaps])


def made_up_documents(checkpoint: Checkpoint, seed: int = 20221011) -> list[Segments]:
    """Three documents of random tokens: one short segment, a full document, and a few ragged segments."""
    config = checkpoint.config
    K, N, first_id = config.segment_length, config.max_segments, config.first_id
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
