"""Writes fixtures of ``tests/fixtures/encoder`` and ``encoder-texts``: random checkpoints, saved and scored by transformers.

    python -m venv venv && venv/bin/pip install torch transformers
    venv/bin/python tests/make_encoder_fixtures.py --output tests/fixtures/encoder
    venv/bin/python tests/make_encoder_fixtures.py --output tests/fixtures/encoder-texts --texts
    venv/bin/python tests/make_encoder_fixtures.py --output random --random 200
    ENCODER_FIXTURES=random pytest tests/test_encoder_parity.py

Without ``--random`` it writes the cases below; with it, that many of random kinds and sizes, to be looked at and thrown away. What
transformers computes is meant: nothing here comes from the exporter. With ``--texts`` checkpoints have tokenizers, and texts are scored:
cut where transformers cuts them, and of tags, grouped as its pipeline groups them.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
from pathlib import Path
from typing import Any

import tokenizers
import torch
import transformers
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

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
TEXT_CASES: dict[str, dict[str, Any]] = {
    "tiny-encoder": {
        "kind": "Bert",
        "tokens": "wordpiece",
        "id2label": ["payment", "termination", "liability", "secrecy"],
        "problem_type": "multi_label_classification",
        "length": 24,
        "settings": {"segmenter": "uniform", "thresholds": {"payment": 0.6}},
    },
    "tiny-encoder-mean": {
        "kind": "Roberta",
        "tokens": "bytes",
        "id2label": ["contract", "complaint", "letter"],
        "settings": {"segmenter": "uniform", "pooling": "mean"},
    },
    "tiny-encoder-sum": {
        "kind": "MPNet",
        "tokens": "unigram",
        "labels": 1,
        "settings": {"segmenter": "uniform", "pooling": "logsumexp", "segment_length": 17},
    },
    "tiny-tags": {
        "kind": "DistilBert",
        "tokens": "wordpiece",
        "head": TOKENS,
        "id2label": ["O", "B-PER", "I-PER", "B-PLACE", "I-PLACE", "DATE"],
        "length": 64,
        "settings": {"segmenter": "uniform"},
    },
}
TEXTS = [
    "The buyer pays the price within thirty days after the invoice.",
    "Agreed",
    "Ms. Okafor of Lagos met Mr. Berg in Oslo on 3 March; both signed at once.",
    "Ça ne va pas… 荷物は届きました。 The parcel came 📦🚚 two days late 😡.",
    "a [SEP] b </s> c <pad> d [PAD] e",
    "  spaces   before,\tbetween and\r\nafter \n\n",
    "Either party may end this agreement by written notice. The supplier is liable for damage only if it acted with intent. " * 4,
    "On day 12 the crew moved 84 crates from the quay to shed 2 and wrote it in the log. 𝒲hat now? " * 7,
]
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
    parser.add_argument("--texts", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.texts:
        for number, (name, case) in enumerate(TEXT_CASES.items()):
            torch.manual_seed(options.seed * 1000 + number)
            _write_with_texts(options.output / name, {**DEFAULTS, **case})
        return
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
        # transformers refuses labels that exclude each other where there is one.
        problem_type=case.get("problem_type") if len(labels) > 1 else None,
    )


def _write(folder: Path, case: dict[str, Any], chance: random.Random) -> None:
    model = _saved(folder, case)
    lengths = [2, case["length"], *(chance.randint(2, case["length"]) for _ in range(4))]
    # Any token may stand anywhere, the padding's, too.
    inputs = [[chance.randrange(case["vocabulary"]) for _ in range(length)] for length in lengths]
    _write_expected(folder, {"inputs": inputs, "logits": [_logits(model, ids) for ids in inputs]})


def _saved(folder: Path, case: dict[str, Any]) -> Any:
    """A checkpoint of random weights; what is returned has them as they were saved."""
    model = getattr(transformers, case["kind"] + case["head"])(_config(case)).eval()
    widen(model)
    model.to(getattr(torch, case["dtype"]))
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, **({"max_shard_size": "6KB"} if case.get("shards") else {}))
    return model.float()


def widen(model: Any) -> None:
    """Random weights by which logits differ visibly between texts."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            wide = weight.ndim == 2 and "embeddings" not in name
            weight.normal_(0, 1.5 / weight.shape[1] ** 0.5 if wide else 0.5).add_(1 if "norm.weight" in name.lower() else 0)


def _logits(model: Any, ids: list[int]) -> list[Any]:
    """[C], or [tokens, C] of a head for tokens."""
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long)).logits[0]
    return [[round(float(x), 6) for x in row] for row in logits] if logits.ndim == 2 else [round(float(x), 6) for x in logits]


def _write_expected(folder: Path, record: dict[str, Any]) -> None:
    content = {"transformers": transformers.__version__, **record}
    (folder / "expected.json").write_text(f"{json.dumps(content, separators=(',', ':'))}\n")


def _write_with_texts(folder: Path, case: dict[str, Any]) -> None:
    tokenizer = _tokenizer(case["tokens"])
    counted = case["kind"] in COUNTED
    model = _saved(folder, {**case, "vocabulary": tokenizer.get_vocab_size()})
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    names = dict(zip(("cls_token", "pad_token", "sep_token", "unk_token"), _special(counted), strict=True))
    fast = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), **names)
    (folder / "bundle.json").write_text(json.dumps({"name": folder.name, "version": "1", **case["settings"]}))
    length = case["settings"].get("segment_length", case["length"])
    records = []
    for text in TEXTS:
        cut = fast(text, truncation=True, max_length=length, return_overflowing_tokens=True)["input_ids"]
        record = {"text": text, "segments": cut, "logits": [_logits(model, ids) for ids in cut]}
        if case["head"] == TOKENS:
            pipeline = transformers.TokenClassificationPipeline(
                model=model, tokenizer=fast, aggregation_strategy="simple", device="cpu"
            )
            del record["logits"]
            spans = pipeline(text) if len(cut) == 1 else []
            record["spans"] = [
                [span["entity_group"], round(float(span["score"]), 6), span["start"], span["end"]] for span in spans
            ]
        records.append(record)
    _write_expected(folder, {"texts": records})


def _special(counted: bool) -> tuple[str, str, str, str]:
    """The tokens that begin a text, pad it, end it and are unknown, in the order of their ids."""
    return ("<s>", "<pad>", "</s>", "<unk>") if counted else ("[CLS]", "[PAD]", "[SEP]", "[UNK]")


def _tokenizer(kind: str) -> tokenizers.Tokenizer:
    """A small tokenizer, trained on the texts."""
    cls, _, sep, unk = special = _special(kind != "wordpiece")
    if kind == "wordpiece":
        tokenizer = tokenizers.Tokenizer(models.WordPiece(unk_token=unk))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer: Any = trainers.WordPieceTrainer(vocab_size=200, special_tokens=[*special])
    elif kind == "bytes":
        tokenizer = tokenizers.Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(vocab_size=320, special_tokens=[*special], initial_alphabet=alphabet)
    else:
        tokenizer = tokenizers.Tokenizer(models.Unigram())
        tokenizer.normalizer = normalizers.NFKC()
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        trainer = trainers.UnigramTrainer(vocab_size=200, special_tokens=[*special], unk_token=unk)
    tokenizer.train_from_iterator(TEXTS, trainer)
    ids = [(token, tokenizer.token_to_id(token)) for token in (cls, sep)]
    single = f"{cls} $A {sep}"
    tokenizer.post_processor = processors.TemplateProcessing(single=single, pair=f"{single} $B {sep}", special_tokens=ids)
    return tokenizer


if __name__ == "__main__":
    main()
