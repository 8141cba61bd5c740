"""The checkpoint folder of an encoder: its configuration and weights, checked against each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export.checkpoints.shapes import Shapes, Size, block, contradicted_sizes, linear, norm, value_problems
from onnx_export.checkpoints.weights import read_weights
from onnx_export.encoder.config import EncoderConfig, inspect_config
from onnx_export.encoder.family import Family
from onnx_export.json_files import read_json_object
from onnx_export.onnx.storage import WORD_EMBEDDINGS, Storage, Weights, rounded, stored_as_int8
from onnx_export.problems import ExportError

POSITIONS = "embeddings.position_embeddings.weight"
TYPES = "embeddings.token_type_embeddings.weight"
PROJECTION = "embeddings_project"
"""From the width of embeddings to that of layers, where they differ."""
DISTANCES = "encoder.relative_attention_bias.weight"
DENSE, CLASSIFIER = "pooler.dense", "classifier"

BUFFERS = {"embeddings.position_ids", "embeddings.token_type_ids"}
_OLDER_NAMES = ((".gamma", ".weight"), (".beta", ".bias"))
"""Of layer norms, as TensorFlow's checkpoints had them; transformers renames them, too."""
_DECISIVE = ("embeddings.", "encoder.")
"""With which the names begin of weights that leave no doubt: one too many means that ``config.json`` is another model's."""
_SHOWN = 10


@dataclass(frozen=True)
class EncoderCheckpoint:
    """A checked checkpoint.

    ``weights`` are float32 in the shapes of torch (a linear layer is [out, in]), by the names that BERT has for them, the head
    ``pooler.dense`` and ``classifier``; they hold exactly what the model needs.
    """

    name: str
    config: EncoderConfig
    weights: Weights
    sha256: str
    """Of the weights file, or of its shards."""
    notes: tuple[str, ...] = ()
    """What was read otherwise than it is written, for a person."""

    @property
    def parameters(self) -> int:
        return sum(weight.size for weight in self.weights.values())


def read_encoder(folder: Path, *, segment_length: int | None = None) -> EncoderCheckpoint:
    """Read ``config.json`` and the weights of a folder, in any form that ``read_weights`` reads.

    Args:
        folder: the checkpoint.
        segment_length: K, if texts are to be cut into shorter segments than the model can read. Without it, the length that the
            tokenizer's configuration names, if the model can read that many tokens, else as many as it can.

    Raises:
        ExportError: with every problem of the configuration, or every problem of the weights.
    """
    content = read_json_object(folder / "config.json")
    config, problems, notes = inspect_config(content)
    longest = config.segment_length
    length = segment_length if segment_length is not None else _trained_length(folder, longest)
    if not 3 <= length <= longest:
        problems.append(f"segment_length is {length}, expected 3 to {longest}, the tokens that the model can read at once")
    if problems:
        raise ExportError("config.json", problems)
    stored = read_weights(folder)
    weights, more = _checked_weights(stored.tensors, config, str(stored.path))
    return EncoderCheckpoint(
        folder.resolve().name,
        replace(config, segment_length=length),
        weights,
        stored.sha256,
        (*stored.notes, *notes, *more),
    )


def _trained_length(folder: Path, longest: int) -> int:
    """At which transformers cuts texts; where nothing is said, the file has a number beyond all texts, or none."""
    path = folder / "tokenizer_config.json"
    named = read_json_object(path).get("model_max_length") if path.is_file() else None
    return named if isinstance(named, int) and 3 <= named < longest else longest


def body_shapes(config: EncoderConfig) -> Shapes:
    """Name and shape of each weight that ``config`` needs below its head, but for MPNet's table of distances."""
    H, F = Size(config.hidden_size, "hidden_size"), Size(config.intermediate_size, "intermediate_size")
    E = Size(config.embedding_size, "embedding_size") if config.embedding_size != config.hidden_size else H
    shapes: Shapes = {
        WORD_EMBEDDINGS: (Size(config.vocabulary_size, "vocab_size"), E),
        POSITIONS: (Size(config.positions, "max_position_embeddings"), E),
        **norm("embeddings.LayerNorm", E),
    }
    if config.token_types:
        shapes[TYPES] = (Size(config.token_types, "type_vocab_size"), E)
    if E != H:
        shapes |= linear(PROJECTION, H, E)
    for index in range(config.layers):
        shapes |= block(f"encoder.layer.{index}", H, F)
    return shapes


def expected_shapes(config: EncoderConfig) -> Shapes:
    """The same with the head."""
    H, C = Size(config.hidden_size, "hidden_size"), Size(len(config.classes), config.labels_key)
    dense = {} if config.answers_for_tokens else linear(DENSE, H, H)
    return body_shapes(config) | dense | linear(CLASSIFIER, C, H)


def berts_name(name: str, family: Family) -> str:
    """What BERT calls a weight, without the prefix; the head's keep their names."""
    plain = name.removeprefix(family.prefix)
    for ending, newer in _OLDER_NAMES:
        plain = plain.removesuffix(ending) + newer if plain.endswith(ending) else plain
    for own, ours in family.names:
        plain = plain.replace(own, ours)
    return plain


def _plain_name(name: str, family: Family, config: EncoderConfig) -> str | None:
    """What BERT calls a weight; None if it is none that the model needs, such as the pooler of a model that does not use it."""
    plain = berts_name(name, family)
    if config.answers_for_tokens:
        return None if plain.startswith(("pooler.", family.dense)) else plain
    for own, ours in ((family.dense, f"{DENSE}."), (family.classifier, f"{CLASSIFIER}.")):
        if plain.startswith(own):
            return ours + plain.removeprefix(own)
    return None if plain.startswith("pooler.") else plain


def _plain_names(stored: Mapping[str, NDArray[Any]], config: EncoderConfig) -> tuple[dict[str, NDArray[np.float32]], list[str]]:
    """The weights by BERT's names, and what is wrong with that."""
    weights: dict[str, NDArray[np.float32]] = {}
    problems: list[str] = []
    for name, array in stored.items():
        plain = _plain_name(name, config.family, config)
        if plain is None or plain in BUFFERS:
            continue
        if plain in weights:
            problems.append(f"{name} is stored twice")
        if array.dtype.kind in "iub":
            problems.append(
                f"{name} holds {array.dtype}, expected floating-point numbers: save the model as it was before quantisation"
            )
        weights[plain] = np.ascontiguousarray(array, dtype=np.float32)
    return weights, problems


def _checked_weights(stored: Mapping[str, NDArray[Any]], config: EncoderConfig, path: str) -> tuple[Weights, list[str]]:
    """The weights that the model needs, and which others there are."""
    weights, problems = _plain_names(stored, config)
    shapes = expected_shapes(config)
    if config.family.relative_positions:
        rows = weights[DISTANCES].shape[0] if DISTANCES in weights else 0
        shapes[DISTANCES] = (rows, Size(config.attention_heads, "num_attention_heads"))
    superfluous = sorted(weights.keys() - shapes.keys())
    problems += missing_weights(shapes, weights)
    decisive = [name for name in superfluous if name.startswith(_DECISIVE)]
    problems += [f"{name} is superfluous: {config.architecture} has none such" for name in decisive[:_SHOWN]]
    problems += value_problems(weights, shapes, contradicted_sizes(weights, shapes))
    if problems:
        raise ExportError(path, problems)
    unused = [name for name in superfluous if not name.startswith(_DECISIVE)]
    notes = [f"{len(unused)} weights of another head are not used, such as {unused[0]}"] if unused else []
    return {name: weights[name] for name in shapes}, notes


def missing_weights(shapes: Shapes, weights: Weights) -> list[str]:
    """Which weights that are needed are not there, the first by name."""
    missing = sorted(shapes.keys() - weights.keys())
    more = [f"{len(missing) - _SHOWN} more are missing"] if len(missing) > _SHOWN else []
    return [f"{name} is missing, expected shape {list(shapes[name])}" for name in missing[:_SHOWN]] + more


def as_stored(checkpoint: EncoderCheckpoint, storage: Storage) -> EncoderCheckpoint:
    """The checkpoint with the weights that a graph of this storage computes with."""
    return replace(checkpoint, weights=rounded(checkpoint.weights, storage, stored_as_int8))
