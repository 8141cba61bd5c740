"""The exported graphs and our reference against what the original code computed (``fixtures/hat``)."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from onnx_export.checkpoint import Checkpoint, read_checkpoint
from onnx_export.config import Head
from onnx_export.graph import build_graph
from onnx_export.packing import PackedLayout, open_session, run
from onnx_export.problems import ExportError
from onnx_export.reference import score_document

FIXTURES = Path(__file__).parent / "fixtures/hat"
EXPORTED = sorted(path.name for path in FIXTURES.iterdir() if path.name not in {"mlm", "multiple-choice-last"})
TOLERANCE = 1e-4


@dataclass
class Fixture:
    checkpoint: Checkpoint
    documents: list
    logits: list
    segment_positions: bool

    def __init__(self, name):
        expected = json.loads((FIXTURES / name / "expected.json").read_text())
        self.checkpoint = read_checkpoint(FIXTURES / name, pooling=expected["pooling"])
        self.documents, self.logits = expected["documents"], expected["logits"]
        self.segment_positions = expected.get("segment_positions", True)

    def layout(self):
        config = self.checkpoint.config
        return PackedLayout(config.segment_length, config.max_segments, config.cls_id, config.pad_id, "pad")

    def deviation(self, results, order):
        by_segment = self.checkpoint.config.head is Head.SEGMENT
        return max(
            np.abs((result.segments if by_segment else result.document) - np.array(self.logits[index])).max()
            for result, index in zip(results, order, strict=True)
        )


@pytest.fixture(params=EXPORTED)
def fixture(request):
    return Fixture(request.param)


def test_reference_computes_the_originals_scores(fixture):
    results = [
        score_document(fixture.checkpoint, document, pad_segment="pad", segment_positions=fixture.segment_positions)
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
    fixture = Fixture("seqcls-no-segment-positions")
    model = build_graph(fixture.checkpoint, segment_positions=True)
    results = run(open_session(model.SerializeToString()), fixture.layout().pack(fixture.documents))
    assert fixture.deviation(results, range(len(results))) > 0.01


@pytest.mark.parametrize(("name", "head"), [("mlm", "HATForMaskedLM"), ("multiple-choice-last", "HATForMultipleChoice")])
def test_heads_of_later_releases_are_refused_by_name(name, head):
    with pytest.raises(ExportError, match=f"architectures: {head} is not exported by this version"):
        read_checkpoint(FIXTURES / name)
