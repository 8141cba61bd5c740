"""An Hourglass checkpoint folder in any form of either original, read into the one description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export.checkpoints.weights import read_safetensors
from onnx_export.checksums import file_sha256
from onnx_export.hourglass import pytorch, trax
from onnx_export.hourglass.config import STACKS, HourglassConfig
from onnx_export.json_files import read_json_object
from onnx_export.onnx.storage import Storage, Weights, rounded
from onnx_export.problems import ExportError

_CONFIG, _SAFETENSORS = "config.json", "model.safetensors"
_MODELS = {"trax": ("HourglassLM", trax.ENCODER), "pytorch": ("MemTransformerLM",)}

FREQUENCIES = "frequencies"
"""[d / 2], beside the weights of ``parameters``: of the sinusoids that tell positions."""


@dataclass(frozen=True)
class HourglassCheckpoint:
    """A checked checkpoint: ``weights`` are float32 and hold exactly what ``parameters`` lists, and ``FREQUENCIES``."""

    name: str
    config: HourglassConfig
    weights: Weights
    sha256: str
    """Of the file, or the files, that hold the weights."""

    def with_weights(self, weights: Weights) -> HourglassCheckpoint:
        return replace(self, weights=weights)

    @property
    def parameters(self) -> int:
        return sum(weight.size for name, weight in self.weights.items() if name != FREQUENCIES)


def holds_hourglass(folder: Path) -> bool:
    """Whether a folder is, or means to be, a checkpoint of this architecture."""
    if (folder / _CONFIG).is_file():
        content = read_json_object(folder / _CONFIG)
        return "implementation" in content or any(content.get("model") in models for models in _MODELS.values())
    return (folder / trax.GIN).is_file() or (folder / trax.PICKLE).is_file() or (folder / pytorch.TRAINING).is_file()


def read_hourglass(folder: Path) -> HourglassCheckpoint:
    """Read ``config.json`` with ``model.safetensors``, or trax's own files, or ``checkpoint_last.pt``.

    Raises:
        ExportError: with every problem of the configuration, or every problem of the weights.
    """
    if (folder / _CONFIG).is_file():
        return _read_converted(folder)
    if (folder / pytorch.TRAINING).is_file():
        path = folder / pytorch.TRAINING
        given, state = pytorch.read_training_checkpoint(path)
        return _pytorch(folder, given, path.name, state, path, [path])
    given, flat, files = trax.read_trax_files(folder)
    return _trax(folder, given, trax.GIN, flat, files[-1], files)


def _read_converted(folder: Path) -> HourglassCheckpoint:
    given, path = read_json_object(folder / _CONFIG), folder / _SAFETENSORS
    implementation = given.get("implementation")
    if implementation not in _MODELS:
        raise ExportError(str(folder / _CONFIG), [f"implementation is {implementation!r}, expected trax or pytorch"])
    models = _MODELS[implementation]
    if given.get("model", models[0]) not in models:
        raise ExportError(str(folder / _CONFIG), [f"model is {given['model']!r}, expected {' or '.join(models)}"])
    if not path.is_file():
        raise ExportError(str(folder), [f"{_SAFETENSORS} is missing, expected beside a {_CONFIG} that names implementation"])
    stored = read_safetensors(path)
    if implementation == "trax":
        return _trax(folder, given, _CONFIG, trax.flat_list(stored, path), path, [path])
    return _pytorch(folder, given, _CONFIG, stored, path, [path])


def _trax(
    folder: Path, given: Mapping[str, Any], source: str, flat: list[NDArray[Any]], path: Path, files: list[Path]
) -> HourglassCheckpoint:
    config = _without_problems(source, *trax.read_trax_config(given))
    weights = trax.named_weights(config, flat, path)
    return _checked(folder, config, {**weights, FREQUENCIES: trax.frequencies(config)}, path, files)


def _pytorch(
    folder: Path, given: Mapping[str, Any], source: str, state: Mapping[str, NDArray[Any]], path: Path, files: list[Path]
) -> HourglassCheckpoint:
    config = _without_problems(source, *pytorch.read_pytorch_config(given))
    weights = pytorch.named_weights(config, state, path)
    return _checked(folder, config, {**weights, FREQUENCIES: pytorch.frequencies(state)}, path, files)


def _without_problems(source: str, config: HourglassConfig, problems: list[str]) -> HourglassConfig:
    if problems:
        raise ExportError(source, problems)
    return config


def _checked(folder: Path, config: HourglassConfig, weights: Weights, path: Path, files: list[Path]) -> HourglassCheckpoint:
    if unusable := [name for name, weight in weights.items() if not np.isfinite(weight).all()]:
        raise ExportError(str(path), [f"{name} holds values that are not finite" for name in unusable])
    contiguous = {name: np.ascontiguousarray(weight) for name, weight in weights.items()}
    return HourglassCheckpoint(folder.resolve().name, config, contiguous, file_sha256(*files))


def stored_as_int8(name: str, matrix: NDArray[np.float32]) -> bool:
    """Whether ``--weights int8`` shrinks this weight: the matrices of layers and resampling, not embeddings and head."""
    return matrix.ndim == 2 and name.startswith(STACKS)


def as_stored(checkpoint: HourglassCheckpoint, storage: Storage) -> HourglassCheckpoint:
    """The checkpoint with the weights that a graph of this storage computes with."""
    return checkpoint.with_weights(rounded(checkpoint.weights, storage, stored_as_int8))
