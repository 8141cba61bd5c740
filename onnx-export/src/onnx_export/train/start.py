"""What a training starts from: an encoder such as a BERT or a HAT checkpoint, in every form that the exporter reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from onnx_export.encoder.body import EncoderBody, read_body
from onnx_export.encoder.config import EncoderConfig
from onnx_export.hat.checkpoint import Checkpoint, read_checkpoint
from onnx_export.hat.config import Head, special_token_ids
from onnx_export.json_files import read_json_object
from onnx_export.problems import ExportError
from onnx_export.text.special_tokens import SpecialTokens
from onnx_export.text.tokenization import TextTokenizer, missing_tokenizer, open_tokenizer, with_compatibility
from onnx_export.train.hat_torch import HatShape, SegmentClassifier, load_checkpoint, warm_start
from onnx_export.train.platt import CALIBRATION, Calibration
from onnx_export.train.recipe import Recipe

_CONFIG, _TOKENIZER = "config.json", "tokenizer.json"


@dataclass(frozen=True)
class Start:
    """Sizes and ids by the names in a HAT's ``config.json``; tensors in float32, a HAT's by the exporter's names, an encoder's by BERT's.

    The classifier of a HAT is as it was trained, without the calibration that was folded into it afterwards.
    """

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
        problems: list[str] = []
        cls_id, mask_id = _special_tokens(folder, config, recipe, problems)
        if problems:  # what the weights then say would only confuse
            raise ValueError(f"{folder}: {'; '.join(problems)}")
        source = _hat(folder, config) if is_hat else _encoder(folder)
        sizes = config if isinstance(source, Checkpoint) else sizes_of(source.config)
        problems += _too_small(source, recipe)
        vocabulary = TextTokenizer(folder / _TOKENIZER).vocabulary_size
        if vocabulary > sizes["vocab_size"]:
            problems.append(f"{_TOKENIZER} gives ids up to {vocabulary - 1}, but vocab_size is {sizes['vocab_size']}")
        if problems or cls_id is None:
            raise ValueError(f"{folder}: {'; '.join(problems)}")
        tensors = {name: torch.from_numpy(np.array(array, np.float32)) for name, array in source.weights.items()}
        uncalibrate(tensors, folder)
        has_head = isinstance(source, Checkpoint) and source.config.head is Head.SEGMENT
        return Start(
            sizes,
            tensors,
            with_compatibility(open_tokenizer(folder / _TOKENIZER)),
            cls_id,
            mask_id,
            source.config.labels if isinstance(source, Checkpoint) and has_head else None,
            is_hat,
            source.sha256,
            source.notes,
        )


def _special_tokens(
    folder: Path, config: Mapping[str, Any], recipe: Recipe, problems: list[str]
) -> tuple[int | None, int | None]:
    """The ids of CLS and mask, as far as there are any."""
    tokenizer, expected = SpecialTokens(folder / _TOKENIZER), special_token_ids(config)
    problems += tokenizer.contradictions(expected)
    cls_id = expected["cls"][1] if "cls" in expected else next((token.id for token in tokenizer.of("cls")), None)
    mask_id = next((token.id for token in tokenizer.of("mask")), None)
    if cls_id is None:
        problems.append(f"{_TOKENIZER} has no token [CLS] or <s>")
    if mask_id is None and recipe.mask_tokens:
        problems.append(f"{_TOKENIZER} has no token [MASK] or <mask>")
    return cls_id, mask_id


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


def _encoder(folder: Path) -> EncoderBody:
    body = read_body(folder)
    if body.config.activation != "gelu":
        raise ExportError(str(folder / _CONFIG), [f"its activation is {body.config.activation}, expected gelu"])
    return body


def sizes_of(config: EncoderConfig) -> dict[str, Any]:
    """As the ``config.json`` of a HAT names them."""
    return {
        "vocab_size": config.vocabulary_size,
        "hidden_size": config.hidden_size,
        "num_attention_heads": config.attention_heads,
        "intermediate_size": config.intermediate_size,
        "layer_norm_eps": config.layer_norm_epsilon,
        "pad_token_id": config.pad_id,
    }


def _hat(folder: Path, config: Mapping[str, Any]) -> Checkpoint:
    """With its head if that is the one that a training goes on with, else the encoder alone."""
    checkpoint = read_checkpoint(folder, embedding=config.get("architectures") != [Head.SEGMENT.value])
    if checkpoint.config.activation != "gelu":
        raise ExportError(str(folder / _CONFIG), [f"hidden_act is {config.get('hidden_act')!r}, expected 'gelu'"])
    return checkpoint


def _too_small(source: Checkpoint | EncoderBody, recipe: Recipe) -> Iterator[str]:
    # A HAT has a table of its own for the positions of segments; that of a BERT begins as a copy of the other one.
    rows = len(source.weights["embeddings.position_embeddings.weight"])
    if isinstance(source, EncoderBody):
        found = {"max_position_embeddings": (rows, max(recipe.segment_length, recipe.max_segments + 1))}
    else:
        found = {
            "max_sentence_length": (rows - source.config.pad_id - 1, recipe.segment_length),
            "max_sentences": (source.config.max_segments, recipe.max_segments),
        }
    for key, (size, least) in found.items():
        if size < least:
            yield (
                f"{key} allows {size}, expected at least {least}, because segment_length is {recipe.segment_length} and max_segments "
                f"{recipe.max_segments}"
            )


def model_for(start: Start, recipe: Recipe, labels: Sequence[str]) -> tuple[SegmentClassifier, bool]:
    """A model with the weights of what it starts from, and whether its classifier is among them."""
    config = start.config
    model = SegmentClassifier(
        HatShape(
            vocab_size=config["vocab_size"],
            hidden_size=config["hidden_size"],
            num_attention_heads=config["num_attention_heads"],
            intermediate_size=config["intermediate_size"],
            layer_norm_eps=config.get("layer_norm_eps", 1e-12),
            layout=recipe.layout,
            segment_length=recipe.segment_length,
            max_segments=recipe.max_segments,
            num_labels=len(labels),
            pad_token_id=config.get("pad_token_id", 0),
            dropout=recipe.dropout,
        )
    )
    same_labels = start.labels is not None and list(start.labels) == list(labels)
    if start.is_hat:
        load_checkpoint(model, start.tensors, with_classifier=same_labels)
    else:
        warm_start(model, start.tensors)
    return model, same_labels


def uncalibrate(tensors: dict[str, Tensor], folder: Path) -> None:
    """Take back the calibration that a training folded into the classifier of its checkpoint, to go on from what it learned."""
    path = folder / CALIBRATION
    if path.is_file() and "classifier.weight" in tensors:
        calibration = Calibration.from_json(json.loads(path.read_text(encoding="utf-8")))
        weight, bias = calibration.unfold_from(tensors["classifier.weight"].numpy(), tensors["classifier.bias"].numpy())
        tensors["classifier.weight"], tensors["classifier.bias"] = torch.from_numpy(weight), torch.from_numpy(bias)
