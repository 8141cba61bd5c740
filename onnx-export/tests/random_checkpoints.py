"""Checkpoint folders with seeded random weights, and a small tokenizer made from our own text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from tokenizers.decoders import WordPiece as WordPieceDecoder
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from onnx_export.hat.checkpoint import SEGMENT_POSITIONS, expected_shapes
from onnx_export.hat.config import read_config
from onnx_export.hat.layout import encoder_layout, parse_layout

TINY_TEXT = """
The supplier delivers the goods to the buyer at the agreed place. The buyer pays the price within thirty days after the
invoice. Either party may end this agreement by written notice. The supplier is liable for damage only if it acted with
intent. All notices under this agreement are in writing. This agreement is governed by the law of the place of the seller.
The parties keep the terms of this agreement secret. The fee is due on the first day of each month. No party may assign
its rights without consent of the other party. If a term is void, the other terms stay in force. The buyer may return the
goods within ten days. The seller grants a licence for the term of the agreement. We were happy with the service, and the
delivery was fast; the crate arrived broken and nobody answered the phone. Please refund the freight.
"""

SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def tiny_tokenizer() -> Tokenizer:
    """A lower-casing WordPiece tokenizer of 200 entries: characters, their continuations, and frequent words. Pad 0, CLS 2."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    entries = [*SPECIAL_TOKENS, *letters, *(f"##{letter}" for letter in letters), *".,;:!?'\"()[]-/$%&…’“”"]
    entries += ["##ing", "##ed", "##er", "##s", "##ion", "##able", "##ment", "##ly"]
    words = Counter(word.strip(".,;").lower() for word in TINY_TEXT.split())
    by_frequency = sorted(words, key=lambda word: (-words[word], word))
    entries += [word for word in by_frequency if len(word) > 1][: 200 - len(entries)]
    tokenizer = Tokenizer(WordPiece({entry: i for i, entry in enumerate(entries)}, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.decoder = WordPieceDecoder()
    tokenizer.add_special_tokens(SPECIAL_TOKENS)
    return tokenizer


def hat_config(
    layout: str = "S|SD",
    *,
    head: str = "HATForSequenceClassification",
    labels: int | list[str] = 3,
    problem_type: str = "single_label_classification",
    segment_length: int = 16,
    max_segments: int = 6,
    **others: Any,
) -> dict[str, Any]:
    """A ``config.json`` for the tiny tokenizer; ``layout`` is as ``parse_layout`` reads it, such as ``S|S|/2|SD``."""
    layers = parse_layout(layout)
    names = [f"LABEL_{i}" for i in range(labels)] if isinstance(labels, int) else labels
    config = {
        "model_type": "hierarchical-transformer",
        "architectures": [head],
        "vocab_size": 200,
        "hidden_size": 32,
        "max_sentences": max_segments,
        "max_sentence_length": segment_length,
        "num_hidden_layers": len(layers),
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "type_vocab_size": 1,
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
        "cls_token_id": 2,
        "encoder_layout": encoder_layout(layers),
        "hidden_act": "gelu",
        "id2label": {str(i): name for i, name in enumerate(names)},
        "problem_type": problem_type,
    }
    return config | others


@st.composite
def shortened_layouts(draw: st.DrawFn) -> str:
    """Layouts of up to five layers with at least one step, for segments of at least 9 tokens."""
    layers = draw(st.lists(st.sampled_from(["S", "D", "SD"]), min_size=1, max_size=4))
    last = draw(st.sampled_from(["S", "SD"]))
    steps = draw(st.lists(st.sampled_from([0, 0, 2, 2, 3, 4]), min_size=len(layers), max_size=len(layers)))
    # A segment has 8 tokens beside its head, and no step may ask for more than are left.
    taken, parts = 1, [layers[0]]
    for layer, step in zip([*layers[1:], last], steps, strict=True):
        if step and (taken == 1 or taken * step <= 8):
            parts.append(f"/{step}")
            taken *= step
        parts.append(layer)
    return "|".join(parts) if taken > 1 else "|".join([*parts[:-1], "/2", last])


def random_weights(config: Mapping[str, Any], seed: int, scale: float = 1) -> dict[str, np.ndarray[Any, np.dtype[np.float32]]]:
    """Weights for a configuration, by default wide enough that scores differ visibly between inputs."""
    random = np.random.default_rng(seed)
    hat = read_config(config)
    weights = {}
    shapes = expected_shapes(hat)
    shapes["embeddings.position_embeddings.weight"] = (hat.pad_id + 1 + hat.segment_length, hat.hidden_size)
    shapes[SEGMENT_POSITIONS] = (hat.max_segments + 1, hat.hidden_size)
    for name, shape in shapes.items():
        values = random.standard_normal(shape)
        if "LayerNorm.weight" in name or name == "lm_head.layer_norm.weight":
            values = 1 + 0.1 * values
        elif name.endswith(".bias"):
            values *= 0.1
        elif "embeddings" not in name and name != SEGMENT_POSITIONS:
            values *= scale * (2.0 if name.startswith("classifier") else 1.5) / np.sqrt(shape[1])
        weights[name] = values.astype(np.float32)
    return weights


def write_checkpoint(
    folder: Path,
    config: Mapping[str, Any],
    *,
    seed: int = 1,
    scale: float = 1,
    prefix: str = "hi_transformer.",
    weights: Mapping[str, np.ndarray[Any, np.dtype[np.float32]]] | None = None,
) -> Path:
    """Write ``config.json``, ``model.safetensors`` and the tiny ``tokenizer.json`` in the names of the original code."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    stored = {}
    for name, array in (weights or random_weights(config, seed, scale)).items():
        if name == SEGMENT_POSITIONS:
            for index, layer in config["encoder_layout"].items():
                if layer["document_encoder"]:
                    stored[f"{prefix}encoder.layer.{index}.position_embeddings.weight"] = array
        else:
            stored[f"{prefix}{name}" if name.startswith(("embeddings.", "encoder.")) else name] = array
    save_file({name: np.ascontiguousarray(array) for name, array in stored.items()}, folder / "model.safetensors")
    (folder / "tokenizer.json").write_text(tiny_tokenizer().to_str(), encoding="utf-8")
    return folder
