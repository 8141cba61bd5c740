"""The exported graphs and our reference of ordinary encoders against what transformers computed.

``fixtures/encoder``, or the folder that ``ENCODER_FIXTURES`` names: see ``make_encoder_fixtures.py``.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from onnx_export.encoder.checkpoint import read_encoder
from onnx_export.encoder.graph import build_graph
from onnx_export.encoder.reference import logits_of
from onnx_export.onnx.packing import PackedLayout, open_session

FIXTURES = sorted(Path(os.environ.get("ENCODER_FIXTURES", Path(__file__).parent / "fixtures/encoder")).iterdir())
TOLERANCE = 1e-4


def within(actual, expected):
    """Whether logits agree to 1e-4, or to seven digits of the largest, if that is above 10."""
    expected = np.array(expected)
    return np.abs(actual - expected).max() < TOLERANCE * max(1, np.abs(expected).max() / 10)


@pytest.fixture(params=FIXTURES, ids=lambda folder: folder.name)
def fixture(request):
    expected = json.loads((request.param / "expected.json").read_text())
    return read_encoder(request.param), expected["inputs"], expected["logits"]


def test_reference_computes_what_transformers_does(fixture):
    checkpoint, inputs, expected = fixture
    for ids, logits in zip(inputs, expected, strict=True):
        assert within(logits_of(checkpoint, ids), logits)


def test_graph_computes_what_transformers_does_alone_and_in_any_batch(fixture):
    checkpoint, inputs, expected = fixture
    layout = PackedLayout(checkpoint.config.segment_length, 1, 0, 0, "none")
    session = open_session(build_graph(checkpoint).SerializeToString())
    random = np.random.default_rng(5)
    orders = [[index] for index in range(len(inputs))] + [list(random.permutation(len(inputs))) for _ in range(3)]
    for order in orders:
        [rows] = session.run(None, layout.pack([[inputs[index]] for index in order]).feeds())
        for row, index in zip(rows, order, strict=True):
            actual = row[: len(inputs[index])] if row.ndim == 2 else row
            assert within(actual, expected[index])
            assert row.ndim == 1 or not row[len(inputs[index]) :].any()
