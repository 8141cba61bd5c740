"""A random BERT of a few thousand weights, and texts that a model can learn to tell apart within seconds."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from onnx_export.train.labelled_texts import LabelledText
from random_checkpoints import tiny_tokenizer

HIDDEN, INTERMEDIATE, HEADS, POSITIONS, VOCABULARY = 32, 64, 4, 24, 200

FILLER = [
    "The supplier delivers the goods at the agreed place.",
    "The buyer may return the goods within ten days.",
    "All notices are in writing.",
    "The delivery was fast.",
]
CLAUSES = {
    "Fee": "The fee is due on the first day of each month.",
    "Law": "This agreement is governed by the law of the place of the seller.",
}


def bert_weights(layers: int = 2, *, seed: int = 5) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(seed)

    def normal(*shape: int) -> np.ndarray:
        return (draw.standard_normal(shape) * (1.0 if len(shape) == 1 else 1.2 / np.sqrt(shape[1]))).astype(np.float32)

    def norm() -> dict[str, np.ndarray]:
        return {"weight": 1 + 0.1 * normal(HIDDEN), "bias": 0.1 * normal(HIDDEN)}

    weights = {
        "embeddings.word_embeddings.weight": normal(VOCABULARY, HIDDEN),
        "embeddings.position_embeddings.weight": normal(POSITIONS, HIDDEN),
        "embeddings.token_type_embeddings.weight": normal(2, HIDDEN),
        "pooler.dense.weight": normal(HIDDEN, HIDDEN),
        "pooler.dense.bias": normal(HIDDEN),
    }
    weights |= {f"embeddings.LayerNorm.{name}": value for name, value in norm().items()}
    for i in range(layers):
        sizes = {f"attention.self.{part}": (HIDDEN, HIDDEN) for part in ("query", "key", "value")}
        sizes |= {"attention.output.dense": (HIDDEN, HIDDEN)}
        sizes |= {"intermediate.dense": (INTERMEDIATE, HIDDEN), "output.dense": (HIDDEN, INTERMEDIATE)}
        for name, size in sizes.items():
            weights[f"encoder.layer.{i}.{name}.weight"] = normal(*size)
            weights[f"encoder.layer.{i}.{name}.bias"] = 0.1 * normal(size[0])
        for part in ("attention.output", "output"):
            weights |= {f"encoder.layer.{i}.{part}.LayerNorm.{name}": value for name, value in norm().items()}
    return weights


def write_bert(folder: Path, **changes: object) -> Path:
    """A folder as Hugging Face writes it; ``changes`` go into ``config.json``."""
    folder.mkdir(parents=True)
    config = {
        "model_type": "bert",
        "vocab_size": VOCABULARY,
        "hidden_size": HIDDEN,
        "num_hidden_layers": 2,
        "num_attention_heads": HEADS,
        "intermediate_size": INTERMEDIATE,
        "max_position_embeddings": POSITIONS,
        "layer_norm_eps": 1e-12,
        "hidden_act": "gelu",
        "pad_token_id": 0,
    }
    (folder / "config.json").write_text(json.dumps(config | changes))
    save_file(bert_weights(), folder / "model.safetensors")
    (folder / "tokenizer.json").write_text(tiny_tokenizer().to_str(), encoding="utf-8")
    return folder


def made_up_texts(count: int, *, seed: int = 1) -> list[LabelledText]:
    """Texts of some ten sentences; every other one holds a fee clause, every third one a law clause."""
    draw = random.Random(seed)
    texts = []
    for number in range(count):
        kinds = [kind for kind, every in (("Fee", 2), ("Law", 3)) if number % every == 0]
        sentences = [(None, draw.choice(FILLER)) for _ in range(draw.randint(6, 12))] + [(kind, CLAUSES[kind]) for kind in kinds]
        draw.shuffle(sentences)
        text, spans = "", []
        for kind, sentence in sentences:
            if kind:
                spans.append((kind, len(text), len(text) + len(sentence)))
            text += sentence + " "
        texts.append(LabelledText(f"text-{number}", text, tuple(spans), f"text-{number}"))
    return texts


def made_up_posts(count: int, *, seed: int = 1) -> list[LabelledText]:
    """Short texts with labels of the whole text: a sentence that carries none before one that may carry one."""
    draw = random.Random(seed)
    texts = []
    for number in range(count):
        kind = ("Fee", "Law", None)[number % 3]
        text = f"{draw.choice(FILLER)} {CLAUSES[kind] if kind else draw.choice(FILLER)}"
        texts.append(LabelledText(f"post-{number}", text, (), f"post-{number}", (kind,) if kind else ()))
    return texts


def without_places(texts: list[LabelledText]) -> list[LabelledText]:
    """The same texts with labels of the whole text in place of spans."""
    return [replace(text, spans=(), unplaced=tuple(sorted(text.labels))) for text in texts]
