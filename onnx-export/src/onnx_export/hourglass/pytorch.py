"""The authors' PyTorch checkpoints: ``MemTransformerLM`` of dynamic-pooling, whose boundaries of type ``fixed`` are Hourglass."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export.checkpoints.pytorch_file import Record, read_training_file
from onnx_export.hourglass.config import Activation, Groups, HourglassConfig, parameters
from onnx_export.hourglass.settings import Settings
from onnx_export.problems import ExportError

Array = NDArray[np.float32]

TRAINING = "checkpoint_last.pt"
FREQUENCIES = "pos_emb.inv_freq"

_NAMESPACE, _VOCABULARY = ("argparse", "Namespace"), ("utils.vocabulary", "Vocab")
_WRAPPER = "module."
"""Before every name of a model that was trained on several devices."""
_PARTS = {
    "attention_norm": "dec_attn.layer_norm",
    "attention.position": "dec_attn.r_net",
    "attention.output": "dec_attn.o_net",
    "feed_forward_norm": "pos_ff.layer_norm",
    "inner": "pos_ff.CoreNet.0",
    "outer": "pos_ff.CoreNet.3",
}
_QUERY_KEY_VALUE = ("attention.query", "attention.key", "attention.value")
_STACKS = {"before": "layers.0", "groups.stack": "layers.1", "after": "layers.2"}
_OTHERS = {
    "embedding.weight": "word_emb.weight",
    "content_bias": "r_w_bias",
    "position_bias": "r_r_bias",
    "head.weight": "final_cast.weight",
    "head.bias": "final_cast.bias",
    "groups.null": "null_group",
    "groups.norm.weight": "down_ln.weight",
    "groups.norm.bias": "down_ln.bias",
    **{
        f"groups.boundary.{ours}.{kind}": f"boundary_predictor.boundary_predictor.{theirs}.{kind}"
        for ours, theirs in (("inner", 0), ("outer", 2))
        for kind in ("weight", "bias")
    },
}
_ACTIVATIONS: Mapping[str, Activation] = {"gelu": "gelu", "relu": "relu"}
_BOUNDARIES = ("none", "fixed", "whitespaces", "unigram", "entropy")
_SHOWN = 10


def read_training_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The hyperparameters, under the constructor's names and with what ``args`` and ``vocab`` alone say, and the state dict.

    Raises:
        ExportError: if the file is something else than the original's ``save_checkpoint`` wrote.
    """
    content = read_training_file(path, (_NAMESPACE, _VOCABULARY))
    arguments, weights, settings = (content.get(key) for key in ("args", "model_state", "model_config"))
    if not isinstance(arguments, Record) or not isinstance(weights, dict) or not isinstance(settings, dict):
        raise ExportError(
            str(path),
            ["holds no args, model_config and model_state, expected what save_checkpoint of dynamic-pooling writes"],
        )
    if odd := [name for name, value in weights.items() if not isinstance(name, str) or not isinstance(value, np.ndarray)]:
        raise ExportError(str(path), [f"model_state holds {odd[0]!r} beside tensors by name"])
    given = {key: arguments.attributes[key] for key in ("fixed_sf", "tgt_len") if key in arguments.attributes}
    vocabulary = content.get("vocab")
    symbols = vocabulary.attributes.get("idx2sym") if isinstance(vocabulary, Record) else None
    return {**given, **settings, **({"vocab": symbols} if symbols is not None else {})}, weights


def read_pytorch_config(given: Mapping[str, Any]) -> tuple[HourglassConfig, list[str]]:
    """The description of a model by the original's hyperparameters, and what keeps it from being reproduced."""
    settings = Settings(given)
    problems = settings.problems
    if given.get("pre_lnorm"):
        problems.append("pre_lnorm is on, expected off: the original refuses it, too, because its code for it is broken")
    size, width = settings.integer("n_token"), settings.integer("d_model")
    if width % 2:
        problems.append(f"d_model is {width}, expected an even number: half of a position's numbers are sines, half cosines")
    before, middle, after = _layers(given.get("model_config"), problems)
    vocabulary = settings.vocabulary("vocab", size)
    groups = _groups(settings, middle, vocabulary)
    if groups is None and (middle or after):
        problems.append(
            f"model_config is {given.get('model_config')!r} and boundaries_type none, expected layers before shortening alone, "
            "such as [12, (0,), 0]"
        )
    config = HourglassConfig(
        implementation="pytorch",
        vocabulary_size=size,
        width=width,
        heads=settings.integer("n_head"),
        head_width=settings.integer("d_head"),
        inner_width=settings.integer("d_inner"),
        activation=settings.choice("activation_function", _ACTIVATIONS, "gelu"),
        before=before,
        after=after,
        groups=groups,
        vocabulary=vocabulary,
        trained_length=settings.optional_integer("tgt_len"),
    )
    return config, problems


def _layers(value: object, problems: list[str]) -> tuple[int, int, int]:
    """Layers before, in and after the middle. The original evaluates the text as Python; here it is a literal or refused."""
    try:
        parsed = ast.literal_eval(value) if isinstance(value, str) else value
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        parsed = None
    match parsed:
        case [int(before), [int(middle)], int(after)] if min(before, middle, after) >= 0:
            return before, middle, after
    problems.append(f"model_config is {value!r}, expected layers before, in and after the middle, such as '[2, (8,), 2]'")
    return 1, 1, 1


def _groups(settings: Settings, layers: int, vocabulary: tuple[str, ...] | None) -> Groups | None:
    kind = settings.given.get("boundaries_type")
    match kind:
        case "none":
            return None
        case "fixed":
            return Groups("fixed", layers, every=settings.integer("fixed_sf", minimum=2))
        case "whitespaces":
            if vocabulary is None or " " not in vocabulary:
                settings.problems.append("vocab has no ' ', expected one: boundaries_type whitespaces ends groups there")
                return Groups("whitespaces", layers)
            return Groups("whitespaces", layers, symbol=vocabulary.index(" "))
        case "unigram" | "entropy":
            return Groups("predicted", layers)
    samples = ": the original draws them at random even when it evaluates" if kind == "gumbel" else ""
    settings.problems.append(f"boundaries_type is {kind!r}, expected one of {', '.join(_BOUNDARIES)}{samples}")
    return Groups("predicted", layers)


def named_weights(config: HourglassConfig, stored: Mapping[str, NDArray[Any]], path: Path) -> dict[str, Array]:
    """The state dict by our names.

    Raises:
        ExportError: naming weights that are missing, superfluous or of another shape than the hyperparameters ask for.
    """
    shapes = parameters(config)
    state = {name.removeprefix(_WRAPPER): array for name, array in stored.items()}
    expected = state_shapes(shapes)
    expected[FREQUENCIES] = (config.width // 2,)
    problems = [f"{name} is missing, expected shape {list(expected[name])}" for name in sorted(expected.keys() - state.keys())]
    problems += [f"{name} is superfluous: another fork of this model" for name in sorted(state.keys() - expected.keys())]
    problems += [
        f"{name} has shape {list(state[name].shape)}, expected {list(expected[name])}"
        for name in sorted(expected.keys() & state.keys())
        if state[name].shape != expected[name]
    ]
    if problems:
        more = [f"{len(problems) - _SHOWN} more of this kind"] if len(problems) > _SHOWN else []
        raise ExportError(str(path), problems[:_SHOWN] + more)
    return {name: _taken(name, shape, state) for name, shape in shapes.items()}


def state_shapes(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the state dict; query, key and value are one layer there."""
    expected: dict[str, tuple[int, ...]] = {}
    for name, shape in shapes.items():
        theirs, part = _place(name)
        expected[theirs] = shape if part is None else (3 * shape[0], *shape[1:])
        if name == "groups.null":
            expected[theirs] = (1, 1, *shape)
    return expected


def _taken(name: str, shape: tuple[int, ...], state: Mapping[str, NDArray[Any]]) -> Array:
    theirs, part = _place(name)
    array = state[theirs] if part is None else np.split(state[theirs], 3)[part]
    return array.astype(np.float32).reshape(shape)


def _place(name: str) -> tuple[str, int | None]:
    """The name in the state dict, and which third of that it is."""
    if name in _OTHERS:
        return _OTHERS[name], None
    stack, index, part, kind = _split(name)
    if part in _QUERY_KEY_VALUE:
        return f"{_STACKS[stack]}.{index}.dec_attn.qkv_net.{kind}", _QUERY_KEY_VALUE.index(part)
    return f"{_STACKS[stack]}.{index}.{_PARTS[part]}.{kind}", None


def _split(name: str) -> tuple[str, str, str, str]:
    """``groups.stack.1.attention.query.bias`` -> ``groups.stack``, ``1``, ``attention.query``, ``bias``."""
    stack = next(stack for stack in _STACKS if name.startswith(f"{stack}."))
    index, *part, kind = name.removeprefix(f"{stack}.").split(".")
    return stack, index, ".".join(part), kind


def frequencies(stored: Mapping[str, NDArray[Any]]) -> Array:
    """[d / 2]: of the sinusoids, as the checkpoint has them."""
    return next(array for name, array in stored.items() if name.removeprefix(_WRAPPER) == FREQUENCIES).astype(np.float32)
