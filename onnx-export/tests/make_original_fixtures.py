"""Writes fixtures of ``tests/fixtures/hat``: random checkpoints, saved and scored by the original implementation.

    git clone https://github.com/coastalcph/hierarchical-transformers original && git -C original checkout b8502aa
    python -m venv venv && venv/bin/pip install transformers==4.30.2 torch numpy safetensors
    venv/bin/python tests/make_original_fixtures.py --original original --output tests/fixtures/hat
    venv/bin/python tests/make_original_fixtures.py --original original --output random --random 1000
    HAT_FIXTURES=random pytest tests/test_parity_with_original.py

Without ``--random`` it writes the cases below; with it, that many of random sizes, heads and layouts, to be looked at and
thrown away. What the original computes is meant: nothing here comes from the exporter.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from transformers.utils import logging

CASES: dict[str, dict[str, Any]] = {
    "seqcls-max-cls-pads": {"K": 13, "N": 5, "layout": "D|S|SD", "act": "gelu_new", "pad_segments_start_with_cls": True},
    "seqcls-attentive-cls-pads": {
        "pooling": "attentive",
        "K": 7,
        "N": 9,
        "layout": "SD|S",
        "act": "relu",
        "pad": 0,
        "cls": 2,
        "token_types": 2,
        "problem_type": "multi_label_classification",
        "pad_segments_start_with_cls": True,
    },
    "seqcls-last-cls-pads": {"pooling": "last", "K": 128, "N": 3, "act": "silu", "pad_segments_start_with_cls": True},
    "seqcls-one-segment": {"pooling": "attentive", "K": 5, "N": 1, "layout": "S|D", "safe": False},
    "multiple-choice-attentive": {"head": "HATForMultipleChoice", "pooling": "attentive", "K": 11, "N": 4, "layout": "SD|SD"},
    "sentcls-without-segment-blocks": {
        "head": "HATModelForSequentialSentenceClassification",
        "K": 3,
        "N": 8,
        "layout": "D|D",
        "pad": 0,
        "cls": 2,
        "safe": False,
    },
    "mlm-untied": {"head": "HATForMaskedLM", "K": 6, "N": 3, "layout": "SD|S", "pad": 3, "cls": 1, "tied": False, "eps": 1e-2},
}
DEFAULTS: dict[str, Any] = {
    "head": "HATForSequenceClassification",
    "pooling": "max",
    "K": 16,
    "N": 6,
    "layout": "S|SD",
    "act": "gelu",
    "hidden": 12,
    "attention_heads": 3,
    "inner": 20,
    "pad": 1,
    "cls": 0,
    "token_types": 1,
    "labels": 4,
    "problem_type": "single_label_classification",
    "tied": True,
    "eps": 1e-5,
    "segment_positions": True,
    "pad_segments_start_with_cls": False,
    "safe": True,
}
VOCABULARY = 40
QUESTIONS, CHOICES = 3, 2


def random_case(draw: random.Random) -> dict[str, Any]:
    head = draw.choice(
        ["HATForSequenceClassification"] * 3
        + ["HATModelForSequentialSentenceClassification", "HATForMultipleChoice", "HATForMaskedLM"]
    )
    pooling = draw.choice(["max", "attentive", "first", "last"])
    N = draw.choice([1, 2, 3, 5, 8, 9, 17])
    # The original has its padding row in the table of N + 1 segment positions, too.
    pad, cls = draw.choice([(0, 2), (1, 0)] + [(3, 1)] * (N >= 3))
    attention_heads = draw.choice([1, 2, 3, 4])
    return {
        "head": head,
        "pooling": pooling,
        # Its pooling ``last`` reads the token 128 from the end.
        "K": 128 if pooling == "last" else draw.choice([2, 3, 5, 7, 13, 16, 33, 64, 100, 128]),
        "N": N,
        "layout": "|".join(draw.choice(["S", "D", "SD"]) for _ in range(draw.randint(1, 4))),
        "act": draw.choice(["gelu", "relu", "gelu_new", "silu", "swish", "gelu_fast", "gelu_python", "gelu_pytorch_tanh"]),
        "hidden": attention_heads * draw.choice([4, 5, 8, 16]),
        "attention_heads": attention_heads,
        "inner": draw.choice([7, 32, 64]),
        "pad": pad,
        "cls": cls,
        "token_types": draw.choice([1, 2, 3]),
        "labels": draw.randint(1, 7),
        "problem_type": draw.choice(["single_label_classification", "multi_label_classification", "regression", None]),
        "tied": draw.random() < 0.6,
        "eps": draw.choice([1e-12, 1e-5, 1e-2]),
        "segment_positions": draw.random() < 0.75,
        "pad_segments_start_with_cls": draw.random() < 0.4,
        "safe": draw.random() < 0.5,
    }


def write_fixture(original: ModuleType, folder: Path, case: dict[str, Any], draw: random.Random) -> None:
    """``config.json``, weights and ``expected.json`` in the form of the fixtures that are there already."""
    model = _model(original, case, draw)
    model.save_pretrained(folder, safe_serialization=case["safe"])
    K, N, pad, cls = case["K"], case["N"], case["pad"], case["cls"]
    documents = []
    for _ in range(QUESTIONS * CHOICES):
        count, longest = draw.choice([1, N, draw.randint(1, N)]), K - 1
        lengths = [draw.choice([0, longest, draw.randint(0, longest)]) for _ in range(count)]
        documents.append([[cls] + [draw.randrange(VOCABULARY) for _ in range(length)] for length in lengths])
    input_ids = torch.full((len(documents), N, K), pad)
    attention_mask = torch.zeros((len(documents), N, K), dtype=torch.long)
    for i, document in enumerate(documents):
        for j, tokens in enumerate(document):
            input_ids[i, j, : len(tokens)] = torch.tensor(tokens)
            attention_mask[i, j, : len(tokens)] = 1
        if case["pad_segments_start_with_cls"]:
            input_ids[i, len(document) :, 0] = cls
    choice = case["head"] == "HATForMultipleChoice"
    shape = (QUESTIONS, CHOICES, N * K) if choice else (len(documents), N * K)
    if not case["segment_positions"]:
        # As the code of before January 2024: it saved the table and added it to values that were overwritten then.
        for name, parameter in model.named_parameters():
            if "encoder.layer" in name and name.endswith("position_embeddings.weight"):
                parameter.data.zero_()
    with torch.no_grad():
        logits = model(input_ids=input_ids.view(shape), attention_mask=attention_mask.view(shape)).logits
    expected = {
        "documents": documents,
        "pooling": case["pooling"] if hasattr(model, "pooling") else None,
        "padded_input": {"pad_segments_start_with_cls": case["pad_segments_start_with_cls"]},
        "segment_positions": case["segment_positions"],
    }
    if case["head"] == "HATForMaskedLM":
        rows = logits.view(len(documents), N, K, -1)
        expected["logits_every_5th_token"] = [
            [_rounded(rows[i, j, : len(tokens) : 5]) for j, tokens in enumerate(document)] for i, document in enumerate(documents)
        ]
    elif case["head"] == "HATModelForSequentialSentenceClassification":
        expected["logits"] = [_rounded(rows[: len(document)]) for rows, document in zip(logits, documents, strict=True)]
    else:
        expected["logits"] = _rounded(logits)
        if choice:
            expected["choices"] = CHOICES
    (folder / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


def _model(original: ModuleType, case: dict[str, Any], draw: random.Random) -> Any:
    layers = case["layout"].split("|")
    config = original.HATConfig(
        vocab_size=VOCABULARY,
        hidden_size=case["hidden"],
        max_sentences=case["N"],
        max_sentence_size=case["K"],
        max_sentence_length=case["K"],
        model_max_length=case["N"] * case["K"],
        num_hidden_layers=len(layers),
        num_attention_heads=case["attention_heads"],
        intermediate_size=case["inner"],
        hidden_act=case["act"],
        max_position_embeddings=case["K"],
        type_vocab_size=case["token_types"],
        layer_norm_eps=case["eps"],
        pad_token_id=case["pad"],
        cls_token_id=case["cls"],
        encoder_layout={
            str(i): {"sentence_encoder": "S" in layer, "document_encoder": "D" in layer} for i, layer in enumerate(layers)
        },
        num_labels=case["labels"],
        problem_type=case["problem_type"],
        tie_word_embeddings=case["tied"],
    )
    torch.manual_seed(draw.randrange(2**31))
    head = getattr(original, case["head"])
    pools = case["head"] in ("HATForSequenceClassification", "HATForMultipleChoice")
    model = head(config, pooling=case["pooling"]) if pools else head(config)
    # Wider than what it begins with, so that scores differ visibly between inputs.
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            parameter.data.normal_(0, 0.2)
        elif "LayerNorm" in name or "layer_norm" in name:
            parameter.data.normal_(1, 0.1)
        elif "embeddings" in name:
            parameter.data.normal_(0, 0.5)
        else:
            parameter.data.normal_(0, 1.5 / parameter.shape[-1] ** 0.5)
    return model.eval()


def _rounded(tensor: torch.Tensor) -> Any:
    return json.loads(json.dumps(tensor.tolist()), parse_float=lambda digits: round(float(digits), 6))


def _load(repository: Path) -> ModuleType:
    """The original's one file with all of HAT, without the package around it, which wants more than it needs."""
    file = repository / "models/hat/modelling_hat.py"
    spec = importlib.util.spec_from_file_location("modelling_hat", file)
    if spec is None or spec.loader is None or not file.is_file():
        sys.exit(f"{file} is not there, expected a checkout of coastalcph/hierarchical-transformers")
    module = sys.modules["modelling_hat"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.HATPreTrainedModel._keys_to_ignore_on_save = []  # transformers 4.30 leaves it out and its masked LM asks for it
    return module


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--original", type=Path, required=True, help="a checkout of coastalcph/hierarchical-transformers")
    parser.add_argument("--output", type=Path, required=True, help="folder that gets a folder for each case")
    parser.add_argument("--random", type=int, default=0, metavar="COUNT", help="random cases instead of those named here")
    options = parser.parse_args()
    logging.set_verbosity_error()  # it warns of every tied tensor that a file holds once
    torch.set_num_threads(1)  # of so small models two compute less
    original = _load(options.original)
    cases = {f"random-{i:04d}": random_case(random.Random(i)) for i in range(options.random)} or CASES
    for name, case in cases.items():
        write_fixture(original, options.output / name, DEFAULTS | case, random.Random(name))
    print(f"{options.output}: {len(cases)} cases")


if __name__ == "__main__":
    main()
