"""A checkpoint of a HAT with random weights, for measuring: time does not depend on their values.

    PYTHONPATH=onnx-export/src python random_hat.py --tokenizer FILE.json --output DIR [--width 768] [--layers 12]

By default in the shape of HAT-base: 32 segments of 128 tokens, every third layer followed by one across segments.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from onnx_export.hat.checkpoint import SEGMENT_POSITIONS, expected_shapes
from onnx_export.hat.config import read_config
from onnx_export.hat.layout import encoder_layout, parse_layout

SEED = 1
SPREAD = 0.02
"""Of weights, as BERT begins its training."""


def config(tokenizer: Tokenizer, width: int, layers: int) -> dict[str, Any]:
    layout = parse_layout("|".join("SD" if layer % 3 == 2 else "S" for layer in range(layers)))
    return {
        "model_type": "hierarchical-transformer",
        "architectures": ["HATModelForSequentialSentenceClassification"],
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": width,
        "max_sentences": 32,
        "max_sentence_length": 128,
        "num_hidden_layers": layers,
        "num_attention_heads": width // 64,
        "intermediate_size": 4 * width,
        "type_vocab_size": 1,
        "layer_norm_eps": 1e-12,
        "pad_token_id": tokenizer.token_to_id("[PAD]"),
        "cls_token_id": tokenizer.token_to_id("[CLS]"),
        "encoder_layout": encoder_layout(layout),
        "hidden_act": "gelu",
        "id2label": {str(label): f"label {label}" for label in range(41)},
        "problem_type": "multi_label_classification",
    }


def weights(config: dict[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """By the names of the original code."""
    chance = np.random.default_rng(SEED)
    hat = read_config(config)
    shapes = dict(expected_shapes(hat))
    shapes["embeddings.position_embeddings.weight"] = (hat.pad_id + 1 + hat.segment_length, hat.hidden_size)
    stored = {}
    for name, shape in shapes.items():
        values = SPREAD * chance.standard_normal(shape, np.float32)
        if "LayerNorm.weight" in name:
            values += 1
        stored[f"hi_transformer.{name}" if name.startswith(("embeddings.", "encoder.")) else name] = values
    places = SPREAD * chance.standard_normal((hat.max_segments + 1, hat.hidden_size), np.float32)
    for layer, parts in config["encoder_layout"].items():
        if parts["document_encoder"]:
            stored[f"hi_transformer.encoder.layer.{layer}.position_embeddings.weight"] = places
    stored.pop(f"hi_transformer.{SEGMENT_POSITIONS}", None)
    return stored


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json with [PAD] and [CLS]")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--width", type=int, default=768, help="a multiple of 64 (default: %(default)s)")
    parser.add_argument("--layers", type=int, default=12, help="(default: %(default)s)")
    options = parser.parse_args()
    shape = config(Tokenizer.from_file(str(options.tokenizer)), options.width, options.layers)
    options.output.mkdir(parents=True)
    (options.output / "config.json").write_text(json.dumps(shape, indent=1), encoding="utf-8")
    save_file(weights(shape), options.output / "model.safetensors")
    shutil.copyfile(options.tokenizer, options.output / "tokenizer.json")


if __name__ == "__main__":
    main()
