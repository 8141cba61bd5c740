"""What the Java tests read is what this version of the exporter writes; run ``make_test_bundles.py`` if not."""

import json

import onnx
import pytest

from make_test_bundles import RESOURCES, segmentation_vectors, tokenizer_vectors, write_fixture_graphs, write_tiny_bundles
from onnx_export.golden import differences, read_golden
from onnx_export.precision import GOLDEN_TOLERANCE
from onnx_export.tokenization import TextTokenizer
from onnx_export.verify import checks
from random_checkpoints import tiny_tokenizer

pytestmark = pytest.mark.skipif(not RESOURCES.is_dir(), reason="needs the whole repository")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    path = tmp_path_factory.mktemp("tiny") / "tokenizer.json"
    path.write_text(tiny_tokenizer().to_str(), encoding="utf-8")
    return {"tiny": TextTokenizer(path)}


def lines(name):
    return [json.loads(line) for line in (RESOURCES / name).read_text(encoding="utf-8").split("\n") if line]


def as_json(value):
    return json.loads(json.dumps(value))


# Scores differ in their last digits from one processor to the next, so files are compared by what they say and not by byte.


@pytest.mark.parametrize("name", ["tiny-segments", "tiny-documents", "tiny-int8"])
def test_tiny_bundles_are_whole_and_current(tmp_path, name):
    write_tiny_bundles(tmp_path)
    committed, fresh = RESOURCES / "bundles" / name, tmp_path / name
    assert [str(check) for check in checks(committed) if not check.passed] == []
    manifests = [json.loads((folder / "manifest.json").read_text()) for folder in (committed, fresh)]
    for manifest in manifests:
        del manifest["files"]
    assert manifests[0] == manifests[1]
    graphs = [onnx.load(folder / "model.onnx").graph for folder in (committed, fresh)]
    assert list(graphs[0].node) == list(graphs[1].node)
    if manifests[0]["precision"] == "fp32":  # ranges for int8 are computed, and not to the same last digit everywhere
        assert graphs[0] == graphs[1]
    tolerance = GOLDEN_TOLERANCE[manifests[0]["precision"]]
    for before, after in zip(read_golden(committed / "golden.jsonl"), read_golden(fresh / "golden.jsonl"), strict=True):
        assert differences(before, after, tolerance)[0] == []


def test_fixture_graphs_are_current(tmp_path):
    write_fixture_graphs(tmp_path)
    fresh = {path.parent.name: onnx.load(path).graph for path in tmp_path.rglob("model.onnx")}
    committed = {path.parent.name: onnx.load(path).graph for path in (RESOURCES / "hat-fixtures").rglob("model.onnx")}
    assert fresh.keys() == committed.keys()
    assert [name for name in fresh if fresh[name] != committed[name]] == []


def test_segmentation_vectors_are_current(tiny):
    committed = lines("segmentation-vectors.jsonl")
    for record in committed:
        record["tokenizations"] = [item for item in record["tokenizations"] if item["tokenizer"] == "tiny"]
    assert committed == as_json(segmentation_vectors(tiny))


def test_tokenizer_vectors_are_current(tiny):
    committed = [record for record in lines("tokenizer-vectors.jsonl") if record["tokenizer"] == "tiny"]
    assert committed == as_json(tokenizer_vectors(tiny))
    assert len({record["text"] for record in committed}) >= 200
