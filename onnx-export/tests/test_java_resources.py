"""What the Java tests read is what this version of the exporter writes; run ``make_test_bundles.py`` if not."""

import json

import onnx
import pytest

from make_test_bundles import (
    RESOURCES,
    open_tokenizers,
    segmentation_vectors,
    tokenizer_vectors,
    write_encoder_bundles,
    write_fixture_graphs,
    write_hourglass_fixture_graphs,
    write_tiny_bundles,
    write_tiny_symbol_bundles,
    write_wrong_graphs,
)
from onnx_export.bundle.golden import differences, read_golden
from onnx_export.bundle.verify import checks
from onnx_export.export.precision import GOLDEN_TOLERANCE

pytestmark = pytest.mark.skipif(not RESOURCES.is_dir(), reason="needs the whole repository")


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory):
    return dict(zip(["tiny", "bert", "roberta"], open_tokenizers(tmp_path_factory.mktemp("tokenizers")), strict=True))


def lines(name):
    return [json.loads(line) for line in (RESOURCES / name).read_text(encoding="utf-8").split("\n") if line]


def as_json(value):
    return json.loads(json.dumps(value))


# Scores differ in their last digits from one processor to the next, so files are compared by what they say and not by byte.


@pytest.fixture(scope="module")
def fresh_bundles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("resources")
    write_tiny_bundles(folder / "bundles")
    write_tiny_symbol_bundles(folder / "bundles")
    write_encoder_bundles(folder)
    return folder / "bundles"


def test_wrong_graphs_are_current(tmp_path):
    write_wrong_graphs(tmp_path)
    fresh = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {path.name: path.read_bytes() for path in (RESOURCES / "wrong-graphs").iterdir()} == fresh


BUNDLES = [
    *("tiny-segments", "tiny-documents", "tiny-choices", "tiny-tokens", "tiny-vectors", "tiny-single", "tiny-int8"),
    "tiny-shortened",
]
SYMBOL_BUNDLES = [
    *("tiny-language", "tiny-language-fixed", "tiny-language-gaps", "tiny-language-int8"),
    *("tiny-bytes", "tiny-quality"),
]
ENCODER_BUNDLES = ["tiny-encoder", "tiny-encoder-mean", "tiny-encoder-sum", "tiny-tags"]


@pytest.mark.parametrize("name", BUNDLES + SYMBOL_BUNDLES + ENCODER_BUNDLES)
def test_tiny_bundles_are_whole_and_current(fresh_bundles, name):
    committed, fresh = RESOURCES / "bundles" / name, fresh_bundles / name
    assert {path.name for path in fresh_bundles.iterdir()} == {path.name for path in (RESOURCES / "bundles").iterdir()}
    assert [str(check) for check in checks(committed) if not check.passed] == []
    manifests = [json.loads((folder / "manifest.json").read_text()) for folder in (committed, fresh)]
    for manifest in manifests:
        del manifest["files"]
        del manifest["provenance"]["agreement"]
    assert manifests[0] == manifests[1]
    graphs = [onnx.load(folder / "model.onnx").graph for folder in (committed, fresh)]
    assert list(graphs[0].node) == list(graphs[1].node)
    if manifests[0]["precision"] == "fp32":  # ranges for int8 are computed, and not to the same last digit everywhere
        assert graphs[0] == graphs[1]
    tolerance = GOLDEN_TOLERANCE[manifests[0]["precision"]]
    task = manifests[0]["task"]
    of_symbols = manifests[0]["architecture"] == "hourglass"
    records = [read_golden(folder / "golden.jsonl", task, of_symbols=of_symbols) for folder in (committed, fresh)]
    for before, after in zip(*records, strict=True):
        assert differences(before, after, tolerance)[0] == []


@pytest.mark.parametrize(
    ("write", "folder"), [(write_fixture_graphs, "hat-fixtures"), (write_hourglass_fixture_graphs, "hourglass-fixtures")]
)
def test_fixture_graphs_are_current(tmp_path, write, folder):
    write(tmp_path)
    fresh = {path.parent.name: onnx.load(path).graph for path in tmp_path.rglob("model.onnx")}
    committed = {path.parent.name: onnx.load(path).graph for path in (RESOURCES / folder).rglob("model.onnx")}
    assert fresh.keys() == committed.keys()
    assert [name for name in fresh if fresh[name] != committed[name]] == []


def test_segmentation_vectors_are_current(tokenizers):
    two = {name: tokenizers[name] for name in ("tiny", "bert")}
    assert lines("segmentation-vectors.jsonl") == as_json(segmentation_vectors(two))


def test_tokenizer_vectors_are_current(tokenizers):
    assert lines("tokenizer-vectors.jsonl") == as_json(tokenizer_vectors(tokenizers))
