"""The exported graphs and our reference against what the original code computed.

``fixtures/hat``, or the folder that ``HAT_FIXTURES`` names: see ``make_original_fixtures.py``.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from onnx_export.hat.checkpoint import Checkpoint, read_checkpoint
from onnx_export.hat.config import Head
from onnx_export.hat.graph import build_graph
from onnx_export.hat.reference import score_document
from onnx_export.onnx.packing import PackedLayout, open_session, run

OURS = Path(__file__).parent / "fixtures/hat"
FIXTURES = sorted(Path(os.environ.get("HAT_FIXTURES", OURS)).iterdir())
TOLERANCE = 1e-4


@dataclass
class Fixture:
    checkpoint: Checkpoint
    documents: list
    logits: list
    segment_positions: bool
    pad_segment: str

    def __init__(self, folder):
        expected = json.loads((folder / "expected.json").read_text())
        self.checkpoint = read_checkpoint(folder, pooling=expected["pooling"])
        self.documents = expected["documents"]
        self.logits = expected["logits_every_5th_token"] if self.head is Head.TOKEN else expected["logits"]
        if self.head is Head.CHOICE:
            self.logits = np.reshape(self.logits, -1)  # the choices of one question follow each other
        self.segment_positions = expected.get("segment_positions", True)
        self.pad_segment = "cls" if expected["padded_input"]["pad_segments_start_with_cls"] else "pad"

    @property
    def head(self):
        return self.checkpoint.config.head

    def layout(self):
        config = self.checkpoint.config
        return PackedLayout(config.segment_length, config.max_segments, config.cls_id, config.pad_id, self.pad_segment)

    def deviation(self, results, order):
        return max(self._deviation(result, index) for result, index in zip(results, order, strict=True))

    def _deviation(self, result, index):
        if self.head is Head.TOKEN:
            segments = zip(self.documents[index], result.segments, self.logits[index], strict=True)
            return max(np.abs(actual[: len(tokens) : 5] - np.array(rows)).max() for tokens, actual, rows in segments)
        actual = result.segments if self.head is Head.SEGMENT else result.document
        return np.abs(actual - np.array(self.logits[index])).max()


@pytest.fixture(params=FIXTURES, ids=lambda folder: folder.name)
def fixture(request):
    return Fixture(request.param)


def test_reference_computes_the_originals_scores(fixture):
    results = [
        score_document(fixture.checkpoint, document, pad_segment=fixture.pad_segment, segment_positions=fixture.segment_positions)
        for document in fixture.documents
    ]
    assert fixture.deviation(results, range(len(results))) < TOLERANCE


def test_graph_computes_the_originals_scores_alone_and_in_any_batch(fixture):
    model = build_graph(fixture.checkpoint, segment_positions=fixture.segment_positions)
    session, pack = open_session(model.SerializeToString()), fixture.layout().pack
    count = len(fixture.documents)
    random = np.random.default_rng(5)
    orders = [[index] for index in range(count)] + [list(range(count))]
    orders += [list(random.permutation(count)) for _ in range(3)] + [list(random.choice(count, 15))]
    for order in orders:
        results = run(session, pack([fixture.documents[index] for index in order]))
        assert fixture.deviation(results, order) < TOLERANCE


def test_segment_positions_matter():
    fixture = Fixture(OURS / "seqcls-no-segment-positions")
    model = build_graph(fixture.checkpoint, segment_positions=True)
    results = run(open_session(model.SerializeToString()), fixture.layout().pack(fixture.documents))
    assert fixture.deviation(results, range(len(results))) > 0.01
