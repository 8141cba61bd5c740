import json

import pytest

from onnx_export.bundle.classifier import Classifier
from onnx_export.bundle.golden import read_golden
from onnx_export.bundle.settings import Flags, resolve_settings
from onnx_export.bundle.verify import checks
from onnx_export.bundle.write import write_bundle
from onnx_export.export.golden_inputs import GoldenInput, read_inputs
from onnx_export.hat.checkpoint import read_checkpoint
from onnx_export.hat.tokenizer import default_tokenization
from onnx_export.problems import ExportError
from onnx_export.text.cutting import TextCutter
from onnx_export.text.tokenization import TextTokenizer
from random_checkpoints import hat_config, tiny_tokenizer, write_checkpoint
from roberta_form import roberta_form

TEXT = "The seller delivers.  The buyer pays; the fee is due.\n\nNotice ends it."


@pytest.fixture(scope="module")
def roberta(tmp_path_factory):
    path = tmp_path_factory.mktemp("roberta") / "tokenizer.json"
    path.write_text(json.dumps(roberta_form()), encoding="utf-8")
    return TextTokenizer(path)


def cutter(tokenizer, tokenization, K=128, cleaning="none"):
    return TextCutter(tokenizer.tokenize, cleaning, tokenization, "sentence", K)


def test_a_sentence_alone_begins_without_the_space_before_it(roberta):
    whole, _ = cutter(roberta, "whole-text").cut(TEXT)
    alone, _ = cutter(roberta, "per-sentence").cut(TEXT)
    sentences = ["The seller delivers.", "The buyer pays;", "the fee is due.", "Notice ends it."]
    assert alone.ids == [id for sentence in sentences for id in roberta.tokenize(sentence).ids]
    assert alone.ids != whole.ids
    assert [TEXT[start:end] for start, end in alone.offsets][-4:] == ["Notice", "ends", "it", "."]


def test_given_segments_are_cut_each_alone_and_split_where_they_are_too_long(roberta):
    given = ["The seller delivers.", "", "The buyer pays the fee and the interest on it. Then nothing more is due.", "End"]
    tokens, segments = cutter(roberta, "whole-text", K=9).cut_segments(given)
    joined = "\n".join(given)
    assert [joined[tokens.offsets[first][0] : tokens.offsets[end - 1][1]] for first, end in segments] == [
        "The seller delivers.", "The buyer pays the fee and the interest", "on it.", "Then nothing more is due.", "End"
    ]  # fmt: skip
    short, whole = cutter(roberta, "whole-text").cut_segments(given)
    assert len(whole) == 3
    assert short.ids == [id for text in given for id in roberta.tokenize(text).ids]


def test_given_segments_are_not_cleaned(tmp_path):
    (tmp_path / "tokenizer.json").write_text(tiny_tokenizer().to_str(), encoding="utf-8")
    tiny = TextTokenizer(tmp_path / "tokenizer.json")
    tokens, _ = cutter(tiny, "whole-text", cleaning="pdf").cut_segments(["the | goods", "<b>the"])
    assert tokens.ids == [*tiny.tokenize("the | goods").ids, *tiny.tokenize("<b>the").ids]


def test_places_in_a_cleaned_text_are_those_of_the_text_as_received(roberta):
    text = "The agree-\nment <b>ends</b> &amp; the 😀 stays"
    tokens, _ = cutter(roberta, "whole-text", cleaning="pdf").cut(text)
    assert [text[start:end] for start, end in tokens.offsets][:4] == ["The", "agree-\nment", "ends", "&amp;"]
    assert "".join(text[start:end] for start, end in dict.fromkeys(tokens.offsets)).endswith("😀stays")


def test_a_checkpoint_that_names_the_originals_tokenizer_is_tokenized_like_it(tmp_path):
    assert default_tokenization(tmp_path) == "whole-text"
    (tmp_path / "config.json").write_text('{"auto_map": {"AutoTokenizer": ["tokenization_hat.HATTokenizer", null]}}')
    assert default_tokenization(tmp_path) == "per-sentence"
    (tmp_path / "config.json").unlink()
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "HATTokenizer"}')
    assert default_tokenization(tmp_path) == "per-sentence"


def test_a_bundle_keeps_what_is_done_with_texts_and_golden_inputs_in_segments(tmp_path):
    folder = write_checkpoint(tmp_path / "checkpoint", hat_config("S|SD", labels=["a", "b"]), seed=1)
    inputs = [{"id": "whole", "text": "the | goods"}, {"id": "parts", "segments": ["the seller", "pays the fee."]}]
    (folder / "golden-inputs.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in inputs))
    checkpoint = read_checkpoint(folder)
    settings = resolve_settings(folder, checkpoint, Flags(cleaning="pdf", tokenization="per-sentence"))
    write_bundle(folder, checkpoint, settings, tmp_path / "bundle")
    manifest = json.loads((tmp_path / "bundle/manifest.json").read_text())
    assert manifest["text"] == {"cleaning": "pdf", "tokenization": "per-sentence"}
    assert all(check.passed for check in checks(tmp_path / "bundle"))
    records = read_golden(tmp_path / "bundle/golden.jsonl", manifest["task"])
    assert [record.get("text_segments") for record in records] == [None, ["the seller", "pays the fee."]]
    document = Classifier(tmp_path / "bundle", manifest).cut(("the seller", "pays the fee."))
    assert [list(span) for span in document.segments] == records[1]["segments"]


def test_unknown_ways_with_texts_are_named(tmp_path):
    folder = write_checkpoint(tmp_path, hat_config("S|SD", labels=["a", "b"]), seed=1)
    checkpoint = read_checkpoint(folder)
    for text, problem in [
        ({"cleaning": "ocr"}, "text.cleaning is 'ocr'"),
        ({"tokens": 1}, "expected an object of"),
        (3, "text is 3"),
    ]:
        (folder / "bundle.json").write_text(json.dumps({"text": text}))
        with pytest.raises(ExportError, match=problem):
            resolve_settings(folder, checkpoint, Flags())


@pytest.mark.parametrize(
    "line",
    [
        '{"id": "a"}',
        '{"id": "a", "text": "x", "segments": ["x"]}',
        '{"id": "a", "segments": []}',
        '{"id": "a", "segments": ["x", 1]}',
    ],
)
def test_inputs_have_either_a_text_or_segments(tmp_path, line):
    path = tmp_path / "inputs.jsonl"
    path.write_text(line)
    with pytest.raises(ExportError, match="line 1: expected an object"):
        read_inputs(path)


def test_inputs_may_come_in_segments(tmp_path):
    path = tmp_path / "inputs.jsonl"
    path.write_text('{"id": "a", "segments": ["x", "y"]}')
    assert read_inputs(path) == [GoldenInput("a", ("x", "y"))]
