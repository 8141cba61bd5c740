"""The recipes' scripts as a person runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from onnx_export import __main__ as exporter
from onnx_export.train.labelled_texts import write_labelled_texts
from tiny_bert import made_up_texts, write_bert

pytestmark = pytest.mark.train

RECIPES = Path(__file__).parents[1] / "recipes"
SMALL = "--layout S|SD --segment-length 16 --max-segments 6 --window-overlap 2 --validation 0.2 --test 0.2 --passes 2".split()


def bash(folder, *command):
    """Runs a command where nothing of this environment but the interpreter can be had."""
    environment = {"PATH": os.environ["PATH"], "PYTHON": sys.executable, "HOME": str(folder), "OMP_NUM_THREADS": "1"}
    return subprocess.run(["bash", *map(str, command)], cwd=folder, env=environment, check=True, capture_output=True, text=True)


def test_a_training_travels_and_its_checkpoint_comes_back(tmp_path):
    write_labelled_texts(tmp_path / "texts.jsonl", made_up_texts(24))
    write_bert(tmp_path / "bert")
    packed = bash(tmp_path, RECIPES / "offline/pack.sh", "texts.jsonl", "training.tar.gz", "bert")
    assert packed.stdout.startswith("training.tar.gz: ")

    there = tmp_path / "there"
    there.mkdir()
    bash(there, "-c", "tar --extract --file ../training.tar.gz")
    trained = bash(there, "training/train.sh", "work", "5", *SMALL)
    assert "test documents: micro-F1" in trained.stdout

    bash(there, "-c", f"'{sys.executable}' training/halves.py join work/pieces")
    checkpoint = there / "work/pieces/measured"
    assert json.loads((checkpoint / "metrics.json").read_text())["passes"] == 2
    assert exporter.main(["bundle", "--checkpoint", str(checkpoint), "--output", str(tmp_path / "bundle")]) == 0


def test_pieces_that_were_damaged_on_the_way_are_refused(tmp_path):
    (tmp_path / "piece-00").write_bytes(b"x")
    (tmp_path / "sha256").write_text("0" * 64 + "\n")
    with pytest.raises(subprocess.CalledProcessError) as error:
        bash(tmp_path, "-c", f"'{sys.executable}' {RECIPES / 'offline/halves.py'} join .")
    assert "the 1 pieces together have another SHA-256 than 0000" in error.value.stderr
