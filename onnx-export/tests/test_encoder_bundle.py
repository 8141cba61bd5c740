"""Bundles of ordinary encoders: what transformers makes of texts, ids, scores and spans, is what they make of them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from onnx_export.__main__ import main
from onnx_export.bundle.classifier import Classifier
from onnx_export.bundle.encoder_settings import given_segment_length, resolve_encoder_settings
from onnx_export.bundle.given import Flags
from onnx_export.bundle.manifest import read_manifest
from onnx_export.bundle.scoring import scores
from onnx_export.bundle.tagging import labelled_spans, labels_of_tags
from onnx_export.bundle.verify import checks
from onnx_export.bundle.write import write_bundle
from onnx_export.encoder.checkpoint import read_encoder
from onnx_export.problems import ExportError

FIXTURES = Path(__file__).parent / "fixtures/encoder-texts"
CLASSIFIERS = ["tiny-encoder", "tiny-encoder-mean", "tiny-encoder-sum"]
TOLERANCE = 1e-4


def bundle_of(folder, target, **flags):
    given = Flags(**flags)
    checkpoint = read_encoder(folder, segment_length=given_segment_length(folder, given))
    write_bundle(folder, checkpoint, resolve_encoder_settings(folder, checkpoint, given), target)
    return Classifier(target, read_manifest(target))


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    return {fixture.name: bundle_of(fixture, folder / fixture.name) for fixture in FIXTURES.iterdir()}


def expected_texts(name):
    return json.loads((FIXTURES / name / "expected.json").read_text())["texts"]


def pooled(logits, pooling):
    logits = np.array(logits, np.float64)
    return (
        {"max": logits.max, "mean": logits.mean}[pooling](axis=0)
        if pooling != "logsumexp"
        else np.log(np.exp(logits).sum(axis=0))
    )


@pytest.mark.parametrize("name", [*CLASSIFIERS, "tiny-tags"])
def test_texts_become_the_ids_that_transformers_gives_the_model(bundles, name):
    for text in expected_texts(name):
        classifier = bundles[name]
        assert [ids for [ids] in classifier.window_inputs(classifier.cut(text["text"]))] == text["segments"]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_scores_are_those_of_transformers_pooled_by_rule(bundles, name):
    classifier = bundles[name]
    problem_type, pooling = classifier.manifest["problem_type"], classifier.manifest["pooling"]
    lengths = set()
    for text in expected_texts(name):
        actual = classifier.score(classifier.cut(text["text"]))
        lengths.add(len(text["logits"]))
        assert np.abs(actual.segments - scores(np.array(text["logits"], np.float32), problem_type)).max() < TOLERANCE
        expected = scores(pooled(text["logits"], pooling).astype(np.float32), problem_type)
        assert np.abs(actual.document - expected).max() < TOLERANCE
    assert min(lengths) == 1 and max(lengths) > 4


def test_spans_are_those_of_the_pipeline_of_transformers(bundles):
    classifier, found = bundles["tiny-tags"], 0
    for text in expected_texts("tiny-tags"):
        document = classifier.cut(text["text"])
        if len(document.segments) > 1:
            continue
        places, _ = classifier.cutter.cut(text["text"])
        spans = [
            (span.label, places.offsets[span.first][0], places.offsets[span.end - 1][1]) for span in classifier.spans(document)
        ]
        assert spans == [(label, start, end) for label, _, start, end in text["spans"]]
        gaps = [abs(span.score - score) for span, (_, score, _, _) in zip(classifier.spans(document), text["spans"], strict=True)]
        assert max(gaps, default=0) < TOLERANCE
        found += len(spans)
    assert found > 20


def test_a_tag_that_begins_ends_the_span_before_it():
    tags = ["O", "B-PER", "I-PER", "DATE"]
    logits = np.eye(4, dtype=np.float32)[[1, 2, 1, 0, 2, 3, 3]] * 9
    spans = [(span.label, span.first, span.end) for span in labelled_spans(logits, tags, segment=0, first=10)]
    assert spans == [("PER", 10, 12), ("PER", 12, 13), ("PER", 14, 15), ("DATE", 15, 17)]
    assert labels_of_tags(tags) == ["PER", "DATE"]


@pytest.mark.parametrize("flags", [{"precision": "int8"}, {"precision": "fp16"}, {"storage": "int8"}])
@pytest.mark.parametrize("name", ["tiny-encoder", "tiny-encoder-sum", "tiny-tags"])
def test_every_precision_keeps_the_promises(tmp_path, name, flags):
    bundle_of(FIXTURES / name, tmp_path / name, **flags)
    assert [str(check) for check in checks(tmp_path / name) if not check.passed] == []


def test_a_shorter_segment_length_and_sentences_on_request(tmp_path):
    classifier = bundle_of(FIXTURES / "tiny-encoder", tmp_path / "b", segment_length=9, segmenter="sentence", pooling="mean")
    assert classifier.manifest["segmentation"]["segment_length"] == 9
    assert classifier.manifest["pooling"] == "mean"
    windows = classifier.window_inputs(classifier.cut("The buyer pays the price. Agreed. " * 3))
    assert max(len(ids) for [ids] in windows) <= 9


def test_the_length_at_which_transformers_cuts_is_taken_from_its_file(tmp_path):
    folder = shutil.copytree(FIXTURES / "tiny-encoder", tmp_path / "c")
    for named, length in ((12, 12), (10**30, 24), (None, 24), (512, 24)):
        (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": named}))
        assert read_encoder(folder).config.segment_length == length


def changed(tmp_path, name="tiny-encoder", **keys):
    folder = shutil.copytree(FIXTURES / name, tmp_path / "changed")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(
        json.dumps({key: value for key, value in {**config, **keys}.items() if value != "absent"})
    )
    return folder


def test_without_a_problem_type_the_rule_of_transformers_counts(tmp_path):
    checkpoint = read_encoder(changed(tmp_path, problem_type="absent"))
    assert checkpoint.config.problem_type == "single-label"
    assert "its 4 labels are taken to exclude each other" in checkpoint.notes[0]
    assert read_encoder(FIXTURES / "tiny-encoder-sum").config.problem_type == "regression"


def test_odd_labels_become_names_that_differ(tmp_path):
    checkpoint = read_encoder(changed(tmp_path, id2label={"3": " ", "0": True, "2": "fraud", "1": "fraud"}, label2id="absent"))
    assert checkpoint.config.classes == ("true", "fraud (1)", "fraud", "LABEL_3")
    assert "called otherwise" in checkpoint.notes[-1]


def test_older_names_and_other_heads_are_read(tmp_path):
    folder = changed(tmp_path)
    weights = load_file(folder / "model.safetensors")
    before = read_encoder(folder).weights
    older = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): weights[name]
        for name in weights
    }
    older["cls.predictions.bias"] = np.zeros(3, np.float32)
    older["bert.embeddings.position_ids"] = np.arange(24)[None]
    save_file(older, folder / "model.safetensors")
    checkpoint = read_encoder(folder)
    assert all(np.array_equal(before[name], checkpoint.weights[name]) for name in before)
    assert checkpoint.notes[-1] == "1 weights of another head are not used, such as cls.predictions.bias"


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"architectures": ["DebertaV2ForSequenceClassification"]}, "architectures: DebertaV2ForSequenceClassification is not supported, because its attention"),
        ({"architectures": ["BertForQuestionAnswering"]}, "architectures: BertForQuestionAnswering is not supported; expected …ForSequenceClassification or"),
        ({"architectures": "absent"}, "architectures is None, expected a list of one class"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type is 'relative_key', expected absolute"),
        ({"is_decoder": True}, "is_decoder is True, expected none or false"),
        ({"hidden_act": "mish"}, "hidden_act is 'mish', expected one of gelu,"),
        ({"num_attention_heads": 3}, "hidden_size is 16, expected a multiple of num_attention_heads (3)"),
        ({"id2label": {"1": "a", "2": "b"}}, "id2label has the keys ['1', '2'], expected 0 to 1"),
        ({"problem_type": "ranking"}, "problem_type is 'ranking', expected one of"),
        ({"vocab_size": 7}, "vocab_size asks for 7 where embeddings.word_embeddings.weight has"),
        ({"num_hidden_layers": 3}, "encoder.layer.2.attention.output.LayerNorm.bias is missing"),
        ({"num_hidden_layers": 1}, "encoder.layer.1.attention.output.LayerNorm.bias is superfluous: BERT, 1 layers has none such"),
        ({"max_position_embeddings": 30}, "max_position_embeddings asks for 30 where embeddings.position_embeddings.weight has 24"),
    ],
)  # fmt: skip
def test_what_is_not_supported_or_does_not_fit_is_refused_by_name(tmp_path, capsys, keys, problem):
    assert main(["graph", "--checkpoint", str(changed(tmp_path, **keys)), "--output", str(tmp_path / "m.onnx")]) == 1
    assert problem in capsys.readouterr().err


def test_keys_are_called_as_the_family_calls_them(tmp_path):
    with pytest.raises(ExportError, match=r"dim is 'x', expected a whole number"):
        read_encoder(changed(tmp_path, "tiny-tags", dim="x"))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("--pad-segment pad", "--pad-segment is for other models, and this checkpoint holds an ordinary encoder: leave it out"),
        ("--task embedding", "--task is for HAT models, and this checkpoint holds an ordinary encoder: leave it out"),
        ("--pooling attentive", "pooling is 'attentive', expected one of max, mean, logsumexp"),
        ("--segment-length 25", "segment_length is 25, expected 3 to 24, the tokens that the model can read at once"),
        ("--window-length 9", "--window-length is for other models"),
    ],
)
def test_options_that_do_not_fit_are_refused(tmp_path, capsys, options, problem):
    arguments = ["bundle", "--checkpoint", str(FIXTURES / "tiny-encoder"), "--output", str(tmp_path / "b"), *options.split()]
    assert main(arguments) == 1
    assert problem in capsys.readouterr().err


def test_the_graph_alone_needs_no_tokenizer_and_has_no_pooling(tmp_path, capsys):
    folder = shutil.copytree(FIXTURES / "tiny-encoder", tmp_path / "c", ignore=shutil.ignore_patterns("tokenizer.json"))
    arguments = ["graph", "--checkpoint", str(folder), "--output", str(tmp_path / "m.onnx")]
    assert main(arguments) == 0
    assert main([*arguments, "--precision", "int8"]) == 0
    assert main([*arguments, "--pooling", "max"]) == 1
    assert "--pooling is for bundles" in capsys.readouterr().err


def test_a_tokenizer_that_puts_something_else_around_texts_is_refused(tmp_path):
    folder = shutil.copytree(FIXTURES / "tiny-encoder", tmp_path / "c")
    content = json.loads((folder / "tokenizer.json").read_text())
    content["post_processor"]["single"].append({"SpecialToken": {"id": "[SEP]", "type_id": 0}})
    (folder / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(ExportError, match=r"puts \[CLS\] before a text and \[SEP\] \[SEP\] after it, expected one token each"):
        bundle_of(folder, tmp_path / "b")


def test_a_tokenizer_that_says_nothing_puts_its_tokens_of_that_name_around_texts(tmp_path, bundles):
    folder = shutil.copytree(FIXTURES / "tiny-encoder", tmp_path / "c")
    content = json.loads((folder / "tokenizer.json").read_text())
    (folder / "tokenizer.json").write_text(json.dumps(content | {"post_processor": None}))
    assert bundle_of(folder, tmp_path / "b").manifest["special_tokens"] == bundles["tiny-encoder"].manifest["special_tokens"]


@pytest.mark.parametrize(("file", "model_type"), [("vocab.txt", "bert"), ("spiece.model", "xlnet")])
def test_older_files_of_a_tokenizer_are_named_with_what_to_do(tmp_path, file, model_type):
    folder = changed(tmp_path)
    (folder / "tokenizer.json").unlink()
    (folder / file).write_text("x")
    with pytest.raises(ExportError, match=r"import AutoTokenizer as T; T\.from_pretrained"):
        bundle_of(folder, tmp_path / "b")
