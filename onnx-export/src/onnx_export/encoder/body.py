"""Embeddings and layers of an encoder, whatever head is on them or none: what a training starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export.checkpoints.shapes import contradicted_sizes, value_problems
from onnx_export.checkpoints.weights import read_weights
from onnx_export.encoder.checkpoint import BUFFERS, POSITIONS, TYPES, berts_name, body_shapes, missing_weights
from onnx_export.encoder.config import FAMILIES, EncoderConfig, family_of, inspect_config
from onnx_export.json_files import read_json_object
from onnx_export.onnx.storage import Weights
from onnx_export.problems import ExportError

_OF_THE_HEAD = ("id2label", "label2id", "num_labels", "problem_type")


@dataclass(frozen=True)
class EncoderBody:
    """``weights`` are float32 by BERT's names, as BERT would hold them: the first row of the table of positions belongs to the first
    token, and there is a table of token types."""

    config: EncoderConfig
    weights: Weights
    sha256: str
    """Of the weights file, or of its shards."""
    notes: tuple[str, ...]


def read_body(folder: Path) -> EncoderBody:
    """Read ``config.json`` and weights of an encoder of any family that can be the lower part of a BERT.

    Raises:
        ExportError: with every problem of the configuration, or every problem of the weights.
    """
    config = _config(read_json_object(folder / "config.json"))
    stored = read_weights(folder)
    weights = _weights(stored.tensors, config, str(stored.path))
    as_berts = {TYPES: np.zeros((1, config.hidden_size), np.float32), **weights}
    as_berts[POSITIONS] = weights[POSITIONS][config.first_position :]
    return EncoderBody(config, as_berts, stored.sha256, stored.notes)


def _config(content: Mapping[str, Any]) -> EncoderConfig:
    family = family_of(content)
    if family is None:
        types = ", ".join(model_type for each in FAMILIES for model_type in each.model_types)
        raise ExportError("config.json", [f"model_type is {content.get('model_type')!r}, expected one of {types}"])
    below = {key: value for key, value in content.items() if key not in _OF_THE_HEAD}
    config, problems, _ = inspect_config(below | {"architectures": [f"{family.classes[0]}ForSequenceClassification"]})
    if family.relative_positions:
        problems.append(f"{family.name} adds a bias for the distance of two tokens to its attention, which a BERT has not")
    if config.embedding_size != config.hidden_size:
        problems.append(
            f"embedding_size is {config.embedding_size}, expected hidden_size ({config.hidden_size}): a BERT has no projection "
            "behind its embeddings"
        )
    if problems:
        raise ExportError("config.json", problems)
    return config


def _weights(stored: Mapping[str, NDArray[Any]], config: EncoderConfig, path: str) -> Weights:
    shapes = body_shapes(config)
    plain = {berts_name(name, config.family): array for name, array in stored.items()}
    weights = {name: np.array(array, np.float32) for name, array in plain.items() if name in shapes and name not in BUFFERS}
    problems = missing_weights(shapes, weights)
    problems += value_problems(weights, shapes, contradicted_sizes(weights, shapes))
    if problems:
        raise ExportError(path, problems)
    return weights
