"""Which shapes weights must have, by the keys of ``config.json`` that decide them. H is the width, F that inside feed-forward parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Size(int):
    """The length of an axis that a key of ``config.json`` decides, so that a contradiction can name the key."""

    key: str

    def __new__(cls, value: int, key: str) -> Size:
        size = super().__new__(cls, value)
        size.key = key
        return size


Shapes = dict[str, tuple[int, ...]]


def linear(name: str, outputs: int, inputs: int) -> Shapes:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def norm(name: str, width: int) -> Shapes:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def block(name: str, H: int, F: int) -> Shapes:
    shapes: Shapes = {}
    for part in ("query", "key", "value"):
        shapes |= linear(f"{name}.attention.self.{part}", H, H)
    return {
        **shapes,
        **linear(f"{name}.attention.output.dense", H, H),
        **norm(f"{name}.attention.output.LayerNorm", H),
        **linear(f"{name}.intermediate.dense", F, H),
        **linear(f"{name}.output.dense", H, F),
        **norm(f"{name}.output.LayerNorm", H),
    }


def contradicted_sizes(weights: Mapping[str, NDArray[Any]], shapes: Shapes) -> dict[str, str]:
    """For each key of ``config.json`` whose size is not that of the weights, what is wrong with it."""
    contradictions: dict[str, str] = {}
    for name, shape in shapes.items():
        found = weights[name].shape if name in weights else shape
        if len(found) != len(shape):
            continue
        for length, expected in zip(found, shape, strict=True):
            if isinstance(expected, Size) and length != expected:
                problem = f"{expected.key} asks for {expected} where {name} has {length}: its shape is {list(found)}"
                contradictions.setdefault(expected.key, problem)
    return contradictions


def value_problems(weights: Mapping[str, NDArray[Any]], shapes: Shapes, sizes: Mapping[str, str]) -> list[str]:
    """Which weights have another shape, or values that are no numbers. ``sizes``: see ``contradicted_sizes``."""
    problems = [*sizes.values()]
    for name in sorted(weights.keys() & shapes.keys()):
        # One key that is wrong changes the shape of nearly every weight; then the keys say enough.
        if weights[name].shape != shapes[name] and not sizes:
            problems.append(f"{name} has shape {list(weights[name].shape)}, but config.json asks for {list(shapes[name])}")
        if not np.isfinite(weights[name]).all():
            problems.append(f"{name} holds values that are not finite")
    return problems
