"""An export is done when the graph agrees with the original's computation on the checkpoint at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

import numpy as np

from onnx_export.export.packed_model import Array, PackedModel, Window, answers_of
from onnx_export.onnx.int8 import UNQUANTISED, EmulatedInt8Matrix, Int8Matrix, Quantised
from onnx_export.onnx.packing import open_session
from onnx_export.onnx.storage import Storage
from onnx_export.problems import ExportError

TOLERANCE = 1e-4
"""By how much an answer of a float32 graph, a logit or a log-likelihood, may differ from the reference's; where the largest is above 10,
that much for each 10 of it, since float32 has seven digits."""

FP16_TOLERANCE = 0.02
"""The same for a float16 graph, as a share of the largest answer."""

INT8_TOLERANCE = 1.5
"""By how much answers of an int8 graph may differ from those of a float32 graph that rounds alike, as a share of what rounding moves in
the latter; root mean squares. They differ at all because a value in the middle between two steps may fall on either, and its
neighbours then follow: with every layer more, up to the square root of two, where both have nothing but the size of their errors in common."""

_MOST_TOKEN_LOGITS = 2**26
_RAGGED = 4


@dataclass(frozen=True)
class Agreement:
    """How well a graph agrees with what it should compute, in logits or log-likelihoods."""

    documents: int
    """Or windows, which is what was compared."""
    deviation: float
    """Largest difference to the reference with the weights as stored; of an int8 graph, to the float32 graph that rounds alike."""
    effect: float
    """Largest difference to the float32 graph with the checkpoint's own weights: what storage and precision cost. 0 for fp32."""


def check_agreement(
    model: PackedModel[Window],
    graph: bytes,
    *,
    quantised: Mapping[str, Int8Matrix] = UNQUANTISED,
    samples: Sequence[Window] = (),
) -> Agreement:
    """Answer for windows in one packed batch and compare with a second computation of the same.

    Args:
        model: what the graph was built from.
        graph: the graph in question.
        quantised: the matrices of an int8 graph.
        samples: windows to take instead of made-up ones, whose random ids tell nothing about what int8 costs.

    Raises:
        ExportError: if they differ by more than the tolerance; that is a defect of the exporter, not of the checkpoint.
    """
    ways = _WaysToAnswers(model, [*samples] or [*model.made_up_windows()])
    actual = ways.by_graph(graph)
    exact = actual if model.storage == model.precision == "fp32" else ways.by_float_graph("fp32")
    expected = _check_int8(ways, actual, exact, quantised) if model.precision == "int8" else _check_floats(ways, actual)
    return Agreement(len(ways.windows), _largest(actual, expected), _largest(actual, exact))


class _WaysToAnswers(Generic[Window]):
    """Answers for the same windows by one graph or another, or without any."""

    def __init__(self, model: PackedModel[Window], windows: Sequence[Window]) -> None:
        self.model, self.windows = model, windows

    def by_graph(self, graph: bytes) -> list[Array]:
        return answers_of(self.model, open_session(graph, threads=0), self.windows)

    def by_float_graph(self, storage: Storage, quantised: Quantised = UNQUANTISED) -> list[Array]:
        return self.by_graph(self.model.graph(storage, quantised).SerializeToString())

    def by_reference(self, storage: Storage) -> list[Array]:
        return self.model.reference(self.windows, storage)


def _check_int8(
    ways: _WaysToAnswers[Window], actual: Sequence[Array], exact: Sequence[Array], quantised: Mapping[str, Int8Matrix]
) -> list[Array]:
    """Compare with a float32 graph that rounds alike, after that without rounding has been compared with the reference."""
    truth = ways.by_reference("fp32")
    _refuse_above(_tolerance(truth), ways.model.name, _largest(exact, truth))
    emulated = {name: EmulatedInt8Matrix(matrix) for name, matrix in quantised.items()}
    expected = ways.by_float_graph(ways.model.storage, emulated)
    limit = TOLERANCE + INT8_TOLERANCE * _root_mean_square(expected, exact)
    _refuse_above(limit, ways.model.name, _root_mean_square(actual, expected))
    return expected


def _check_floats(ways: _WaysToAnswers[Window], actual: Sequence[Array]) -> list[Array]:
    """Compare with the reference on the weights as stored."""
    expected = ways.by_reference(ways.model.storage)
    limit = _tolerance(expected) if ways.model.precision == "fp32" else FP16_TOLERANCE * _largest_answer(expected)
    _refuse_above(limit, ways.model.name, _largest(actual, expected))
    return expected


def _largest_answer(answers: Sequence[Array]) -> float:
    return max(float(np.abs(window).max()) for window in answers)


def _tolerance(expected: Sequence[Array]) -> float:
    return TOLERANCE * max(1.0, _largest_answer(expected) / 10)


def _refuse_above(limit: float, name: str, deviation: float) -> None:
    if not deviation <= limit:
        raise ExportError(
            name,
            [
                f"the graph's answers differ from the reference computation by {deviation:.1e}, "
                f"expected at most {limit:.0e}: this is a defect of onnx_export, please report it"
            ],
        )


def _largest(actual: Sequence[Array], expected: Sequence[Array]) -> float:
    return float(np.abs(_gaps(actual, expected)).max())


def _root_mean_square(actual: Sequence[Array], expected: Sequence[Array]) -> float:
    return float(np.sqrt(np.mean(np.square(_gaps(actual, expected), dtype=np.float64))))


def _gaps(actual: Sequence[Array], expected: Sequence[Array]) -> Array:
    return np.concatenate([a - b for a, b in zip(actual, expected, strict=True)])
