"""The paper's own checkpoints: trax ``HourglassLM``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from onnx_export.checkpoints.hyperparameters import is_integer
from onnx_export.checkpoints.numpy_pickle import read_numpy_pickle, read_numpy_records
from onnx_export.contract import ProblemType
from onnx_export.hourglass.config import Activation, HourglassConfig, Level, Resampling, parameters
from onnx_export.hourglass.gin import Reference, read_gin
from onnx_export.hourglass.settings import Settings
from onnx_export.problems import ExportError

Array = NDArray[np.float32]

ENCODER = "HourglassEncoder"
"""The model that has the original's layers, sees in both directions and classifies; the original has none."""

GIN, PICKLE = "config.gin", "model.pkl.gz"
_RECORDS = ("model.weights.npy.gz", "model.pkl.gz.npy")
_FLAT = "flat_weights."
"""Before the number of an array, where ``model.safetensors`` holds the list."""

_DEFAULTS: Mapping[str, Any] = {
    "d_model": 512,
    "d_ff": 2048,
    "vanilla_layers": (1, 1),
    "hierarchy": "6@3",
    "n_heads": 8,
    "ff_activation": "FastGelu",
    "vanilla_attn_type": "RelativeAttentionWrapper",
    "middle_attn_type": "RelativeAttentionWrapper",
    "downsampling_fn": "AttentionResampling",
    "upsampling_fn": "AttentionResampling",
    "attention_downsampling_fn": "AveragePooling",
    "attention_upsampling_fn": "LinearUpsampling",
}
_WITHOUT_EFFECT = {"vocab_size", "dropout", "dropout_shared_axes", "mode"}
"""On scores; the first is required."""
_OURS = {"implementation", "model", "vocab", "tgt_len"}
_OF_ENCODERS = {"labels", "problem_type"}
"""In ``config.json``."""

_ACTIVATIONS: Mapping[str, Activation] = {"FastGelu": "gelu_tanh", "Gelu": "gelu", "Relu": "relu"}
_DOWN: Mapping[str, bool] = {"AveragePooling": False, "LinearPooling": True}
_UP: Mapping[str, bool] = {"NaiveUpsampling": False, "LinearUpsampling": True}
_PROBLEM_TYPES: Mapping[str, ProblemType] = {
    "single-label": "single-label",
    "multi-label": "multi-label",
    "regression": "regression",
}
_LEVEL = re.compile(r"([0-9]+)@([0-9]+)")


def read_trax_files(folder: Path) -> tuple[dict[str, Any], list[NDArray[Any]], list[Path]]:
    """The original's own files: hyperparameters, the flat list of weights, and the files that hold these.

    Raises:
        ExportError: if one is missing or holds something else.
    """
    settings = {
        key: value.name if isinstance(value, Reference) else value for key, value in read_gin(folder / GIN, "HourglassLM").items()
    }
    if not settings:
        raise ExportError(str(folder / GIN), ["configures no HourglassLM: expected lines such as HourglassLM.d_model = 512"])
    if not (folder / PICKLE).is_file():
        raise ExportError(str(folder), [f"{PICKLE} is missing, expected beside {GIN}"])
    content = read_numpy_pickle(folder / PICKLE)
    weights = content.get("flat_weights") if isinstance(content, dict) else None
    if isinstance(weights, list) and all(isinstance(each, np.ndarray) for each in weights):
        return settings | _length(content), weights, [folder / PICKLE]
    if not is_integer(weights):
        raise ExportError(
            str(folder / PICKLE), ["holds no flat_weights, expected a list of arrays or, with them in a file beside, a number"]
        )
    records = next((folder / name for name in _RECORDS if (folder / name).is_file()), None)
    if records is None:
        raise ExportError(str(folder), [f"{PICKLE} refers to arrays in {' or '.join(_RECORDS)}, and neither is there"])
    return settings | _length(content), read_numpy_records(records), [folder / PICKLE, records]


def _length(content: Mapping[str, Any]) -> dict[str, int]:
    """Of the windows that the model was trained on: the signature of its inputs is [batch, length], or begins with such a one."""
    match content.get("input_signature"):
        case {"shape": [_, int(length)]} | [{"shape": [_, int(length)]}, *_]:
            return {"tgt_len": length}
    return {}


def read_trax_config(given: Mapping[str, Any]) -> tuple[HourglassConfig, list[str]]:
    """The description of a model by the original's hyperparameters, and what keeps it from being reproduced."""
    settings = Settings({**_DEFAULTS, **given})
    causal = given.get("model") != ENCODER
    known = _DEFAULTS.keys() | _WITHOUT_EFFECT | _OURS | (set() if causal else _OF_ENCODERS)
    settings.problems += [
        f"{key} is no parameter of HourglassLM that is known here: another version or a fork of trax"
        for key in sorted(given.keys() - known)
    ]
    for key in ("vanilla_attn_type", "middle_attn_type"):
        settings.choice(key, {"RelativeAttentionWrapper": None}, "RelativeAttentionWrapper", _why(given.get(key)))
    width, heads = settings.integer("d_model"), settings.integer("n_heads")
    if width % heads or width % 2:
        settings.problems.append(f"d_model is {width}, expected an even multiple of n_heads ({heads})")
    before, after = _vanilla_layers(settings)
    levels = _levels(settings)
    if not levels and after and not settings.problems:
        settings.problems.append(f"vanilla_layers is {[before, after]}, expected no layers after a shortening that there is not")
    size = settings.integer("vocab_size")
    config = HourglassConfig(
        implementation="trax",
        vocabulary_size=size,
        width=width,
        heads=heads,
        head_width=max(1, width // heads),
        inner_width=settings.integer("d_ff"),
        activation=settings.choice("ff_activation", _ACTIVATIONS, "FastGelu"),
        before=before,
        after=after,
        levels=levels,
        vocabulary=settings.vocabulary("vocab", size),
        trained_length=settings.optional_integer("tgt_len"),
        causal=causal,
        labels=() if causal else settings.labels("labels"),
        problem_type=None if causal else settings.choice("problem_type", _PROBLEM_TYPES, "single-label"),
    )
    return config, settings.problems


def _why(attention: object) -> str:
    if isinstance(attention, str) and "LSH" in attention:
        return ": LSH attention hashes at random, so that no two runs of the original agree; such a model cannot be exported"
    return ": other kinds of attention are not implemented"


def _vanilla_layers(settings: Settings) -> tuple[int, int]:
    value = settings.given["vanilla_layers"]
    if isinstance(value, list | tuple) and len(value) == 2 and all(is_integer(each) and each >= 0 for each in value):
        return value[0], value[1]
    settings.problems.append(f"vanilla_layers is {value!r}, expected two whole numbers, of layers before and after shortening")
    return 0, 0


def _levels(settings: Settings) -> tuple[Level, ...]:
    down = _resampling(settings, "downsampling_fn", _DOWN)
    up = _resampling(settings, "upsampling_fn", _UP)
    levels = []
    before = 1
    for layers, total in _hierarchy(settings):
        if total % before or total // before < 2:
            settings.problems.append(
                f"hierarchy is {settings.given['hierarchy']!r}: {total} is not {before} times a whole number of at least 2, "
                "expected the factors of shortened levels alone, such as 24@3 or 2@3 4@6 2@3"
            )
            break
        levels.append(Level(total // before, layers, down, up))
        before = total
    return tuple(levels)


def _hierarchy(settings: Settings) -> list[tuple[int, int]]:
    """Layers and total factor of each level, outermost first, down to the middle; none of a plain Transformer, to compare with."""
    value = settings.given["hierarchy"]
    if value == "":
        return []
    words = value.split(" ") if isinstance(value, str) else []
    matches = [_LEVEL.fullmatch(word) for word in words]
    if not words or not all(matches):
        settings.problems.append(f"hierarchy is {value!r}, expected layers@factor of each level, such as 24@3 or 2@3 4@6 2@3")
        return []
    if words != words[::-1] or len(words) % 2 == 0:
        settings.problems.append(f"hierarchy is {value!r}, expected a palindrome of an odd number of levels, such as 2@3 4@6 2@3")
        return []
    return [(int(match[1]), int(match[2])) for match in matches[: len(words) // 2 + 1] if match]


def _resampling(settings: Settings, key: str, kinds: Mapping[str, bool]) -> Resampling:
    """With attention, the function of the same name after ``attention_`` is used within it."""
    if settings.given[key] == "AttentionResampling":
        inner = f"attention_{key}"
        return Resampling(settings.choice(inner, kinds, _DEFAULTS[inner]), attention=True)
    plain = settings.choice(key, {**kinds, "AttentionResampling": False}, "AttentionResampling")
    return Resampling(plain, attention=False)


def flat_list(stored: Mapping[str, NDArray[Any]], path: Path) -> list[NDArray[Any]]:
    """The list that ``model.safetensors`` holds by number.

    Raises:
        ExportError: if names are something else than the numbers 0, 1, ….
    """
    expected = [f"{_FLAT}{index:04}" for index in range(len(stored))]
    if sorted(stored) != expected:
        odd = sorted(set(stored) ^ set(expected))
        raise ExportError(
            str(path), [f"holds {odd[0]}, expected {_FLAT}0000, {_FLAT}0001, …, the list flat_weights of the original"]
        )
    return [stored[name] for name in expected]


def converted_tensors(config: HourglassConfig, weights: Mapping[str, Array]) -> dict[str, Array]:
    """Weights by our names as ``model.safetensors`` holds them: what ``flat_list`` and ``named_weights`` undo."""
    tensors = {}
    for index, name in enumerate(parameters(config)):
        stored = weights[name].T if _is_transposed(name) else weights[name]
        if name.endswith("_bias"):
            stored = stored[None, :, None]
        tensors[f"{_FLAT}{index:04}"] = np.ascontiguousarray(stored)
    return tensors


def hyperparameters(config: HourglassConfig) -> dict[str, Any]:
    """A description as ``config.json`` holds it: what ``read_trax_config`` undoes."""
    names = {kind: name for name, kind in _ACTIVATIONS.items()}
    factors = [level.factor for level in config.levels]
    levels = [f"{level.layers}@{prod(factors[: index + 1])}" for index, level in enumerate(config.levels)]
    return {
        "implementation": "trax",
        "model": "HourglassLM" if config.causal else ENCODER,
        "vocab_size": config.vocabulary_size,
        "d_model": config.width,
        "d_ff": config.inner_width,
        "vanilla_layers": [config.before, config.after],
        "hierarchy": " ".join([*levels, *levels[-2::-1]]),
        "n_heads": config.heads,
        "ff_activation": names[config.activation],
        **(_resampling_names("downsampling_fn", config.levels[0].down, _DOWN) if config.levels else {}),
        **(_resampling_names("upsampling_fn", config.levels[0].up, _UP) if config.levels else {}),
        **({"vocab": list(config.vocabulary)} if config.vocabulary else {}),
        **({"tgt_len": config.trained_length} if config.trained_length else {}),
        **({} if config.causal else {"labels": list(config.labels), "problem_type": config.problem_type}),
    }


def _resampling_names(key: str, kind: Resampling, kinds: Mapping[str, bool]) -> dict[str, str]:
    plain = next(name for name, linear in kinds.items() if linear == kind.linear)
    return {key: "AttentionResampling", f"attention_{key}": plain} if kind.attention else {key: plain}


def _is_transposed(name: str) -> bool:
    """Whether trax stores a weight [in, out], if it is a matrix."""
    return name.endswith(".weight") and name != "embedding.weight"


def named_weights(config: HourglassConfig, flat: Sequence[NDArray[Any]], path: Path) -> dict[str, Array]:
    """The flat list by our names, linear layers [out, in].

    Raises:
        ExportError: if number or shapes are others than the hyperparameters ask for.
    """
    shapes = parameters(config)
    if len(flat) != len(shapes):
        raise ExportError(
            str(path),
            [
                f"flat_weights has {len(flat)} arrays, expected {len(shapes)} for {config.layout}: "
                "another hierarchy, other resampling or another fork than the configuration says"
            ],
        )
    problems, weights = [], {}
    for index, ((name, shape), array) in enumerate(zip(shapes.items(), flat, strict=True)):
        transposed = len(shape) == 2 and _is_transposed(name)
        stored = shape[::-1] if transposed else (1, shape[0], 1, shape[1]) if name.endswith("_bias") else shape
        if array.shape != stored:
            problems.append(f"flat_weights[{index}], {name}, has shape {list(array.shape)}, expected {list(stored)}")
        else:
            weights[name] = _floats(array).T if transposed else _floats(array).reshape(shape)
    if problems:
        raise ExportError(str(path), problems[:10])
    return weights


def _floats(array: NDArray[Any]) -> Array:
    """float32; trax stores bfloat16 as the bits of uint16."""
    wide: Array = (array.view(ml_dtypes.bfloat16) if array.dtype == np.uint16 else array).astype(np.float32)
    return wide


def frequencies(config: HourglassConfig) -> Array:
    """[d / 2]: of the sinusoids, each step rounded to float32 as the original does: rounded otherwise, far distances differ."""
    exponents = np.arange(0, config.width, 2, dtype=np.float32) / np.float32(config.width)
    # NumPy's power in float32 has other last bits where the processor has AVX-512.
    powers = (np.float64(10000) ** exponents.astype(np.float64)).astype(np.float32)
    return (np.float32(1) / powers).astype(np.float32)
