"""Whether a ``tokenizer.json`` is that of the checkpoint it lies beside, and how the checkpoint was trained to use it."""

from __future__ import annotations

from pathlib import Path

from onnx_export.contract import TOKENIZER
from onnx_export.hat.checkpoint import Checkpoint
from onnx_export.hat.config import special_token_ids
from onnx_export.json_files import read_json_object
from onnx_export.text.cutting import TokenizationName
from onnx_export.text.special_tokens import check_special_tokens, check_vocabulary


def check_tokenizer(folder: Path, checkpoint: Checkpoint) -> None:
    """Refuse a tokenizer that gives ids beyond the model's vocabulary, or whose special tokens are not the model's.

    One that leaves many of the model's embeddings without a token is warned of on standard error.

    Raises:
        ExportError: see above, or the tokenizer cannot be read.
    """
    path = folder / TOKENIZER
    check_vocabulary(path, checkpoint.config.vocabulary_size)
    check_special_tokens(path, special_token_ids(read_json_object(folder / "config.json")))


def default_tokenization(folder: Path) -> TokenizationName:
    """``per-sentence`` where the checkpoint names the original's ``HATTokenizer``, which strips each sentence and tokenizes it alone."""
    files = (folder / name for name in ("config.json", "tokenizer_config.json"))
    named = any(path.is_file() and b"HATTokenizer" in path.read_bytes() for path in files)
    return "per-sentence" if named else "whole-text"
