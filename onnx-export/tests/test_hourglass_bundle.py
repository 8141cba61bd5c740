"""Bundles of language models, from the checkpoint to what a reader must reproduce."""

import hashlib
import json
import shutil
from itertools import pairwise

import numpy as np
import pytest

from onnx_export import __main__
from onnx_export.bundle.given import Flags
from onnx_export.bundle.manifest import manifest_problems
from onnx_export.bundle.promises import promises
from onnx_export.bundle.symbol_reader import SymbolReader, combine_windows
from onnx_export.bundle.symbol_settings import resolve_symbol_settings
from onnx_export.bundle.verify import checks
from onnx_export.bundle.write import write_bundle
from onnx_export.hourglass.checkpoint import read_hourglass
from onnx_export.hourglass.reference import log_likelihood
from onnx_export.problems import ExportError
from onnx_export.text.symbols import bytes_of, characters_of
from random_hourglass import encoder_config, pytorch_config, trax_config, write_hourglass


def settings_of(folder, **flags):
    return resolve_symbol_settings(folder, read_hourglass(folder), Flags(**flags))


def make_bundle(folder, target, **flags):
    write_bundle(folder, read_hourglass(folder), settings_of(folder, **flags), target)
    return target


def manifest_of(bundle):
    return json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))


def records_of(bundle):
    return [json.loads(line) for line in (bundle / "golden.jsonl").read_text(encoding="utf-8").splitlines()]


def failures(bundle):
    return [f"{check.name}: {problem}" for check in checks(bundle) for problem in check.problems]


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    base = tmp_path_factory.mktemp("bundle")
    return make_bundle(write_hourglass(base / "checkpoint", trax_config()), base / "bundle", window_length=48)


@pytest.fixture
def bundle(original, tmp_path):
    return shutil.copytree(original, tmp_path / "bundle")


# Text


def test_bytes_have_the_offsets_of_their_characters_in_utf16():
    symbols = bytes_of("aä😀\ud800z")
    assert bytes(symbols.ids) == "aä😀\ufffdz".encode()
    assert symbols.offsets == [(0, 1), *[(1, 2)] * 2, *[(2, 4)] * 4, *[(4, 5)] * 3, (5, 6)]


def test_characters_are_numbered_by_their_place_and_others_refused():
    symbols = characters_of("b😀a", ["a", "b", "😀"])
    assert (symbols.ids, symbols.offsets) == ([1, 2, 0], [(0, 1), (1, 3), (3, 4)])
    with pytest.raises(ValueError, match="the character at 2 is none of the 3 that the model knows"):
        characters_of("abc", ["a", "b", "d"])


def test_a_symbol_is_scored_by_the_first_window_that_holds_it():
    rows = [np.arange(4), np.arange(10, 14), np.arange(20, 24)]
    assert combine_windows([(0, 4), (2, 6), (3, 7)], rows).tolist() == [0, 1, 2, 3, 12, 13, 23]
    assert combine_windows([(0, 4), (6, 10), (8, 12)], rows).tolist() == [0, 1, 2, 3, 0, 0, 10, 11, 12, 13, 22, 23]


@pytest.mark.parametrize("config", [trax_config(), pytorch_config("fixed")], ids=["trax", "pytorch"])
def test_every_symbol_but_the_first_ones_has_half_a_window_of_context(tmp_path, config):
    folder = write_hourglass(tmp_path / "c", config)
    target = make_bundle(folder, tmp_path / "b", window_length=20)
    model, checkpoint = SymbolReader(target, manifest_of(target)), read_hourglass(folder)
    document = model.cut("the seller delivers the goods at the quay and the buyer pays")
    assert document.windows == [(0, 20), (10, 30), (20, 40), (30, 50), (40, 60)]
    scores = model.log_likelihoods(document)
    for place in range(len(document.symbols)):
        first, end = next(span for span in document.windows if place < span[1])
        assert place < 20 or place - first >= 10
        alone = log_likelihood(checkpoint, document.symbols[first:end], offset=first)[place - first]
        assert scores[place] == pytest.approx(alone, abs=3e-5)


@pytest.mark.parametrize("config", [trax_config(), pytorch_config("fixed")], ids=["trax", "pytorch"])
def test_windows_with_gaps_are_scored_where_they_stand(tmp_path, config):
    folder = write_hourglass(tmp_path / "c", config)
    target = make_bundle(folder, tmp_path / "b", window_length=12, window_gap=7)
    assert manifest_of(target)["windows"] == {"length": 12, "gap": 7}
    assert "longer texts in windows with 7 between them that it does not look at" in promises(manifest_of(target))
    assert failures(target) == []
    record = records_of(target)[-1]
    assert record["id"] == "long"
    assert any(following - end == 7 for (_, end), (following, _) in pairwise(record["windows"]))
    model, checkpoint = SymbolReader(target, manifest_of(target)), read_hourglass(folder)
    document = model.cut("the seller delivers the goods at the quay and the buyer pays")
    assert document.windows == [(0, 12), (19, 31), (38, 50), (48, 60)]
    expected = np.zeros(60)
    for first, end in reversed(document.windows):
        expected[first:end] = log_likelihood(checkpoint, document.symbols[first:end], offset=first)
    np.testing.assert_allclose(model.log_likelihoods(document), expected, atol=3e-5)
    assert not expected[12:19].any()


def test_a_single_symbol_that_is_not_scored_is_refused(tmp_path):
    bundles = {}
    for name, config in (("trax", trax_config()), ("pytorch", pytorch_config("fixed"))):
        bundles[name] = make_bundle(write_hourglass(tmp_path / name, config), tmp_path / f"{name}-bundle", window_length=12)
    assert SymbolReader(bundles["trax"], manifest_of(bundles["trax"])).cut("a").symbols == [97]
    with pytest.raises(ValueError, match="the text is a single symbol"):
        SymbolReader(bundles["pytorch"], manifest_of(bundles["pytorch"])).cut("a")


# Settings


def test_defaults(tmp_path):
    settings = settings_of(write_hourglass(tmp_path / "My Model", trax_config()))
    assert (settings.identity.name, settings.identity.version, settings.identity.metrics) == ("my-model", "1", None)
    assert (settings.window_length, settings.window_overlap, settings.window_gap) == (512, 256, None)
    assert settings.thresholds == {"garbled": 1, "garbled-passage": 1}
    assert (settings.precision, settings.storage) == ("fp32", "fp32")
    assert [entry.id for entry in settings.golden_inputs][-1] == "long"
    assert "Nobody has written down yet" in settings.model_card


def test_the_length_of_training_is_the_default_of_windows(tmp_path):
    folder = write_hourglass(tmp_path / "c", trax_config(tgt_len=2049))
    settings = settings_of(folder)
    assert (settings.window_length, settings.window_overlap) == (2049, 1024)
    assert "long" not in [entry.id for entry in settings.golden_inputs]


def test_flags_win_over_the_checkpoints_files(tmp_path):
    folder = write_hourglass(tmp_path / "c", trax_config())
    given = {"name": "own", "version": "7", "metrics": {"bits_per_byte": 2.1}, "window_length": 64, "window_overlap": 60}
    (folder / "bundle.json").write_text(json.dumps(given))
    (folder / "MODEL_CARD.md").write_text("# Own")
    own = settings_of(folder)
    assert (own.identity.name, own.identity.version, own.identity.metrics) == ("own", "7", {"bits_per_byte": 2.1})
    assert (own.window_length, own.window_overlap, own.model_card) == (64, 60, "# Own")
    flagged = settings_of(folder, name="flag", window_length=100, window_overlap=1)
    assert (flagged.identity.name, flagged.window_length, flagged.window_overlap) == ("flag", 100, 1)
    apart = settings_of(folder, window_gap=200)
    assert (apart.window_length, apart.window_overlap, apart.window_gap) == (64, 0, 200)


def test_thresholds_and_gaps_come_from_the_checkpoints_files(tmp_path):
    folder = write_hourglass(tmp_path / "c", trax_config())
    (folder / "bundle.json").write_text(json.dumps({"thresholds": {"garbled": 3.5}, "window_length": 64, "window_gap": 0}))
    own = settings_of(folder)
    assert own.thresholds == {"garbled": 3.5, "garbled-passage": 1}
    assert (own.window_overlap, own.window_gap) == (0, 0)
    flagged = settings_of(folder, window_overlap=9)
    assert (flagged.window_overlap, flagged.window_gap) == (9, None)
    (tmp_path / "t.json").write_text(json.dumps({"garbled-passage": 5}))
    assert settings_of(folder, thresholds=tmp_path / "t.json").thresholds == {"garbled": 1, "garbled-passage": 5}


@pytest.mark.parametrize(
    ("config", "given", "problem"),
    [
        (trax_config(), {"window_gap": 3, "window_overlap": 3}, "window_gap and window_overlap are both given, expected one"),
        (trax_config(), {"window_gap": -1}, "window_gap is -1, expected 0 to 1048576 symbols"),
        (trax_config(), {"window_gap": 2.5}, "window_gap is 2.5, expected 0 to 1048576 symbols"),
        (encoder_config(), {"window_gap": 3}, "window_gap is for language models: a classifier would miss the label"),
        (
            trax_config(),
            {"thresholds": {"noise": 3}},
            "thresholds: 'noise' is not a label, expected one of garbled, garbled-passage",
        ),
    ],
)
def test_files_that_cannot_be_used_are_refused(tmp_path, config, given, problem):
    folder = write_hourglass(tmp_path / "c", config)
    (folder / "bundle.json").write_text(json.dumps(given))
    with pytest.raises(ExportError) as raised:
        settings_of(folder)
    assert problem in str(raised.value)


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        ({"window_length": 1}, "window_length is 1, expected a whole number of symbols of at least 2"),
        ({"window_length": 8, "window_overlap": 8}, "window_overlap is 8, expected 1 to 7 symbols (below window_length)"),
        ({"window_overlap": 0}, "window_overlap is 0, expected 1 to 511"),
        ({"segmenter": "sentence"}, "--segmenter is for HAT models, and this checkpoint holds an Hourglass model: leave it out"),
        ({"segment_positions": False}, "--segment-positions is for HAT models"),
        ({"cleaning": "pdf"}, "--cleaning is for HAT models"),
        ({"precision": "fp16", "storage": "int8"}, "--weights int8 is for fp32 and int8"),
        ({"name": "Upper"}, "$.name: 'Upper' does not match"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(tmp_path, flags, problem):
    folder = write_hourglass(tmp_path / "c", trax_config())
    with pytest.raises(ExportError) as raised:
        settings_of(folder, **flags)
    assert problem in str(raised.value)


@pytest.mark.parametrize(
    ("config", "flags", "problem"),
    [
        (trax_config(vocab_size=300), {}, "the model has 300 ids, and no file says which characters they are: expected 256"),
        (pytorch_config(vocab=[" ", "<unk>", *map(chr, range(97, 122))]), {}, "vocab holds '<unk>', expected single characters"),
        (pytorch_config("unigram"), {"precision": "int8"}, "this model decides by a threshold where groups end"),
        (pytorch_config("entropy"), {"precision": "fp16"}, "this model decides by a threshold where groups end"),
    ],
)
def test_models_of_which_no_bundle_can_be_made_are_refused(tmp_path, config, flags, problem):
    folder = write_hourglass(tmp_path / "c", config)
    with pytest.raises(ExportError) as raised:
        settings_of(folder, **flags)
    assert problem in str(raised.value)


# Bundles


def test_the_manifest_says_what_a_reader_must_know(original):
    manifest = manifest_of(original)
    del manifest["files"], manifest["provenance"]
    assert manifest == {
        "format_version": "1.0",
        "name": "checkpoint",
        "version": "1",
        "architecture": "hourglass",
        "task": "language-model",
        "symbols": {"kind": "bytes"},
        "scores_first_symbol": True,
        "labels": [{"name": "garbled", "threshold": 1.0}, {"name": "garbled-passage", "threshold": 1.0}],
        "shortening": {"layout": "1@1 2@3 1@1", "boundaries": "levels"},
        "precision": "fp32",
        "graph": {
            "inputs": [
                {"name": "input_ids", "type": "int64", "shape": ["W", "L"]},
                {"name": "attention_mask", "type": "int64", "shape": ["W", "L"]},
            ],
            "outputs": [{"name": "log_likelihood", "type": "float32", "shape": ["W", "L"]}],
        },
        "windows": {"length": 48, "overlap": 24},
    }
    assert sorted(path.name for path in original.iterdir()) == ["README.md", "golden.jsonl", "manifest.json", "model.onnx"]


def test_golden_records_hold_everything_that_a_reader_must_reproduce(original):
    records = records_of(original)
    assert records[0]["id"] == "word"
    assert records[0]["symbols"] == list(b"Agreed")
    for record in records:
        assert list(record) == ["id", "text", "symbols", "symbol_offsets", "windows", "log_likelihoods"]
        assert bytes(record["symbols"]).decode() == record["text"]
        assert len(record["symbols"]) == len(record["symbol_offsets"]) == len(record["log_likelihoods"])
        assert all(score < 0 for score in record["log_likelihoods"])
    assert max(len(record["windows"]) for record in records) > 2


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
@pytest.mark.parametrize(
    "config",
    [
        trax_config("1@2 1@4 1@2"),
        pytorch_config("fixed"),
        pytorch_config("whitespaces"),
        pytorch_config("none", model_config="[1,(0,),0]"),
    ],
    ids=["trax", "fixed", "whitespaces", "none"],
)
def test_bundles_of_every_kind_and_precision_keep_their_promises(tmp_path, config, precision):
    target = make_bundle(write_hourglass(tmp_path / "c", config), tmp_path / "b", precision=precision, window_length=64)
    found = list(checks(target))
    assert [check.name for check in found] == ["manifest", "checksums", "graph", "golden inputs", "batch invariance"]
    assert [str(check) for check in found if not check.passed] == []
    manifest = manifest_of(target)
    assert manifest["precision"] == precision
    assert ("offset" in [tensor["name"] for tensor in manifest["graph"]["inputs"]]) == (config.get("boundaries_type") == "fixed")
    if config["implementation"] == "pytorch":
        assert manifest["symbols"]["vocabulary"] == config["vocab"]
        assert all(record["log_likelihoods"][0] == 0 for record in records_of(target))


def test_the_promises_are_said_to_a_person(original):
    said = promises(manifest_of(original))
    assert "checkpoint 1: language-model, fp32" in said
    assert "It says how likely each symbol of a text is, given those before it." in said
    assert "A text is garbled from a surprise of 1 on, and has a garbled-passage if one has 1." in said
    assert "It reads bytes, 48 of them together, and longer texts in windows that share 24." in said


def test_golden_records_that_are_not_reproduced_fail(bundle):
    records = records_of(bundle)
    records[0]["log_likelihoods"] = [score + 0.001 for score in records[0]["log_likelihoods"]]
    records[1]["symbols"][0] += 1
    content = "".join(json.dumps(record) + "\n" for record in records).encode()
    put(bundle, "golden.jsonl", content)
    assert failures(bundle) == [
        "golden inputs: word: scores are off by 1.0e-03, expected at most 1e-04",
        "golden inputs: clause: symbols differ",
    ]


def put(bundle, name, content):
    (bundle / name).write_bytes(content)
    manifest = manifest_of(bundle)
    manifest["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (bundle / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda manifest: manifest["windows"].update(overlap=48), "windows.overlap is 48, expected below windows.length (48)"),
        (lambda manifest: manifest["shortening"].update(boundaries="fixed"), "expected {'inputs'"),
        (lambda manifest: manifest.pop("symbols"), "'symbols' is a required property"),
        (lambda manifest: manifest.update(task="masked-lm"), "$.task: masked-lm is no task of this architecture"),
        (
            lambda manifest: manifest["windows"].update(gap=3),
            "$.windows.overlap: has no meaning beside a gap, expected one of the two",
        ),
        (lambda manifest: manifest["windows"].pop("overlap"), "'overlap' is a required property"),
        (lambda manifest: manifest["labels"].reverse(), "$.labels[0].name: 'garbled' was expected"),
        (lambda manifest: manifest["labels"].pop(), "$.labels: "),
        (lambda manifest: manifest.pop("labels"), "'labels' is a required property"),
        (lambda manifest: manifest.update(problem_type="regression"), "$.problem_type: has no meaning for this task"),
        (
            lambda manifest: manifest.update(task="document-classification", windows={"length": 48, "gap": 2}),
            "$.windows.gap: has no meaning for this task",
        ),
        (lambda manifest: manifest.update(task="document-classification"), "'problem_type' is a required property"),
        (lambda manifest: manifest.pop("scores_first_symbol"), "'scores_first_symbol' is a required property"),
        (lambda manifest: manifest.update(pooling="max"), "$.pooling: has no meaning for this task"),
        (lambda manifest: manifest.update(pad_segment="pad"), "$.pad_segment: has no meaning for this task"),
        (lambda manifest: manifest.update(labels=[]), "$.labels: "),
        (lambda manifest: manifest["symbols"].update(vocabulary=["a"]), "$.symbols.vocabulary: has no meaning"),
        (lambda manifest: manifest["symbols"].update(kind="characters"), "'vocabulary' is a required property"),
        (
            lambda manifest: manifest.update(symbols={"kind": "characters", "vocabulary": ["a", "a"]}),
            "symbols.vocabulary has a character twice",
        ),
        (lambda manifest: manifest.update(architecture="hat"), "'segmentation' is a required property"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(original, change, problem):
    manifest = manifest_of(original)
    change(manifest)
    assert problem in "\n".join(manifest_problems(manifest))


@pytest.mark.parametrize("config", [trax_config(), pytorch_config("fixed"), encoder_config()], ids=["trax", "fixed", "encoder"])
def test_bundles_are_measured_beside_each_other(tmp_path, capsys, config):
    folder = write_hourglass(tmp_path / "c", config)
    bundles = [make_bundle(folder, tmp_path / kind, precision=kind, window_length=32) for kind in ("fp32", "int8")]
    options = [word for bundle in bundles for word in ("--bundle", str(bundle))]
    assert __main__.main(["benchmark", *options, "--segments", "3", "--repetitions", "2", "--threads", "1"]) == 0
    table = [line.split("|") for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert [row[2].strip() for row in table[2:]] == ["fp32", "int8"]


def test_robustness_is_that_of_a_hat(original, tmp_path):
    (tmp_path / "text").write_text("text")
    with pytest.raises(SystemExit, match="architecture is hourglass, expected a bundle of a HAT"):
        __main__.main(["robustness", "--bundle", str(original), "--texts", str(tmp_path / "text")])


# Classification


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_an_encoder_classifies_documents_from_bytes(tmp_path, precision):
    folder = write_hourglass(tmp_path / "c", encoder_config())
    (folder / "bundle.json").write_text(json.dumps({"thresholds": {"letter": 0.6}}))
    target = make_bundle(folder, tmp_path / "b", precision=precision, window_length=40)
    assert failures(target) == []
    manifest = manifest_of(target)
    assert (manifest["architecture"], manifest["task"]) == ("hourglass", "document-classification")
    assert manifest["problem_type"] == "single-label"
    assert [label["threshold"] for label in manifest["labels"]] == [1 / 3, 1 / 3, 0.6]
    assert manifest["windows"] == {"length": 40, "overlap": 10}
    assert manifest["graph"]["outputs"] == [{"name": "logits", "type": "float32", "shape": ["W", 3]}]
    for record in records_of(target):
        by_window = np.array(record["window_scores"])
        assert by_window.shape == (len(record["windows"]), 3)
        np.testing.assert_allclose(by_window.sum(axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(record["scores"], by_window.max(axis=0), atol=1e-6)
    assert "Labels: contract, complaint, letter. The best one is present from a score of" in promises(manifest)


def test_an_encoder_must_say_what_its_labels_are(tmp_path):
    folder = write_hourglass(tmp_path / "c", encoder_config())
    wrong = {**encoder_config(), "labels": ["a", "a", "b"], "problem_type": "none"}
    (folder / "config.json").write_text(json.dumps(wrong))
    with pytest.raises(ExportError) as raised:
        read_hourglass(folder)
    assert [problem.partition(" ")[0] for problem in raised.value.problems] == ["labels", "problem_type"]


# Commands


def test_the_commands_take_both_architectures(tmp_path, capsys):
    folder = write_hourglass(tmp_path / "c", pytorch_config("fixed"))
    assert __main__.main(["graph", "--checkpoint", str(folder), "--output", str(tmp_path / "model.onnx")]) == 0
    assert "agrees with the reference computation on 4 documents" in capsys.readouterr().out
    options = ["--checkpoint", str(folder), "--output", str(tmp_path / "b"), "--window-length", "32", "--precision", "int8"]
    assert __main__.main(["bundle", *options]) == 0
    assert "the bundle keeps its promises" in capsys.readouterr().out
    assert __main__.main(["verify", str(tmp_path / "b")]) == 0
    capsys.readouterr()
    assert __main__.main(["graph", *options[:2], "--output", str(tmp_path / "other.onnx"), "--pooling", "max"]) == 1
    assert "--pooling is for HAT models" in capsys.readouterr().err
    assert __main__.main(["unpack", str(tmp_path / "b"), "--output", str(tmp_path / "u")]) == 1
    assert "architecture is hourglass, expected hat" in capsys.readouterr().err
