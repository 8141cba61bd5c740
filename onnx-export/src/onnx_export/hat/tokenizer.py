"""Whether a ``tokenizer.json`` is that of the checkpoint it lies beside, and how the checkpoint was trained to use it."""

from __future__ import annotations

import sys
from pathlib import Path

from onnx_export.contract import TOKENIZER
from onnx_export.hat.checkpoint import Checkpoint
from onnx_export.hat.config import special_token_ids
from onnx_export.json_files import read_json_object
from onnx_export.problems import ExportError
from onnx_export.text.cutting import TokenizationName
from onnx_export.text.special_tokens import check_special_tokens
from onnx_export.text.tokenization import TextTokenizer

_SPARE_ROWS = 1000
"""Embeddings beyond the vocabulary that say nothing: tables are rounded up, and published vocabularies leave gaps."""


def check_tokenizer(folder: Path, checkpoint: Checkpoint) -> None:
    """Refuse a tokenizer that gives ids beyond the model's vocabulary, or whose special tokens are not the model's.

    One that leaves many of the model's embeddings without a token is warned of on standard error.

    Raises:
        ExportError: see above, or the tokenizer cannot be read.
    """
    path = folder / TOKENIZER
    vocabulary, rows = TextTokenizer(path).vocabulary_size, checkpoint.config.vocabulary_size
    if vocabulary > rows:
        raise ExportError(
            str(path), [f"gives ids up to {vocabulary - 1}, but vocab_size in config.json is {rows}: not this model's tokenizer"]
        )
    if rows - vocabulary > max(_SPARE_ROWS, rows // 20):
        print(
            f"warning: {TOKENIZER} has {vocabulary:,} tokens, and the model embeddings of {rows:,}, so {rows - vocabulary:,} are never "
            "used; is this the tokenizer that it was trained with?",
            file=sys.stderr,
        )
    check_special_tokens(path, special_token_ids(read_json_object(folder / "config.json")))


def default_tokenization(folder: Path) -> TokenizationName:
    """``per-sentence`` where the checkpoint names the original's ``HATTokenizer``, which strips each sentence and tokenizes it alone."""
    files = (folder / name for name in ("config.json", "tokenizer_config.json"))
    named = any(path.is_file() and b"HATTokenizer" in path.read_bytes() for path in files)
    return "per-sentence" if named else "whole-text"
