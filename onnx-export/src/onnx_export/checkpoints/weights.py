"""The weights of a checkpoint folder, however they were saved: one file or shards, of safetensors or of PyTorch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import ml_dtypes  # noqa: F401  # registers bfloat16 with numpy, in which some checkpoints are stored
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from onnx_export.checkpoints.pytorch_file import read_pytorch_file
from onnx_export.checksums import file_sha256
from onnx_export.json_files import read_json_object
from onnx_export.problems import ExportError, reason

Tensors = dict[str, NDArray[Any]]

_SAFETENSORS, _PYTORCH = "model.safetensors", "pytorch_model.bin"
_WRAPPERS = {"module", "_module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module"}
"""What data parallelism, compilation and the like put into names, also in their middle; no part of a model is called so."""
_OWN = {
    *("hi_transformer", "hat", "bert", "roberta", "distilbert", "electra", "mpnet", "embeddings"),
    *("pooler", "sentencizer", "pre_classifier", "classifier", "lm_head"),
}
"""Where the names begin that models give themselves."""
_MIXED = "these are shards of different models, or the index is an old one"
_COUNTER = "n_averaged"
"""Beside the weights of an averaged model: of how many it is the average."""


@dataclass(frozen=True)
class StoredWeights:
    """Tensors by name, in the precision in which they were stored, without what wrappers put before the names."""

    tensors: Mapping[str, NDArray[Any]]
    path: Path
    """The file, or the index of the shards."""
    sha256: str
    """Of the file; of shards, of their bytes one after the other, in the order of their names."""
    notes: tuple[str, ...]
    """What was read otherwise than it is written, for a person."""


def read_weights(folder: Path) -> StoredWeights:
    """Read ``model.safetensors``, or without that ``pytorch_model.bin``, or the shards that an index of either name lists.

    Raises:
        ExportError: if there are none, or it is not clear which count, or they cannot be read.
    """
    path = _weights_path(folder)
    if path.suffix == ".json":
        files, tensors = _read_shards(path)
    else:
        files, tensors = [path], _read_file(path)
    plain, notes = _without_wrappers(path, tensors)
    return StoredWeights(plain, path, file_sha256(*files), notes)


def _weights_path(folder: Path) -> Path:
    for name in (_SAFETENSORS, _PYTORCH):
        there = [path for path in (folder / name, folder / f"{name}.index.json") if path.exists()]
        if len(there) > 1:
            raise ExportError(
                str(folder), [f"both {name} and {there[1].name} are there, and nothing says which counts: remove one of them"]
            )
        if there and there[0].is_file():
            return there[0]
    shards = sorted(folder.glob("*-of-*.safetensors")) + sorted(folder.glob("*-of-*.bin"))
    there_are = f"; {shards[0].name} is a shard, and the index that lists all of them is missing" if shards else ""
    raise ExportError(str(folder), [f"{_SAFETENSORS} is missing, and so is {_PYTORCH}{there_are}"])


def _read_file(path: Path) -> Tensors:
    if path.suffix == ".bin":
        return read_pytorch_file(path)
    return read_safetensors(path)


def read_safetensors(path: Path) -> Tensors:
    """Read the tensors of one file under the names that it has for them.

    Raises:
        ExportError: if it is something else.
    """
    try:
        tensors: Tensors = load_file(path)
    except (SafetensorError, OSError, KeyError, TypeError) as error:
        raise ExportError(str(path), [f"cannot be read: {reason(error)}"]) from error
    return tensors


def _read_shards(index: Path) -> tuple[list[Path], Tensors]:
    names = _shards(index)
    files = [index.parent / name for name in names]
    if missing := [file.name for file in files if not file.is_file()]:
        raise ExportError(
            str(index),
            [f"{name} is missing, which holds {_some(names[name])}: copy the checkpoint again" for name in missing],
        )
    problems: list[str] = []
    tensors: Tensors = {}
    for file in files:
        try:
            found = _read_file(file)
        except ExportError as error:
            problems += [f"{file.name}: {problem}" for problem in error.problems]
            continue
        if absent := names[file.name] - found.keys():
            problems.append(f"{file.name} does not hold {_some(absent)}, as the index says: {_MIXED}")
        if superfluous := found.keys() - names[file.name]:
            problems.append(f"{file.name} holds {_some(superfluous)}, of which the index says nothing: {_MIXED}")
        tensors |= found
    if problems:
        raise ExportError(str(index), problems)
    return files, tensors


def _shards(index: Path) -> dict[str, set[str]]:
    """The names of the tensors in each shard, shards in order."""
    places = read_json_object(index).get("weight_map")
    if not isinstance(places, dict) or not places or not all(isinstance(file, str) for file in places.values()):
        raise ExportError(str(index), ["weight_map is missing or of another kind, expected the file of each weight by its name"])
    kind = ".safetensors" if index.name.startswith(_SAFETENSORS) else ".bin"
    shards: dict[str, set[str]] = {}
    for tensor, file in sorted(places.items(), key=lambda place: (place[1], place[0])):
        shards.setdefault(file, set()).add(tensor)
    problems = [
        f"names {file!r} as the file of {_some(tensors)}, expected the name of a {kind} file in the same folder"
        for file, tensors in shards.items()
        if Path(file).name != file or "\\" in file or "\0" in file or not file.endswith(kind)
    ]
    if problems:
        raise ExportError(str(index), problems)
    return shards


def _some(names: Iterable[str]) -> str:
    first, *others = sorted(names)
    return f"{first} and {len(others)} more" if others else first


def _without_wrappers(path: Path, stored: Mapping[str, NDArray[Any]]) -> tuple[Tensors, tuple[str, ...]]:
    """The tensors by the names that the model itself gave them, and what was left out of the names."""
    unwrapped = {name: [part for part in name.split(".") if part not in _WRAPPERS] for name in stored if name != _COUNTER}
    common = [parts[0] for parts in takewhile(lambda parts: len(set(parts)) == 1, zip(*unwrapped.values(), strict=False))]
    depth = next((i for i, part in enumerate(common) if part in _OWN), len(common))
    if depth == len(common) and depth in map(len, unwrapped.values()):
        depth = 0  # a single weight, whose whole name is common
    plain: Tensors = {}
    problems: list[str] = []
    left_out: dict[str, None] = {}
    for name, parts in unwrapped.items():
        short = ".".join(parts[depth:])
        if short in plain:
            problems.append(f"{name} is stored twice: without what wrappers put into names, it is {short}")
        plain[short] = stored[name]
        left_out |= {f"{part}.": None for part in name.split(".") if part in _WRAPPERS or part in common[:depth]}
    if problems:
        raise ExportError(str(path), problems)
    note = f"{' and '.join(map(repr, left_out))} in the names of the weights is left out, as wrappers put it there"
    return plain, (note,) if left_out else ()
