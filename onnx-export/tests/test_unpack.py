"""A bundle becomes a checkpoint again, and that the same bundle."""

import json

import pytest

from onnx_export.bundle.classifier import Classifier
from onnx_export.bundle.settings import Flags, resolve_settings
from onnx_export.bundle.unpack import unpack
from onnx_export.bundle.write import write_bundle
from onnx_export.hat.checkpoint import read_checkpoint
from onnx_export.problems import ExportError
from random_checkpoints import hat_config, write_checkpoint

SEGMENT_HEAD = "HATModelForSequentialSentenceClassification"


def export(folder, target, **flags):
    checkpoint = read_checkpoint(folder, pooling=flags.pop("pooling", None), embedding=flags.pop("embedding", False))
    write_bundle(folder, checkpoint, resolve_settings(folder, checkpoint, Flags(**flags)), target)
    return target


def manifest(bundle):
    return json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))


def scores(bundle, text):
    classifier = Classifier(bundle, manifest(bundle))
    return classifier.score(classifier.cut(text)).document


@pytest.mark.parametrize(
    ("config", "flags"),
    [
        ({"layout": "S|SD|D|S", "labels": ["yes", "no"]}, {"version": "7"}),
        ({"head": SEGMENT_HEAD, "problem_type": "multi_label_classification", "hidden_act": "relu"}, {"window_overlap": 2}),
        ({"layout": "SD|SD", "pooler_type": "attentive", "hidden_act": "gelu_new"}, {"pad_segment": "cls"}),
        ({"layout": "S|S", "hidden_act": "silu", "layer_norm_eps": 1e-5}, {"pooling": "first", "segmenter": "uniform"}),
        ({"layout": "S|SD|D", "labels": 1, "problem_type": "regression"}, {"segment_positions": False}),
        ({"layout": "S|S|/2|SD|/3|S"}, {"pad_segment": "cls"}),
        ({"layout": "SD|/4|S", "head": SEGMENT_HEAD, "problem_type": "multi_label_classification"}, {}),
        ({"head": "HATForMultipleChoice"}, {}),
        ({"head": "HATForMaskedLM", "hidden_act": "silu"}, {}),
        ({"pooler_type": "last"}, {"embedding": True}),
    ],
)
def test_the_graph_of_the_unpacked_checkpoint_is_the_same_to_the_last_bit(tmp_path, config, flags):
    folder = write_checkpoint(tmp_path / "checkpoint", hat_config(**config))
    before = export(folder, tmp_path / "before", **flags)
    assert unpack(before, tmp_path / "unpacked").deviation < 1e-4
    after = export(tmp_path / "unpacked", tmp_path / "after")
    assert (after / "model.onnx").read_bytes() == (before / "model.onnx").read_bytes()
    assert (after / "golden.jsonl").read_bytes() == (before / "golden.jsonl").read_bytes()
    assert (after / "README.md").read_bytes() == (before / "README.md").read_bytes()
    assert {**manifest(after), "provenance": None} == {**manifest(before), "provenance": None}


def test_thresholds_and_metrics_are_kept(tmp_path):
    folder = write_checkpoint(tmp_path / "checkpoint", hat_config(labels=["yes", "no"]))
    (folder / "bundle.json").write_text(json.dumps({"thresholds": {"yes": 0.2}, "metrics": {"f1": 0.8}}))
    unpack(export(folder, tmp_path / "before"), tmp_path / "unpacked")
    after = manifest(export(tmp_path / "unpacked", tmp_path / "after"))
    assert after["labels"] == [{"name": "yes", "threshold": 0.2}, {"name": "no", "threshold": 0.5}]
    assert after["provenance"]["metrics"] == {"f1": 0.8}


@pytest.mark.parametrize("precision", ["fp32", "int8", "fp16"])
def test_weights_stored_as_int8_are_unpacked_as_computed_with_and_can_be_exported_in_any_precision(tmp_path, precision):
    folder = write_checkpoint(tmp_path / "checkpoint", hat_config(head=SEGMENT_HEAD, scale=0.5))
    before = export(folder, tmp_path / "before", storage="int8")
    unpack(before, tmp_path / "unpacked")
    after = export(tmp_path / "unpacked", tmp_path / "after", precision=precision)
    assert manifest(after)["precision"] == precision
    text = "Either party may end this agreement by written notice. The fee is due on the first day of each month."
    expected, actual = (scores(bundle, text) for bundle in (before, after))
    assert actual == pytest.approx(expected, abs={"fp32": 1e-6, "fp16": 0.02, "int8": 0.1}[precision])


def test_what_is_no_fp32_bundle_is_refused(tmp_path):
    folder = write_checkpoint(tmp_path / "checkpoint", hat_config())
    rounded = export(folder, tmp_path / "rounded", precision="int8")
    with pytest.raises(ExportError, match="precision is int8, whose weights are rounded"):
        unpack(rounded, tmp_path / "unpacked")
    with pytest.raises(ExportError, match="manifest"):
        unpack(folder, tmp_path / "unpacked")
    assert not (tmp_path / "unpacked").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    bundle = export(write_checkpoint(tmp_path / "checkpoint", hat_config()), tmp_path / "bundle")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter-1.txt").write_text("irreplaceable")
    with pytest.raises(ExportError, match="exists and is not empty"):
        unpack(bundle, tmp_path / "thesis")
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["chapter-1.txt"]
