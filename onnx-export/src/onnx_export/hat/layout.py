"""Which blocks the layers of a HAT have, and where its segments are shortened.

Two forms say the same: the notation of the paper with a step ``/k``, such as ``S|S|SD|/2|S|S|SD``, for people, options and the graph's
metadata, and ``encoder_layout`` of ``config.json``, in which the step is ``shorten_factor`` of the layer that it stands before. What a
step computes, ``onnx-export/README.md`` says under *Shortening*.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from onnx_export.checkpoints.hyperparameters import is_integer

_BLOCKS = {"S": (True, False), "D": (False, True), "SD": (True, True)}
_STEP = re.compile(r"/([0-9]+)")
_FACTOR = "shorten_factor"


@dataclass(frozen=True)
class Layer:
    """Which blocks a layer has: S inside each segment, then D over the heads of a document's segments."""

    segment: bool
    document: bool
    shorten_factor: int = 1
    """How many tokens of a segment, its head apart, become one before this layer."""


def shortened(length: int, factor: int) -> int:
    """Places of a segment of ``length`` places after a step; place p, 0 being the head's, goes to place ⌈p / factor⌉."""
    return 1 + -(-(length - 1) // factor)


def layout_of(layers: Sequence[Layer]) -> str:
    """The layers in the notation of the paper, such as ``S|S|SD|/2|S``."""
    return "|".join(_step(layer) + "S" * layer.segment + "D" * layer.document for layer in layers)


def _step(layer: Layer) -> str:
    return f"/{layer.shorten_factor}|" if layer.shorten_factor > 1 else ""


def parse_layout(layout: str) -> tuple[Layer, ...]:
    """Read what ``layout_of`` writes.

    Raises:
        ValueError: if it has an unknown layer, or a step where none may stand.
    """
    parts = layout.split("|")
    if unknown := [part for part in parts if part not in _BLOCKS and _factor(part) < 2]:
        raise ValueError(
            f"layout {layout!r} has the layers {unknown}; expected S, D or SD, and between them steps such as /2, separated by |"
        )
    wrong = [f"{after} follows {step}" for step, after in pairwise(parts) if step not in _BLOCKS and after not in _BLOCKS]
    if parts[-1] not in _BLOCKS:
        wrong.append(f"it ends with {parts[-1]}")
    if wrong:
        raise ValueError(f"layout {layout!r}: {', '.join(wrong)}; expected a layer after each step")
    factors = [1, *map(_factor, parts)]
    layers = tuple(Layer(*_BLOCKS[part], factors[index] or 1) for index, part in enumerate(parts) if part in _BLOCKS)
    for index, reason in misplaced_steps(layers):
        raise ValueError(f"layout {layout!r}: /{layers[index].shorten_factor} {reason}")
    return layers


def _factor(part: str) -> int:
    """Of a step; 0 if it is none."""
    step = _STEP.fullmatch(part)
    return int(step[1]) if step else 0


def misplaced_steps(layers: Sequence[Layer]) -> Iterator[tuple[int, str]]:
    """For every layer before which no step may stand but does, its index and the reason."""
    last = max((index for index, layer in enumerate(layers) if layer.segment), default=-1)
    for index, layer in enumerate(layers):
        if layer.shorten_factor > 1 and index == 0:
            yield index, "stands before the first layer, expected one before it"
        elif layer.shorten_factor > 1 and index > last:
            yield index, "changes nothing: no S block comes after it, expected one"


def too_large_steps(layers: Sequence[Layer], segment_length: int) -> Iterator[tuple[int, str]]:
    """As ``misplaced_steps``, for steps that put together more tokens than there are in segments of ``segment_length``."""
    length = segment_length
    for index, layer in enumerate(layers):
        if layer.shorten_factor > 1 and layer.shorten_factor >= length:
            yield index, f"puts together more than the {length - 1} tokens that a segment has there beside its head"
        length = shortened(length, layer.shorten_factor)


def encoder_layout(layers: Sequence[Layer]) -> dict[str, dict[str, Any]]:
    """As ``config.json`` has it: the blocks of each layer by its number; steps have no number."""
    return {
        str(index): {
            **({_FACTOR: layer.shorten_factor} if layer.shorten_factor > 1 else {}),
            "sentence_encoder": layer.segment,
            "document_encoder": layer.document,
        }
        for index, layer in enumerate(layers)
    }


def read_encoder_layout(config: Mapping[str, Any], problems: list[str]) -> tuple[Layer, ...]:
    """The layers of a checkpoint's configuration; what is wrong with them goes to ``problems``, each beginning with its key."""
    layout = config.get("encoder_layout")
    if not isinstance(layout, Mapping) or not layout:
        problems.append(f"encoder_layout is {layout!r}, expected the blocks of each layer by its number")
        return (Layer(True, True),)
    count = config.get("num_hidden_layers", len(layout))
    if count != len(layout):
        problems.append(f"num_hidden_layers is {count!r}, but encoder_layout has {len(layout)} layers")
    layers = []
    for index in range(len(layout)):
        blocks = layout.get(str(index))
        key = f"encoder_layout.{index}"
        if not isinstance(blocks, Mapping):
            problems.append(f"{key} is {blocks!r}, expected sentence_encoder and document_encoder")
            continue
        factor = _read_factor(f"{key}.{_FACTOR}", blocks.get(_FACTOR), problems)
        layer = Layer(bool(blocks.get("sentence_encoder")), bool(blocks.get("document_encoder")), factor)
        if not (layer.segment or layer.document):
            problems.append(f"{key} has neither sentence_encoder nor document_encoder, expected at least one")
        layers.append(layer)
    if len(layers) == len(layout):
        problems += [
            f"encoder_layout.{index}.{_FACTOR} is {layers[index].shorten_factor}: it {reason}"
            for index, reason in misplaced_steps(layers)
        ]
    return tuple(layers) or (Layer(True, True),)


def _read_factor(key: str, value: Any, problems: list[str]) -> int:
    if value is None:
        return 1
    if not is_integer(value) or value < 2:
        problems.append(f"{key} is {value!r}, expected a whole number of at least 2, or no such key")
        return 1
    return int(value)
