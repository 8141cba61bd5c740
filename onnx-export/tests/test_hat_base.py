"""A checkpoint in the shape of HAT-base: small in the default run, of full size with ``pytest -m slow``."""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from onnx_export.export.agreement import check_agreement
from onnx_export.export.graph_settings import GraphSettings
from onnx_export.export.hat_model import HatModel
from onnx_export.hat.checkpoint import read_checkpoint
from onnx_export.hat.graph import build_graph
from random_checkpoints import hat_config, write_checkpoint

LAYOUT = "S|S|SD|S|S|SD|S|S|SD|S|S|SD"
SOURCES = str(Path(__file__).parents[1] / "src")


def base(**sizes):
    """RoBERTa's ids, as HAT-base has them."""
    return hat_config(LAYOUT, pad_token_id=1, cls_token_id=0, segment_length=128, **sizes)


def test_the_layout_of_hat_base_agrees_with_the_reference(tmp_path):
    sizes = {"hidden_size": 96, "num_attention_heads": 12, "intermediate_size": 384, "max_segments": 3}
    checkpoint = read_checkpoint(write_checkpoint(tmp_path / "c", base(**sizes)))
    model = build_graph(checkpoint, segment_positions=True).SerializeToString()
    agreement = check_agreement(HatModel(checkpoint, GraphSettings("cls", segment_positions=True)), model)
    assert agreement.deviation < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("command", ["graph", "bundle"])
def test_hat_base_is_exported_within_two_minutes_and_four_gigabytes(tmp_path, command):
    sizes = {"vocab_size": 50265, "hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072, "max_segments": 32}
    folder = write_checkpoint(tmp_path / "hat-base", base(**sizes), scale=0.2)
    output = tmp_path / ("model.onnx" if command == "graph" else "bundle")
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "onnx_export", command, "--checkpoint", folder, "--output", output],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={"PYTHONPATH": SOURCES, "PYTHONUTF8": "1"},
    )
    seconds, peak = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps({"command": command, "seconds": round(seconds), "peak_gb": round(peak / 2**20, 2)}), done.stdout)
    assert done.returncode == 0, done.stderr
    assert "agrees with the reference computation on 3 documents" in done.stdout
    assert peak < 4 * 2**20
    assert seconds < 120
