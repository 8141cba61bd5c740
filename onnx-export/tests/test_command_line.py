"""The commands as a person runs them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import onnx
import pytest

from onnx_export.__main__ import COMMANDS, module_of
from random_checkpoints import hat_config, write_checkpoint

FIXTURES = Path(__file__).parent / "fixtures/hat"
SOURCES = str(Path(__file__).parents[1] / "src")


def run(*arguments, code=0, module="onnx_export"):
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={"PYTHONPATH": SOURCES, "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == code, done.stderr
    return done


def metadata(path):
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


def test_graph_is_written_and_agrees_with_the_reference(tmp_path):
    done = run("graph", "--checkpoint", FIXTURES / "seqcls-max-late", "--output", tmp_path / "out/model.onnx")
    assert "agrees with the reference computation on 3 documents" in done.stdout
    assert metadata(tmp_path / "out/model.onnx")["layout"] == "S|S|SD"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["model.onnx"]


def test_options_reach_the_graph(tmp_path):
    output = tmp_path / "model.onnx"
    options = ["--pooling", "first", "--pad-segment", "cls", "--no-segment-positions", "--weights", "int8"]
    done = run("graph", "--checkpoint", FIXTURES / "seqcls-first", "--output", output, *options)
    assert "int8 weights moved their answers by at most" in done.stdout
    assert {key: metadata(output)[key] for key in ("pooling", "segment_positions", "weights")} == {
        "pooling": "first",
        "segment_positions": "false",
        "weights": "int8",
    }


def test_int8_is_calibrated_on_the_file_given(tmp_path):
    folder = write_checkpoint(tmp_path / "c", hat_config())
    texts = tmp_path / "texts.jsonl"
    texts.write_text('{"text": "The buyer pays the price. All notices are in writing."}\n' * 3)
    options = ["--precision", "int8", "--calibration", texts]
    done = run("graph", "--checkpoint", folder, "--output", tmp_path / "model.onnx", *options)
    assert "agrees with the same rounding in float32 on 3 documents" in done.stdout
    assert "int8 arithmetic moved their answers by at most" in done.stdout
    assert done.stderr == ""
    assert {"MatMulIntegerToFloat", "QuantizeLinear"} <= {node.op_type for node in onnx.load(tmp_path / "model.onnx").graph.node}


def test_options_of_precision_that_contradict_each_other_are_refused(tmp_path):
    options = ["--precision", "fp16", "--weights", "int8", "--calibration", tmp_path / "nowhere.jsonl"]
    done = run("graph", "--checkpoint", FIXTURES / "seqcls-first", "--output", tmp_path / "model.onnx", *options, code=1)
    assert done.stderr.startswith("options: 2 problems\n  - --calibration is for --precision int8")
    assert not (tmp_path / "model.onnx").exists()


def test_every_problem_of_a_checkpoint_is_printed(tmp_path):
    folder = write_checkpoint(tmp_path / "c", hat_config())
    (folder / "config.json").write_text(json.dumps(hat_config(hidden_act="mish", position_embedding_type="relative_key")))
    done = run("graph", "--checkpoint", folder, "--output", tmp_path / "model.onnx", code=1)
    assert done.stderr.startswith("config.json: 2 problems\n  - ")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.parametrize(
    ("checkpoint", "options", "architecture"),
    [
        ("multiple-choice-last", [], "HATForMultipleChoice"),
        ("mlm", [], "HATForMaskedLM"),
        ("mlm", ["--task", "embedding", "--pooling", "first"], "HATModel"),
    ],
)
def test_heads_without_labels_are_written(tmp_path, checkpoint, options, architecture):
    run("graph", "--checkpoint", FIXTURES / checkpoint, "--output", tmp_path / "model.onnx", *options)
    assert metadata(tmp_path / "model.onnx")["architecture"] == architecture


def test_bundle_is_written_and_verified(tmp_path):
    folder = write_checkpoint(tmp_path / "checkpoint", hat_config())
    done = run("bundle", "--checkpoint", folder, "--output", tmp_path / "bundle", "--name", "demo", "--window-overlap", 3)
    assert "the bundle keeps its promises" in done.stdout
    done = run("verify", tmp_path / "bundle")
    assert done.stdout.startswith("demo 1: document-classification, fp32\nIt pools the segments of a text (max)")
    assert "6 of them together, at longer texts in windows that share 3." in done.stdout
    assert done.stdout.count("✓") == 5
    assert "✗" not in done.stdout


def test_verify_fails_for_a_damaged_bundle(tmp_path):
    folder = write_checkpoint(tmp_path / "checkpoint", hat_config())
    run("bundle", "--checkpoint", folder, "--output", tmp_path / "bundle")
    (tmp_path / "bundle/README.md").write_text("changed")
    done = run("verify", tmp_path / "bundle", code=1)
    assert "✗ checksums" in done.stdout
    assert "README.md has 7 bytes" in done.stdout
    assert "the bundle does not keep its promises" in done.stdout


def test_last_pooling_with_other_segments_than_the_originals_is_noted(tmp_path):
    folder = write_checkpoint(tmp_path / "checkpoint", hat_config(pooler_type="last"))
    done = run("graph", "--checkpoint", folder, "--output", tmp_path / "model.onnx")
    assert "the original reads the token 128 from the end" in done.stderr


def test_help_states_the_traps():
    done = run("graph", "--help")
    for trap in ("January 2024", "--no-segment-positions", "RoBERTa"):
        assert trap in done.stdout


def test_all_commands_are_listed_and_there():
    listed = run("--help").stdout
    for command in COMMANDS:
        assert re.search(rf"^    {command}\s", listed, re.MULTILINE)
        assert (Path(SOURCES) / f"{module_of(command).replace('.', '/')}.py").is_file()


def test_the_packages_of_commands_may_be_called_themselves():
    assert run("--help", module="onnx_export.evaluate").stdout == run("evaluate", "--help").stdout


def test_torch_is_not_needed(tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('torch must not be imported')")
    without = COMMANDS.keys() - {"train", "train-language-model", "company", "baseline"}
    code = "; ".join(["import onnx_export.__main__", *(f"import {module_of(command)}" for command in without)])
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": f"{tmp_path}:{SOURCES}"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_command_of_the_extra_says_how_to_install_it(tmp_path):
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(name='torch')")
    done = subprocess.run(
        [sys.executable, "-m", "onnx_export", "train", "--help"],
        env={"PYTHONPATH": f"{tmp_path}:{SOURCES}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("train needs packages that exporting does not (")
    assert "pip install './onnx-export[train]'" in done.stderr
