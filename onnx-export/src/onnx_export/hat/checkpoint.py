"""A HAT checkpoint folder: its configuration and weights, checked against each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export.checkpoints.labels import numbered_labels
from onnx_export.checkpoints.shapes import Shapes, Size, block, contradicted_sizes, linear, norm, value_problems
from onnx_export.checkpoints.weights import read_weights
from onnx_export.hat.config import HatConfig, Head, Pooling, inspect_config, names_pooling
from onnx_export.json_files import read_json_object
from onnx_export.onnx.storage import Storage, Weights, rounded, stored_as_int8
from onnx_export.problems import ExportError
from onnx_export.text.special_tokens import SpecialTokens

SEGMENT_POSITIONS = "encoder.segment_positions"
"""Our name for the table of segment positions, which the original stores once per layer with a D block although it is shared."""

_PREFIXES = ("hi_transformer.", "hat.")
_BUFFERS = {"embeddings.position_ids", "embeddings.token_type_ids"}
_HEAD_WEIGHTS = ("pooler.", "sentencizer.", "classifier.", "lm_head.")
_POSITIONS = "embeddings.position_embeddings.weight"
_WORDS = "embeddings.word_embeddings.weight"
_TYPES = "embeddings.token_type_embeddings.weight"
_DECODER = "lm_head.decoder"
_ATTENTIVE = "pooler.attentive_pooling."
_SHOWN = 10
"""Of the weights that are missing, and of those that are superfluous."""


@dataclass(frozen=True)
class Checkpoint:
    """A checked checkpoint.

    ``weights`` are float32 in the shapes of torch (a linear layer is [out, in]) by name without prefix; they hold exactly what
    the head and the layout need, and ``SEGMENT_POSITIONS`` [N+1, H] if the checkpoint has it.
    """

    name: str
    config: HatConfig
    weights: Weights
    sha256: str
    """Of the weights file, or of its shards."""
    notes: tuple[str, ...] = ()
    """What was read otherwise than it is written, for a person."""

    def with_weights(self, weights: Weights) -> Checkpoint:
        return replace(self, weights=weights)

    @property
    def parameters(self) -> int:
        return sum(weight.size for weight in self.weights.values())


def read_checkpoint(folder: Path, *, pooling: Pooling | None = None, embedding: bool = False) -> Checkpoint:
    """Read ``config.json`` and the weights of a folder, in any form that ``read_weights`` reads.

    Args:
        folder: the checkpoint.
        pooling: overrides the pooling that the configuration names or, as it does in the original, leaves open.
        embedding: read the encoder alone, for document vectors, whatever head the checkpoint has.

    Raises:
        ExportError: with every problem of the configuration, or every problem of the weights.
    """
    if not folder.is_dir():
        raise ExportError(
            str(folder),
            [
                f"{'is not a' if folder.exists() else 'there is no such'} folder; expected one with config.json and model.safetensors"
            ],
        )
    content = read_json_object(folder / "config.json")
    config, problems = inspect_config(content, pooling=pooling, embedding=embedding)
    try:
        saved = read_weights(folder)
    except ExportError as error:
        raise ExportError("config.json", [*problems, *error.problems]) if problems else error from None
    stored = saved.tensors
    config, notes = _told_by_weights(config, content, stored, pooling)
    if problems:
        sizes = _contradicted_sizes(_plain_names(stored, config)[0], config)
        known = {problem.partition(" ")[0] for problem in problems}
        raise ExportError("config.json", [*problems, *(line for key, line in sizes.items() if key not in known)])
    if config.cls_id is None and (folder / "tokenizer.json").is_file():
        config = replace(config, cls_id=next((token.id for token in SpecialTokens(folder / "tokenizer.json").of("cls")), None))
    weights = _checked_weights(stored, config, str(saved.path))
    return Checkpoint(folder.resolve().name, config, weights, saved.sha256, (*saved.notes, *notes))


def _told_by_weights(
    config: HatConfig, content: Mapping[str, Any], stored: Mapping[str, NDArray[Any]], pooling: Pooling | None
) -> tuple[HatConfig, list[str]]:
    """The configuration with what ``content`` leaves open and the weights tell, and what a person should know of that."""
    notes = []
    if pooling is None and config.head.pools and not names_pooling(content) and any(_ATTENTIVE in name for name in stored):
        config = replace(config, pooling="attentive")  # the original has these weights if it pools so, and only then
    if content.get("type_vocab_size") is None and (rows := _rows(stored, _TYPES)):
        config = replace(config, token_types=rows)  # whose first row alone is added
    if config.head.classifies and config.labels_key is None and (rows := _rows(stored, "classifier.bias", axes=1)):
        problem_type = config.problem_type if content.get("problem_type") is not None else "regression" if rows == 1 else None
        config = replace(config, labels=numbered_labels(rows), problem_type=problem_type)
        names = f"LABEL_0 to LABEL_{rows - 1}" if rows > 1 else "LABEL_0"
        notes.append(f"config.json names no labels (id2label); the classifier has {rows}, called {names}")
    return config, notes


def _rows(stored: Mapping[str, NDArray[Any]], plain: str, *, axes: int = 2) -> int | None:
    names = [name for prefix in ("", *_PREFIXES) if (name := prefix + plain) in stored]
    return stored[names[0]].shape[0] if names and stored[names[0]].ndim == axes else None


def expected_shapes(config: HatConfig) -> Shapes:
    """Name and shape of each weight that ``config`` needs, but for token and segment positions, whose tables vary."""
    H, F = Size(config.hidden_size, "hidden_size"), Size(config.intermediate_size, "intermediate_size")
    V = Size(config.vocabulary_size, "vocab_size")
    shapes: Shapes = {
        _WORDS: (V, H),
        _TYPES: (Size(config.token_types, "type_vocab_size"), H),
        **norm("embeddings.LayerNorm", H),
    }
    for index, layer in enumerate(config.layers):
        for kind in ["sentence_encoder"] * layer.segment + ["document_encoder"] * layer.document:
            shapes |= block(f"encoder.layer.{index}.{kind}", H, F)
    if config.pooling == "attentive":
        shapes |= linear("pooler.attentive_pooling.lin_proj", H, H)
        shapes["pooler.attentive_pooling.v.weight"] = (1, H)
    return shapes | _head(config, H, V)


def _head(config: HatConfig, H: int, V: int) -> Shapes:
    match config.head:
        case Head.DOCUMENT | Head.SEGMENT:
            labels = Size(len(config.labels), config.labels_key or "id2label")
            return linear(config.head.dense, H, H) | linear("classifier", labels, H)
        case Head.CHOICE:
            return linear(config.head.dense, H, H) | linear("classifier", 1, H)
        case Head.TOKEN:
            return linear("lm_head.dense", H, H) | norm("lm_head.layer_norm", H) | linear(_DECODER, V, H)
        case Head.NONE:
            return {}


def _contradicted_sizes(weights: Weights, config: HatConfig) -> dict[str, str]:
    shapes = expected_shapes(config)
    if SEGMENT_POSITIONS in weights:
        shapes[SEGMENT_POSITIONS] = (Size(config.max_segments + 1, "max_sentences"), config.hidden_size)
    return contradicted_sizes(weights, shapes)


def _plain_names(stored: Mapping[str, NDArray[Any]], config: HatConfig) -> tuple[dict[str, NDArray[np.float32]], list[str]]:
    """The weights without prefixes, every one in one place and under one name, and what is wrong with that."""
    problems: list[str] = []
    weights: dict[str, NDArray[np.float32]] = {}
    for name, array in stored.items():
        plain = next((name.removeprefix(prefix) for prefix in _PREFIXES if name.startswith(prefix)), name)
        if plain in _BUFFERS or (config.head is Head.NONE and _is_of_a_head(plain, config)):
            continue
        if plain in weights:
            problems.append(f"{plain} is stored twice, once as {name}")
        if array.dtype.kind in "iub":
            problems.append(
                f"{name} holds {array.dtype}, expected floating-point numbers: save the model as it was before quantisation"
            )
        weights[plain] = np.ascontiguousarray(array, dtype=np.float32)
    _merge_segment_positions(weights, config, problems)
    if config.head is Head.TOKEN:
        _untie_decoder(weights)
    return weights, problems


def _is_of_a_head(name: str, config: HatConfig) -> bool:
    """Whether a weight comes after the encoder and the pooling: of no use where the pooled vector itself is the answer."""
    pooling = config.pooling == "attentive" and name.startswith(_ATTENTIVE)
    return name.startswith(_HEAD_WEIGHTS) and not pooling


def _untie_decoder(weights: dict[str, NDArray[np.float32]]) -> None:
    """Give the decoder of the masked-LM head weights of its own, which a file leaves out where they are tied.

    Its matrix may be the word embeddings. Its bias is also called ``lm_head.bias``; where both are stored, the decoder's is
    what the original adds.
    """
    bias = weights.pop("lm_head.bias", None)
    if bias is not None:
        weights.setdefault(f"{_DECODER}.bias", bias)
    if _WORDS in weights:
        weights.setdefault(f"{_DECODER}.weight", weights[_WORDS])


def _checked_weights(stored: Mapping[str, NDArray[Any]], config: HatConfig, path: str) -> Weights:
    weights, problems = _plain_names(stored, config)
    H, needed = config.hidden_size, config.pad_id + 1 + config.segment_length
    shapes = expected_shapes(config)
    rows = weights[_POSITIONS].shape[0] if _POSITIONS in weights and weights[_POSITIONS].ndim == 2 else needed
    if rows < needed:
        problems.append(f"{_POSITIONS} has {rows} rows, expected at least {needed}: pad_token_id + 1 + max_sentence_length")
    shapes[_POSITIONS] = (rows, H)
    if SEGMENT_POSITIONS in weights:
        shapes[SEGMENT_POSITIONS] = (config.max_segments + 1, H)
    problems += _other_names(weights, shapes, config)
    problems += value_problems(weights, shapes, _contradicted_sizes(weights, config))
    if problems:
        raise ExportError(path, problems)
    return weights


def _other_names(weights: Weights, shapes: Shapes, config: HatConfig) -> list[str]:
    """Which weights are missing, and which are there for nothing."""
    problems: list[str] = []
    missing, superfluous = sorted(shapes.keys() - weights.keys()), sorted(weights.keys() - shapes.keys())
    if prefix := _foreign_prefix(missing, superfluous):
        problems.append(_under_a_foreign_prefix(prefix, weights))
        missing = superfluous = []
    problems += [f"{name} is missing, expected shape {list(shapes[name])}" for name in missing[:_SHOWN]]
    problems += [
        f"{len(names) - _SHOWN} more are {what}"
        for names, what in ((missing, "missing"), (superfluous, "superfluous"))
        if len(names) > _SHOWN
    ]
    for name in superfluous[:_SHOWN]:
        advice = "; --pooling attentive does" if config.head.pools and name.startswith(_ATTENTIVE) else ""
        problems.append(
            f"{name} is superfluous: encoder_layout {config.layout} with {config.head.value}"
            f"{f' and {config.pooling} pooling' if config.pooling else ''} does not use it{advice}"
        )
    return problems


def _foreign_prefix(missing: Sequence[str], superfluous: Sequence[str]) -> str | None:
    """What stands before the names of most weights that are missing, where those are there under longer names."""
    prefixes = Counter(
        next((name for own in _PREFIXES if (name := prefix.removesuffix(own)) != prefix), prefix)
        for needed in missing
        for found in superfluous
        if (prefix := found.removesuffix(f".{needed}") + ".") != f"{found}."
    )
    prefix, count = next(iter(prefixes.most_common(1)), ("", 0))
    return prefix if 2 * count > len(missing) else None


def _under_a_foreign_prefix(prefix: str, names: Iterable[str]) -> str:
    others = [name for name in names if not name.startswith(prefix)]
    rest = f" and those of {len(others)} do not, such as {min(others)}" if others else ""
    return (
        f"the names of most weights begin with {prefix!r}{rest}: expected hi_transformer., hat. or none; "
        "save the state dict of the model itself, without what is around it"
    )


def _merge_segment_positions(weights: dict[str, NDArray[np.float32]], config: HatConfig, problems: list[str]) -> None:
    """Replace the per-layer copies of the one shared table. A file may hold it once, as tied weights are stored, or per layer."""
    copies = {}
    for index, layer in enumerate(config.layers):
        name = f"encoder.layer.{index}.position_embeddings.weight"
        if layer.document and name in weights:
            copies[name] = weights.pop(name)
    if not copies:
        return
    first, *others = copies
    for other in others:
        if not np.array_equal(copies[first], copies[other]):
            problems.append(f"{other} differs from {first}, but segment positions are one table shared by all layers")
    weights[SEGMENT_POSITIONS] = copies[first]


def supports_segment_positions(checkpoint: Checkpoint) -> bool:
    """Whether adding segment positions is possible; a layout without D blocks has no use for them."""
    return SEGMENT_POSITIONS in checkpoint.weights or not any(layer.document for layer in checkpoint.config.layers)


def as_stored(checkpoint: Checkpoint, storage: Storage) -> Checkpoint:
    """The checkpoint with the weights that a graph of this storage computes with."""
    return checkpoint.with_weights(rounded(checkpoint.weights, storage, stored_as_int8))
