"""Writes fixtures of ``tests/fixtures/encoder``: random checkpoints, saved and scored by transformers.

    python -m venv venv && venv/bin/pip install torch transformers
    venv/bin/python tests/make_encoder_fixtures.py --output tests/fixtures/encoder
    venv/bin/python tests/make_encoder_fixtures.py --output random --random 200
    ENCODER_FIXTURES=random pytest tests/test_encoder_parity.py

Without ``--random`` it writes the cases below; with it, that many of random kinds and sizes, to be looked at and thrown away. What
transformers computes is meant: nothing here comes from the exporter.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
from pathlib import Path
from typing import Any

import torch
import transformers

SEQUENCE, TOKENS = "ForSequenceClassification", "ForTokenClassification"
KINDS = ("Bert", "Roberta", "XLMRoberta", "Camembert", "DistilBert", "Electra", "MPNet")
COUNTED = ("Roberta", "XLMRoberta", "Camembert", "MPNet")
"""Positions are those after the padding's id."""

CASES: dict[str, dict[str, Any]] = {
    "bert": {"kind": "Bert"},
    "bert-tokens": {"kind": "Bert", "head": TOKENS, "id2label": ["O", "B-PER", "I-PER", "B-ORG", "I-ORG"]},
    "bert-shards": {"kind": "Bert", "act": "gelu_new", "shards": True, "types": 1},
    "roberta": {"kind": "Roberta", "problem_type": "multi_label_classification"},
    "roberta-tokens": {"kind": "Roberta", "head": TOKENS, "pad": 3},
    "xlm-roberta": {"kind": "XLMRoberta", "dtype": "float16"},
    "xlm-roberta-tokens": {"kind": "XLMRoberta", "head": TOKENS},
    "camembert": {"kind": "Camembert", "act": "relu", "labels": 1},
    "camembert-tokens": {"kind": "Camembert", "head": TOKENS},
    "distilbert": {"kind": "DistilBert", "dtype": "bfloat16"},
    "distilbert-tokens": {"kind": "DistilBert", "head": TOKENS, "act": "gelu"},
    "electra": {"kind": "Electra", "problem_type": "regression"},
    "electra-projected": {"kind": "Electra", "embedding": 8, "layers": 1},
    "electra-tokens": {"kind": "Electra", "head": TOKENS, "embedding": 8},
    "mpnet": {"kind": "MPNet", "length": 300, "eps": 1e-5},
    "mpnet-tokens": {"kind": "MPNet", "head": TOKENS, "layers": 1},
}
DEFAULTS: dict[str, Any] = {
    "head": SEQUENCE,
    "hidden": 16,
    "heads": 2,
    "inner": 24,
    "layers": 2,
    "length": 20,
    "vocabulary": 50,
    "labels": 3,
    "act": "gelu",
    "types": 2,
    "eps": 1e-12,
    "dtype": "float32",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--random", type=int, default=0, metavar="COUNT")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    cases = {f"{i:04}": _random_case(i, chance) for i in range(options.random)} or CASES
    for number, (name, case) in enumerate(cases.items()):
        torch.manual_seed(options.seed * 100_000 + number)
        _write(options.output / name, {**DEFAULTS, **case}, random.Random(number))


def _random_case(index: int, chance: random.Random) -> dict[str, Any]:
    kind = KINDS[index % len(KINDS)]
    heads = chance.choice([1, 2, 3, 4])
    hidden = heads * chance.choice([2, 4, 8])
    return {
        "kind": kind,
        "head": TOKENS if index // len(KINDS) % 3 == 2 else SEQUENCE,
        "heads": heads,
        "hidden": hidden,
        "inner": chance.randint(3, 40),
        "layers": chance.randint(1, 4),
        "length": chance.choice([3, 7, 16, 40, 130, 300]),
        "vocabulary": chance.randint(12, 200),
        "labels": chance.randint(1, 9),
        "act": chance.choice(["gelu", "gelu_new", "relu", "silu"]),
        "types": chance.randint(1, 3),
        "eps": chance.choice([1e-12, 1e-5, 1e-3]),
        "dtype": chance.choice(["float32", "float32", "float16", "bfloat16"]),
        "shards": chance.random() < 0.2,
        "pad": chance.choice([0, 1, 5]),
        "embedding": chance.choice([hidden, 6]),
        "problem_type": chance.choice([None, "single_label_classification", "multi_label_classification", "regression"]),
    }


def _config(case: dict[str, Any]) -> Any:
    kind, counted = case["kind"], case["kind"] in COUNTED
    pad = 1 if kind == "MPNet" else case.get("pad", 1 if counted else 0)
    labels = case.get("id2label") or [f"LABEL_{i}" for i in range(case["labels"])]
    sizes = {
        "hidden_size": case["hidden"],
        "num_attention_heads": case["heads"],
        "num_hidden_layers": case["layers"],
        "intermediate_size": case["inner"],
        "hidden_act": case["act"],
    }
    if kind == "DistilBert":
        names = ("dim", "n_heads", "n_layers", "hidden_dim", "activation")
        sizes = dict(zip(names, sizes.values(), strict=True))
    if kind in ("Bert", "Roberta", "XLMRoberta", "Camembert", "Electra"):
        sizes["type_vocab_size"] = case["types"]
    if kind == "Electra":
        sizes["embedding_size"] = case.get("embedding", case["hidden"])
    return getattr(transformers, f"{kind}Config")(
        **sizes,
        vocab_size=case["vocabulary"],
        max_position_embeddings=case["length"] + (pad + 1 if counted else 0),
        pad_token_id=pad,
        layer_norm_eps=case["eps"],
        id2label=dict(enumerate(labels)),
        problem_type=case.get("problem_type"),
    )


def _write(folder: Path, case: dict[str, Any], chance: random.Random) -> None:
    config = _config(case)
    model = getattr(transformers, case["kind"] + case["head"])(config).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            wide = weight.ndim == 2 and "embeddings" not in name
            weight.normal_(0, 1.5 / weight.shape[1] ** 0.5 if wide else 0.5).add_(1 if "norm.weight" in name.lower() else 0)
    model.to(getattr(torch, case["dtype"]))
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, **({"max_shard_size": "6KB"} if case.get("shards") else {}))
    model.float()  # the weights as they were saved, in the arithmetic of the exporter
    lengths = [2, case["length"], *(chance.randint(2, case["length"]) for _ in range(4))]
    # Any token may stand anywhere, the padding's, too.
    inputs = [[chance.randrange(case["vocabulary"]) for _ in range(length)] for length in lengths]
    answers = []
    for ids in inputs:
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long)).logits[0]
        answers.append([[round(float(x), 6) for x in row] for row in logits] if logits.ndim == 2 else [round(float(x), 6) for x in logits])
    record = {"transformers": transformers.__version__, "inputs": inputs, "logits": answers}
    (folder / "expected.json").write_text(f"{json.dumps(record, separators=(',', ':'))}\n")


if __name__ == "__main__":
    main()
