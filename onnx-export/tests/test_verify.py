import hashlib
import json
import shutil

import numpy as np
import pytest

from onnx_export.bundle.promises import promises
from onnx_export.bundle.settings import Flags, resolve_settings
from onnx_export.bundle.verify import checks
from onnx_export.bundle.write import write_bundle
from onnx_export.hat.checkpoint import read_checkpoint
from onnx_export.hat.config import Head
from onnx_export.hat.graph import build_graph
from random_checkpoints import hat_config, write_checkpoint


def make_bundle(folder, target, **flags):
    checkpoint = read_checkpoint(folder)
    write_bundle(folder, checkpoint, resolve_settings(folder, checkpoint, Flags(**flags)), target)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    base = tmp_path_factory.mktemp("bundle")
    make_bundle(write_checkpoint(base / "checkpoint", hat_config("S|SD")), base / "bundle")
    return base / "bundle"


@pytest.fixture
def bundle(original, tmp_path):
    return shutil.copytree(original, tmp_path / "bundle")


def edit_manifest(bundle, change):
    manifest = json.loads((bundle / "manifest.json").read_text())
    change(manifest)
    (bundle / "manifest.json").write_text(json.dumps(manifest))


def put(bundle, name, content):
    """Replace a file and its checksum, as someone would who wants the bundle to look whole."""
    (bundle / name).write_bytes(content)
    facts = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    edit_manifest(bundle, lambda manifest: manifest["files"].update({name: facts}))


def edit_golden(bundle, change):
    records = [json.loads(line) for line in (bundle / "golden.jsonl").read_text().splitlines()]
    change(records)
    put(bundle, "golden.jsonl", "".join(json.dumps(record) + "\n" for record in records).encode())


def failures(bundle):
    return [f"{check.name}: {problem}" for check in checks(bundle) for problem in check.problems]


@pytest.mark.parametrize(
    ("head", "golden"),
    [("HATForMultipleChoice", "scores"), ("HATForMaskedLM", "token_logits"), ("HATModel", "embedding")],
)
def test_a_bundle_of_any_task_passes_every_check_until_its_answers_change(tmp_path, head, golden):
    folder = write_checkpoint(tmp_path / "checkpoint", hat_config("S|SD", head=head))
    make_bundle(folder, tmp_path / "bundle")
    assert failures(tmp_path / "bundle") == []
    records = [json.loads(line) for line in (tmp_path / "bundle/golden.jsonl").read_text().splitlines()]
    assert max(len(record["windows"]) for record in records) > 1
    assert all(golden in record for record in records)
    record = records[-1]
    record[golden] = (np.array(record[golden]) + 0.01).tolist()
    put(tmp_path / "bundle", "golden.jsonl", "".join(json.dumps(record) + "\n" for record in records).encode())
    assert "golden inputs: long: scores are off by 1.0e-02" in failures(tmp_path / "bundle")[0]
    del record[golden]
    put(tmp_path / "bundle", "golden.jsonl", "".join(json.dumps(record) + "\n" for record in records).encode())
    assert failures(tmp_path / "bundle") == [f"golden inputs: line 7: {golden} missing"]


def test_a_whole_bundle_passes_every_check(bundle):
    found = list(checks(bundle))
    assert [check.name for check in found] == [
        "manifest",
        "checksums",
        "graph and tokenizer",
        "golden inputs",
        "batch invariance",
    ]
    assert all(check.passed for check in found)
    assert str(found[0]) == "✓ manifest: fits its schema"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda manifest: manifest.update(format_version="2.0"), "format_version is 2.0, expected 1.x"),
        (lambda manifest: manifest.pop("labels"), "'labels' is a required property"),
        (lambda manifest: manifest.update(colour="red"), "'colour' was unexpected"),
        (lambda manifest: manifest["segmentation"].update(window_overlap=6), "expected below max_segments (6)"),
        (lambda manifest: manifest["labels"][1].update(name="LABEL_0"), "expected names that differ"),
        (lambda manifest: manifest.pop("pooling"), "'pooling' is a required property"),
        (lambda manifest: manifest.pop("problem_type"), "'problem_type' is a required property"),
        (lambda manifest: manifest.update(task="segment-classification"), "$.pooling: has no meaning for this task"),
        (lambda manifest: manifest.update(task="embedding"), "$.labels: has no meaning for this task"),
        (lambda manifest: manifest["segmentation"].update(segment_length=32), "expected {'inputs'"),
    ],
)
def test_a_manifest_that_says_too_little_or_contradicts_itself_fails(bundle, change, problem):
    edit_manifest(bundle, change)
    found = failures(bundle)
    assert all(failure.startswith("manifest: ") for failure in found)
    assert problem in "\n".join(found)


def test_a_signature_beside_a_bundle_is_no_stray_file(bundle):
    (bundle / "manifest.json.sig").write_bytes(bytes(64))
    assert not failures(bundle)


def test_every_damaged_missing_or_stray_file_is_told(bundle):
    (bundle / "README.md").write_text("Rewritten")
    content = (bundle / "model.onnx").read_bytes()
    (bundle / "model.onnx").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    (bundle / "golden.jsonl").unlink()
    (bundle / "notes.txt").touch()
    found = failures(bundle)
    assert len(found) == 4
    for problem in (
        "README.md has 9 bytes, expected",
        "model.onnx has another checksum",
        "golden.jsonl is missing",
        "notes.txt is not in the manifest",
    ):
        assert problem in "\n".join(found)


def test_no_manifest_no_bundle(tmp_path):
    assert failures(tmp_path) == ["manifest: the file is missing"]


def test_a_graph_that_is_not_the_manifests_fails(bundle, tmp_path):
    other = read_checkpoint(write_checkpoint(tmp_path / "c", hat_config(segment_length=8)))
    put(bundle, "model.onnx", build_graph(other, segment_positions=True).SerializeToString())
    assert "model.onnx has the inputs [{'name': 'input_ids', 'type': 'int64', 'shape': ['S', 8]}" in failures(bundle)[0]


def test_unreadable_graph_and_tokenizer_are_both_told(bundle):
    put(bundle, "model.onnx", b"not a model")
    put(bundle, "tokenizer.json", b"{}")
    found = "\n".join(failures(bundle))
    assert "model.onnx is refused by ONNX Runtime" in found
    assert "is not a tokenizers file" in found


def test_weights_of_another_checkpoint_fail_the_replay(bundle, tmp_path):
    other = read_checkpoint(write_checkpoint(tmp_path / "c", hat_config("S|SD"), seed=99))
    put(bundle, "model.onnx", build_graph(other, segment_positions=True).SerializeToString())
    assert "golden inputs: word: scores are off by" in failures(bundle)[0]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda records: records[0]["token_ids"].append(5), "word: token_ids differ"),
        (lambda records: records[1]["token_offsets"][0].__setitem__(1, 99), "clause: token_offsets differ"),
        (lambda records: records[2]["segments"].pop(), "letter: segments differ"),
        (lambda records: records[6]["windows"].pop(), "long: windows differ"),
        (lambda records: records[0].update(scores=[0.5, 0.5, 0.5]), "word: scores are off by"),
        (lambda records: records[0]["segment_scores"].pop(), "word: segment_scores have shape (1, 3), expected (0,)"),
        (lambda records: records[0]["scores"].__setitem__(0, float("nan")), "word: scores are off by inf"),
        (lambda records: records[1]["segment_scores"][0].pop(), "clause: segment_scores are not numbers in shape"),
        (lambda records: records[3].pop("windows"), "line 4: windows missing"),
        (lambda records: records[3].update(text=5), "line 4: text is 5, expected a text"),
        (lambda records: records.clear(), "is empty, expected at least one record"),
    ],
)
def test_golden_records_that_are_not_reproduced_fail(bundle, change, problem):
    edit_golden(bundle, change)
    assert problem in "\n".join(failures(bundle))


def test_a_score_within_tolerance_passes(bundle):
    edit_golden(bundle, lambda records: records[0]["scores"].__setitem__(0, records[0]["scores"][0] + 5e-5))
    assert failures(bundle) == []


def test_a_bundle_is_explained_in_sentences(tmp_path):
    config = hat_config("S|SD", labels=["fee", "law"], problem_type="multi_label_classification")
    folder = write_checkpoint(tmp_path / "checkpoint", config)
    (tmp_path / "metrics.json").write_text('{"document_micro_f1": 0.87}')
    (tmp_path / "thresholds.json").write_text('{"fee": 0.3, "law": 0.45}')
    make_bundle(
        folder, tmp_path / "b", name="clauses", metrics=tmp_path / "metrics.json", thresholds=tmp_path / "thresholds.json"
    )
    said = promises(json.loads((tmp_path / "b/manifest.json").read_text()))
    assert said.startswith("clauses 1: document-classification, fp32\n")
    assert "and scores the whole for 2 labels, any number of which may hold." in said
    assert "Labels: fee, law. Present from a score of 0.3 to 0.45 on." in said
    assert "gets one of padding, because the model was trained with it" in said
    assert "compared with another computation of the same on 3 documents" in said
    assert "Measured by its maker: document_micro_f1 0.87." in said


@pytest.mark.parametrize("head", [Head.SEGMENT, Head.CHOICE, Head.TOKEN, Head.NONE])
def test_a_bundle_of_any_task_is_explained(tmp_path, head):
    folder = write_checkpoint(tmp_path / "checkpoint", hat_config("S|SD", head=head.value))
    make_bundle(folder, tmp_path / "b")
    assert promises(json.loads((tmp_path / "b/manifest.json").read_text())).count("\n") >= 4
