import json

import pytest

from onnx_export.bundle.manifest import manifest_problems
from onnx_export.bundle.promises import promises
from onnx_export.bundle.settings import Flags, resolve_settings
from onnx_export.bundle.write import write_bundle
from onnx_export.checksums import file_sha256
from onnx_export.export.graph_settings import GraphSettings
from onnx_export.hat.checkpoint import read_checkpoint
from onnx_export.hat.config import Head
from onnx_export.problems import ExportError
from onnx_export.text.tokenization import TextTokenizer
from random_checkpoints import hat_config, write_checkpoint

SEGMENT_HEAD = "HATModelForSequentialSentenceClassification"


@pytest.fixture
def folder(tmp_path):
    return write_checkpoint(tmp_path / "My Checkpoint", hat_config(labels=["yes", "no"]))


def settings(folder, **flags):
    return resolve_settings(folder, read_checkpoint(folder), Flags(**flags))


def write(folder, target, **flags):
    return write_bundle(folder, read_checkpoint(folder), settings(folder, **flags), target)


def own_settings(folder, **content):
    (folder / "bundle.json").write_text(json.dumps(content))


def problems_of(action):
    with pytest.raises(ExportError) as raised:
        action()
    return raised.value.problems


# Settings


def test_defaults(folder):
    result = settings(folder)
    assert (result.identity.name, result.identity.version) == ("my-checkpoint", "1")
    assert result.thresholds == {"yes": 0.5, "no": 0.5}
    assert (result.segmenter, result.window_overlap) == ("sentence", 6 // 4)
    assert result.graph == GraphSettings("pad", segment_positions=True, storage="fp32", precision="fp32")
    assert result.identity.metrics is None
    assert "Nobody has written down yet" in result.model_card


@pytest.mark.parametrize(
    ("config", "pad_segment"),
    [
        ({"pooler_type": "max"}, "pad"),
        ({"pooler_type": "last"}, "pad"),
        ({"pooler_type": "attentive"}, "pad"),
        ({"pooler_type": "first"}, "none"),
        ({"head": SEGMENT_HEAD}, "none"),
        ({"head": "HATForMultipleChoice"}, "pad"),
        ({"head": "HATForMaskedLM"}, "none"),
        ({"head": "HATModel"}, "pad"),
    ],
)
def test_default_pad_segment_is_the_originals_padding_where_a_head_sees_it(tmp_path, config, pad_segment):
    assert settings(write_checkpoint(tmp_path / "c", hat_config(**config))).graph.pad_segment == pad_segment


def test_the_checkpoints_own_settings_win_over_defaults_and_flags_over_both(folder, tmp_path):
    own_settings(
        folder,
        name="own",
        version="7",
        thresholds={"yes": 0.2},
        metrics={"f1": 0.8},
        segmenter="uniform",
        pad_segment="cls",
        segment_positions=False,
        window_overlap=2,
    )
    (folder / "MODEL_CARD.md").write_text("# Own card\n")
    (folder / "golden-inputs.jsonl").write_text('{"id": "own", "text": "goods"}\n')
    own = settings(folder)
    assert (own.identity.name, own.identity.version, own.thresholds, own.identity.metrics) == (
        "own",
        "7",
        {"yes": 0.2, "no": 0.5},
        {"f1": 0.8},
    )
    assert (own.segmenter, own.window_overlap) == ("uniform", 2)
    assert own.graph == GraphSettings("cls", segment_positions=False)
    assert own.model_card == "# Own card\n"
    assert [entry.id for entry in own.golden_inputs] == ["own"]

    files = {name: tmp_path / name for name in ("thresholds.json", "metrics.json", "card.md", "golden.jsonl")}
    files["thresholds.json"].write_text('{"no": 0.9}')
    files["metrics.json"].write_text('{"f1": 0.9}')
    files["card.md"].write_text("# Card of the flag\n")
    files["golden.jsonl"].write_text('{"id": "flag", "text": "goods"}\n')
    flagged = settings(
        folder,
        name="flag",
        version="8",
        thresholds=files["thresholds.json"],
        metrics=files["metrics.json"],
        segmenter="sentence",
        pad_segment="none",
        segment_positions=True,
        window_overlap=0,
        model_card=files["card.md"],
        golden=files["golden.jsonl"],
    )
    assert (flagged.identity.name, flagged.identity.version, flagged.identity.metrics) == ("flag", "8", {"f1": 0.9})
    assert flagged.thresholds == {"yes": 0.5, "no": 0.9}
    assert (flagged.segmenter, flagged.graph) == ("sentence", GraphSettings("none", segment_positions=True))
    assert (flagged.window_overlap, flagged.model_card) == (0, "# Card of the flag\n")
    assert [entry.id for entry in flagged.golden_inputs] == ["flag"]


def test_every_unusable_setting_is_reported_at_once(folder):
    own_settings(folder, thresholds={"maybe": 0.5, "yes": "high"}, window_overlap=6, segmenter="paragraph", metrics=[1])
    problems = problems_of(lambda: settings(folder))
    for expected in (
        "thresholds: 'maybe' is not a label, expected one of yes, no",
        "thresholds: 'yes' has 'high', expected a number",
        "window_overlap is 6, expected 0 to 5",
        "segmenter is 'paragraph', expected one of sentence, uniform",
        "metrics is [1], expected an object",
    ):
        assert [problem for problem in problems if expected in problem], expected
    assert len(problems) == 5


def test_the_length_of_windows_of_symbols_is_refused(folder):
    [problem] = problems_of(lambda: settings(folder, window_length=64))
    assert problem.startswith("--window-length is for Hourglass models")


def test_numbers_that_json_does_not_have_are_refused(folder):
    own_settings(folder, thresholds={"yes": float("nan")}, metrics={"f1": [float("inf")]})
    assert problems_of(lambda: settings(folder)) == (
        "metrics holds NaN or Infinity, which JSON does not have",
        "thresholds: 'yes' has nan, expected a number",
    )


def test_misspelt_settings_are_refused(folder):
    own_settings(folder, treshold={}, pad_segment="pad")
    assert "treshold is not a setting, expected one of metrics, name" in problems_of(lambda: settings(folder))[0]
    own_settings(folder, pad_segment="CLS", segment_positions="yes")
    problems = problems_of(lambda: settings(folder))
    assert "pad_segment is 'CLS', expected one of none, pad, cls" in problems
    assert "segment_positions is 'yes', expected true or false" in problems


def test_a_name_that_no_manifest_may_have_is_refused(folder):
    assert "$.name: 'Big Model' does not match" in problems_of(lambda: settings(folder, name="Big Model"))[0]


def test_several_labels_without_problem_type_are_refused(tmp_path):
    config = hat_config()
    del config["problem_type"]
    folder = write_checkpoint(tmp_path / "c", config)
    assert "problem_type is missing in config.json" in problems_of(lambda: settings(folder))[0]


def test_settings_that_need_labels_are_refused_where_there_are_none(tmp_path):
    folder = write_checkpoint(tmp_path / "c", hat_config(head="HATForMultipleChoice"))
    own_settings(folder, thresholds={"yes": 0.5})
    assert problems_of(lambda: settings(folder)) == ("thresholds are given, but this model has no labels",)


def test_a_cls_id_that_nobody_tells_is_asked_for(tmp_path):
    config = hat_config()
    del config["cls_token_id"]
    folder = write_checkpoint(tmp_path / "c", config)
    assert read_checkpoint(folder).config.cls_id == 2
    tokenizer = (folder / "tokenizer.json").read_text().replace("[CLS]", "[FIRST]")
    (folder / "tokenizer.json").write_text(tokenizer)
    assert "cls_token_id is missing: no file says which id begins a segment" in problems_of(lambda: settings(folder))[0]
    assert "pad_segment is 'cls', but no file says" in problems_of(lambda: settings(folder, pad_segment="cls"))[0]


# Folders


def test_a_bundle_holds_what_its_manifest_says(folder, tmp_path):
    agreement = write(folder, tmp_path / "bundle")
    assert agreement.deviation < 1e-4
    manifest = json.loads((tmp_path / "bundle/manifest.json").read_text())
    assert manifest_problems(manifest) == []
    assert manifest["task"] == "document-classification"
    assert manifest["special_tokens"] == {"cls": 2, "pad": 0}
    assert manifest["labels"] == [{"name": "yes", "threshold": 0.5}, {"name": "no", "threshold": 0.5}]
    assert manifest["provenance"]["checkpoint"] == {
        "name": "My Checkpoint",
        "sha256": file_sha256(folder / "model.safetensors"),
    }
    names = {path.name for path in (tmp_path / "bundle").iterdir()}
    assert names == {"manifest.json", *manifest["files"]}
    for name, facts in manifest["files"].items():
        path = tmp_path / "bundle" / name
        assert facts == {"sha256": file_sha256(path), "bytes": path.stat().st_size}
    # The golden inputs of a small model include a document of several windows.
    golden = [json.loads(line) for line in (tmp_path / "bundle/golden.jsonl").read_text().splitlines()]
    assert max(len(record["windows"]) for record in golden) > 1
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_golden_inputs_of_a_large_model_have_several_segments_but_no_windows(tmp_path):
    folder = write_checkpoint(tmp_path / "c", hat_config(max_segments=32, segment_length=64))
    write(folder, tmp_path / "bundle")
    golden = [json.loads(line) for line in (tmp_path / "bundle/golden.jsonl").read_text().splitlines()]
    assert 3 < max(len(record["segments"]) for record in golden) <= 32
    assert {len(record["windows"]) for record in golden} == {1}


def test_the_same_checkpoint_gives_the_same_bundle(folder, tmp_path):
    for target in ("one", "two"):
        write(folder, tmp_path / target)
    assert (tmp_path / "one/manifest.json").read_bytes() == (tmp_path / "two/manifest.json").read_bytes()


def test_a_bundle_replaces_a_bundle_or_an_empty_folder(folder, tmp_path):
    target = tmp_path / "deep/bundle"
    target.mkdir(parents=True)
    write(folder, target, version="1")
    write(folder, target, version="2")
    assert json.loads((target / "manifest.json").read_text())["version"] == "2"
    assert [path.name for path in target.parent.iterdir()] == ["bundle"]


def test_nothing_else_is_replaced(folder, tmp_path):
    target = tmp_path / "thesis"
    target.mkdir()
    (target / "chapter-1.txt").write_text("irreplaceable")
    assert problems_of(lambda: write(folder, target)) == ("exists and is not a bundle: choose another place or remove it",)
    assert (target / "chapter-1.txt").read_text() == "irreplaceable"
    (tmp_path / "file").touch()
    assert problems_of(lambda: write(folder, tmp_path / "file"))


def test_a_failed_export_leaves_the_old_bundle_and_no_traces(folder, tmp_path):
    target = tmp_path / "bundle"
    write(folder, target)
    before = (target / "manifest.json").read_bytes()
    inputs = tmp_path / "inputs.jsonl"
    inputs.write_text('{"id": "empty", "text": " "}\n{"id": "fine", "text": "goods"}\n')
    assert problems_of(lambda: write(folder, target, golden=inputs)) == ("empty: the text has no tokens, expected at least one",)
    assert (target / "manifest.json").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"My Checkpoint", "bundle", "inputs.jsonl"}


def test_a_tokenizer_of_another_model_is_refused(tmp_path):
    config = hat_config(vocab_size=100)
    folder = write_checkpoint(tmp_path / "c", config)
    assert "gives ids up to 193, but vocab_size in config.json is 100" in problems_of(lambda: write(folder, tmp_path / "b"))[0]


def test_a_missing_tokenizer_is_told(folder, tmp_path):
    (folder / "tokenizer.json").unlink()
    assert problems_of(lambda: write(folder, tmp_path / "bundle")) == ("the file is missing",)


def test_the_bundles_tokenizer_never_truncates(folder, tmp_path):
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["truncation"] = {"direction": "Right", "max_length": 8, "strategy": "LongestFirst", "stride": 0}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    write(folder, tmp_path / "bundle")
    assert json.loads((tmp_path / "bundle/tokenizer.json").read_text())["truncation"] is None
    assert len(TextTokenizer(tmp_path / "bundle/tokenizer.json").tokenize("goods " * 99).ids) == 99


@pytest.mark.parametrize("head", [Head.DOCUMENT, Head.SEGMENT])
@pytest.mark.parametrize(("given", "expected"), [({}, [1 / 3, 1 / 3, 1 / 3]), ({"b": 0.4}, [1 / 3, 0.4, 1 / 3])])
def test_the_best_of_labels_that_exclude_each_other_is_present_where_no_threshold_says_otherwise(tmp_path, head, given, expected):
    folder = write_checkpoint(tmp_path / "c", hat_config(head=head.value, labels=["a", "b", "c"]))
    own_settings(folder, thresholds=given)
    write(folder, tmp_path / "bundle")
    manifest = json.loads((tmp_path / "bundle/manifest.json").read_text())
    assert [label["threshold"] for label in manifest["labels"]] == expected
    presence = "The best one is present." if not given else "The best one is present from a score of 0.333333 to 0.4 on."
    assert promises(manifest).split("\n")[2] == f"Labels: a, b, c. {presence}"


@pytest.mark.parametrize("problem_type", ["multi_label_classification", "regression"])
def test_labels_that_do_not_exclude_each_other_keep_their_default_threshold(tmp_path, problem_type):
    folder = write_checkpoint(tmp_path / "c", hat_config(labels=["a", "b"], problem_type=problem_type))
    assert settings(folder).thresholds == {"a": 0.5, "b": 0.5}
