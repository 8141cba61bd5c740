"""A HAT checkpoint folder: its configuration and weights, checked against each other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ml_dtypes  # noqa: F401  # registers bfloat16 with numpy, in which some checkpoints are stored
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from onnx_export.config import HatConfig, Pooling, read_config
from onnx_export.problems import ExportError

Weights = Mapping[str, NDArray[np.float32]]

SEGMENT_POSITIONS = "encoder.segment_positions"
"""Our name for the table of segment positions, which the original stores once per layer with a D block although it is shared."""

_PREFIXES = ("hi_transformer.", "hat.")
_BUFFERS = {"embeddings.position_ids", "embeddings.token_type_ids"}


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
    """Of the weights file."""

    def with_weights(self, weights: Weights) -> Checkpoint:
        return replace(self, weights=weights)

    @property
    def parameters(self) -> int:
        return sum(weight.size for weight in self.weights.values())


def read_json_object(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ExportError: if there is no such file or it holds something else.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ExportError(str(path), ["the file is missing"]) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ExportError(str(path), [f"is not JSON: {error}"]) from error
    if not isinstance(value, dict):
        raise ExportError(str(path), ["expected a JSON object"])
    return value


def read_checkpoint(folder: Path, *, pooling: Pooling | None = None) -> Checkpoint:
    """Read ``config.json`` and ``model.safetensors`` of a folder.

    Args:
        folder: the checkpoint.
        pooling: overrides the pooling that the configuration names.

    Raises:
        ExportError: with every problem of the configuration, or every problem of the weights.
    """
    if not folder.is_dir():
        raise ExportError(str(folder), ["there is no such folder; expected one with config.json and model.safetensors"])
    config = read_config(read_json_object(folder / "config.json"), pooling=pooling)
    path = folder / "model.safetensors"
    if not path.is_file():
        raise ExportError(str(folder), [_no_weights(folder)])
    try:
        stored = load_file(path)
    except (SafetensorError, OSError, KeyError, TypeError) as error:
        raise ExportError(str(path), [f"cannot be read: {error}"]) from error
    weights = _checked_weights(stored, config, str(path))
    return Checkpoint(folder.resolve().name, config, weights, file_sha256(path))


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def expected_shapes(config: HatConfig) -> dict[str, tuple[int, ...]]:
    """Name and shape of each weight that ``config`` needs, but for token and segment positions, whose tables vary."""
    H, F = config.hidden_size, config.intermediate_size
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (config.vocabulary_size, H),
        "embeddings.token_type_embeddings.weight": (config.token_types, H),
    }

    def linear(name: str, outputs: int, inputs: int) -> None:
        shapes[f"{name}.weight"] = (outputs, inputs)
        shapes[f"{name}.bias"] = (outputs,)

    def norm(name: str) -> None:
        shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = (H,)

    norm("embeddings.LayerNorm")
    for index, layer in enumerate(config.layers):
        blocks = ["sentence_encoder"] * layer.segment + ["document_encoder"] * layer.document
        for block in (f"encoder.layer.{index}.{name}" for name in blocks):
            for part in ("query", "key", "value"):
                linear(f"{block}.attention.self.{part}", H, H)
            linear(f"{block}.attention.output.dense", H, H)
            norm(f"{block}.attention.output.LayerNorm")
            linear(f"{block}.intermediate.dense", F, H)
            linear(f"{block}.output.dense", H, F)
            norm(f"{block}.output.LayerNorm")
    if config.pooling == "attentive":
        linear("pooler.attentive_pooling.lin_proj", H, H)
        shapes["pooler.attentive_pooling.v.weight"] = (1, H)
    linear(config.head.dense, H, H)
    linear("classifier", len(config.labels), H)
    return shapes


def _no_weights(folder: Path) -> str:
    if (folder / "pytorch_model.bin").exists():
        return (
            "model.safetensors is missing; pytorch_model.bin is not read because it can hold code: convert it with "
            "safetensors.torch.save_file(torch.load('pytorch_model.bin', weights_only=True), 'model.safetensors')"
        )
    if (folder / "model.safetensors.index.json").exists():
        return "model.safetensors is missing; sharded weights are not read: save them as one file"
    return "model.safetensors is missing"


def _checked_weights(stored: Mapping[str, NDArray[Any]], config: HatConfig, path: str) -> Weights:
    problems: list[str] = []
    weights: dict[str, NDArray[np.float32]] = {}
    for name, array in stored.items():
        plain = next((name.removeprefix(prefix) for prefix in _PREFIXES if name.startswith(prefix)), name)
        if plain in _BUFFERS:
            continue
        if plain in weights:
            problems.append(f"{plain} is stored twice, once as {name}")
        weights[plain] = np.ascontiguousarray(array, dtype=np.float32)
    _merge_segment_positions(weights, config, problems)
    H, needed = config.hidden_size, config.pad_id + 1 + config.segment_length
    shapes = expected_shapes(config)
    positions = "embeddings.position_embeddings.weight"
    rows = weights[positions].shape[0] if positions in weights and weights[positions].ndim == 2 else needed
    if rows < needed:
        problems.append(f"{positions} has {rows} rows, expected at least {needed}: pad_token_id + 1 + max_sentence_length")
    shapes[positions] = (rows, H)
    if SEGMENT_POSITIONS in weights:
        shapes[SEGMENT_POSITIONS] = (config.max_segments + 1, H)
    for name in sorted(shapes.keys() - weights.keys()):
        problems.append(f"{name} is missing, expected shape {list(shapes[name])}")
    for name in sorted(weights.keys() - shapes.keys()):
        problems.append(
            f"{name} is superfluous: encoder_layout {config.layout} with {config.head.value}"
            f"{f' and {config.pooling} pooling' if config.pooling else ''} does not use it"
        )
    for name in sorted(weights.keys() & shapes.keys()):
        if weights[name].shape != shapes[name]:
            problems.append(f"{name} has shape {list(weights[name].shape)}, but config.json asks for {list(shapes[name])}")
        if not np.isfinite(weights[name]).all():
            problems.append(f"{name} holds values that are not finite")
    if problems:
        raise ExportError(path, problems)
    return weights


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
