"""What a training starts from: a BERT-like encoder or a HAT checkpoint, in every form that the exporter reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from onnx_export.checkpoint import Checkpoint, read_checkpoint
from onnx_export.config import Head, special_token_ids
from onnx_export.hat_torch import CHECKPOINT_MODEL_TYPE
from onnx_export.json_files import read_json_object
from onnx_export.problems import ExportError
from onnx_export.recipe import Recipe
from onnx_export.special_tokens import SpecialTokens
from onnx_export.tokenization import TextTokenizer, missing_tokenizer, open_tokenizer, with_compatibility
from onnx_export.weights import read_weights

_CONFIG, _TOKENIZER = "config.json", "tokenizer.json"
_SIZES = ("vocab_size", "hidden_size", "num_attention_heads", "intermediate_size")


@dataclass(frozen=True)
class Start:
    """Sizes and ids as ``config.json`` has them; tensors in float32, a HAT's by the exporter's names, a BERT's by its own."""

    config: Mapping[str, Any]
    tensors: dict[str, Tensor]
    tokenizer: Tokenizer
    cls_id: int
    mask_id: int | None
    labels: tuple[str, ...] | None
    """Of a HAT whose classifier may go on; None if there is no such classifier."""
    is_hat: bool
    sha256: str
    """Of the weights."""
    notes: tuple[str, ...]

    @staticmethod
    def read(folder: Path, recipe: Recipe) -> Start:
        """Read a folder, and check that a model of this recipe can start from it.

        Raises:
            ExportError: with everything that does not fit.
            ValueError: the same.
        """
        config = _config(folder)
        is_hat = "encoder_layout" in config
        problems = [] if is_hat else list(_unusable_bert(config))
        tokenizer = SpecialTokens(folder / _TOKENIZER)
        expected = special_token_ids(config)
        problems += tokenizer.contradictions(expected)
        cls_id = expected["cls"][1] if "cls" in expected else next((token.id for token in tokenizer.of("cls")), None)
        mask_id = next((token.id for token in tokenizer.of("mask")), None)
        if cls_id is None:
            problems.append(f"{_TOKENIZER} has no token [CLS] or <s>")
        if mask_id is None and recipe.mask_tokens:
            problems.append(f"{_TOKENIZER} has no token [MASK] or <mask>")
        if problems and is_hat:  # what the weights then say would only confuse
            raise ValueError(f"{folder}: {'; '.join(problems)}")
        checkpoint = _hat(folder, config) if is_hat else None
        problems += _too_small(config, checkpoint, recipe)
        vocabulary = TextTokenizer(folder / _TOKENIZER).vocabulary_size
        if isinstance(config.get("vocab_size"), int) and vocabulary > config["vocab_size"]:
            problems.append(f"{_TOKENIZER} gives ids up to {vocabulary - 1}, but vocab_size is {config['vocab_size']}")
        if problems or cls_id is None:
            raise ValueError(f"{folder}: {'; '.join(problems)}")
        stored = read_weights(folder) if checkpoint is None else None
        weights: Mapping[str, NDArray[Any]] = checkpoint.weights if checkpoint else stored.tensors if stored else {}
        source = checkpoint or stored
        assert source is not None
        return Start(
            config,
            {name: torch.from_numpy(np.array(array, np.float32)) for name, array in weights.items()},
            with_compatibility(open_tokenizer(folder / _TOKENIZER)),
            cls_id,
            mask_id,
            checkpoint.config.labels if checkpoint and checkpoint.config.head is Head.SEGMENT else None,
            is_hat,
            source.sha256,
            source.notes,
        )


def _config(folder: Path) -> dict[str, Any]:
    """``config.json`` of a folder that has all it needs."""
    problems = [] if (folder / _CONFIG).is_file() else [f"{_CONFIG} is missing"]
    if not any(folder.glob("*.safetensors*")) and not any(folder.glob("*.bin*")):
        problems.append("model.safetensors is missing")
    if not (folder / _TOKENIZER).is_file():
        problems.append(missing_tokenizer(folder).replace("the file", _TOKENIZER, 1))
    if problems:
        raise ValueError(f"{folder}: {'; '.join(problems)}")
    return read_json_object(folder / _CONFIG)


def _unusable_bert(config: Mapping[str, Any]) -> Iterator[str]:
    if config.get("model_type") != "bert":
        yield f"model_type is {config.get('model_type')!r}, expected 'bert' or {CHECKPOINT_MODEL_TYPE!r}"
    if config.get("hidden_act", "gelu") != "gelu":
        yield f"hidden_act is {config.get('hidden_act')!r}, expected 'gelu'"
    if config.get("position_embedding_type", "absolute") != "absolute":
        yield f"position_embedding_type is {config['position_embedding_type']!r}, expected 'absolute'"
    for key in _SIZES:
        if not isinstance(config.get(key), int):
            yield f"{key} is {config.get(key)!r}, expected a whole number"


def _hat(folder: Path, config: Mapping[str, Any]) -> Checkpoint:
    """With its head if that is the one that a training goes on with, else the encoder alone."""
    checkpoint = read_checkpoint(folder, embedding=config.get("architectures") != [Head.SEGMENT.value])
    if checkpoint.config.activation != "gelu":
        raise ExportError(str(folder / _CONFIG), [f"hidden_act is {config.get('hidden_act')!r}, expected 'gelu'"])
    return checkpoint


def _too_small(config: Mapping[str, Any], checkpoint: Checkpoint | None, recipe: Recipe) -> Iterator[str]:
    # A HAT has a table of its own for the positions of segments; that of a BERT begins as a copy of the other one.
    if checkpoint is None:
        rows = config.get("max_position_embeddings", 0)
        found = {"max_position_embeddings": (rows, max(recipe.segment_length, recipe.max_segments + 1))}
    else:
        rows = len(checkpoint.weights["embeddings.position_embeddings.weight"]) - checkpoint.config.pad_id - 1
        found = {
            "max_sentence_length": (rows, recipe.segment_length),
            "max_sentences": (checkpoint.config.max_segments, recipe.max_segments),
        }
    for key, (size, least) in found.items():
        if size < least:
            yield (
                f"{key} is {size}, expected at least {least}, because segment_length is {recipe.segment_length} and max_segments "
                f"{recipe.max_segments}"
            )
