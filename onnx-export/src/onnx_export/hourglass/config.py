"""What an Hourglass model computes: one description for both originals, which differ in more than their weights' names.

Sources: google/trax, ``models/research/hourglass.py`` (Nawrot et al. 2021, arXiv:2110.13711), and PiotrNawrot/dynamic-pooling,
``hourglass.py`` (Nawrot et al. 2023, arXiv:2211.09761), whose boundaries of type ``fixed`` are Hourglass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Literal

from onnx_export.contract import ProblemType

Implementation = Literal["trax", "pytorch"]
Activation = Literal["gelu", "gelu_tanh", "relu"]
Boundaries = Literal["fixed", "whitespaces", "predicted"]
Shapes = dict[str, tuple[int, ...]]

BYTES = 256
"""Entries of a vocabulary whose ids are bytes."""

STACKS = ("before.", "levels.", "groups.stack.", "after.")
"""With which the names of weights begin that run on every element of a stack; nearly all of the time goes there."""


@dataclass(frozen=True)
class Resampling:
    """How elements become fewer or more again: by a dense layer, else by mean and repetition; and perhaps attention upon that."""

    linear: bool
    attention: bool


@dataclass(frozen=True)
class Level:
    """Every ``factor`` elements become one; ``layers`` run on these, and as many again after an inner level."""

    factor: int
    layers: int
    down: Resampling
    up: Resampling


@dataclass(frozen=True)
class Groups:
    """Elements up to each boundary become one, their mean; ``layers`` run on these."""

    boundaries: Boundaries
    layers: int
    every: int = 0
    """Of ``fixed``: how far boundaries are apart, counted from the beginning of the stream."""
    symbol: int = 0
    """Of ``whitespaces``: the id that is a boundary."""


@dataclass(frozen=True)
class HourglassConfig:
    """Sizes and structure. V entries of the vocabulary, d width, H heads of e numbers, F width inside feed-forward blocks."""

    implementation: Implementation
    vocabulary_size: int
    width: int
    heads: int
    head_width: int
    inner_width: int
    activation: Activation
    before: int
    """Layers on every symbol, before it is shortened."""
    after: int
    levels: tuple[Level, ...] = ()
    """Outermost first; of ``trax`` alone, none of a plain Transformer."""
    groups: Groups | None = None
    """Of ``pytorch`` alone."""
    vocabulary: tuple[str, ...] | None = None
    """The character of each id; None if the checkpoint does not say."""
    trained_length: int | None = None
    """Symbols of the windows it was trained on, if the checkpoint says so."""
    causal: bool = True
    """Whether it is a language model; else an encoder of trax's structure, in which symbols see those after them, too."""
    labels: tuple[str, ...] = ()
    """Of an encoder."""
    problem_type: ProblemType | None = None
    """Of an encoder."""

    @property
    def pre_norm(self) -> bool:
        """Whether layers normalise what they read and stacks what they give, or layers what they give."""
        return self.implementation == "trax"

    @property
    def shifted(self) -> bool:
        """Whether a language model's row t scores symbol t, the first one too, or symbol t + 1."""
        return self.implementation == "trax" and self.causal

    @property
    def outputs(self) -> int:
        """Numbers that the head gives: of every symbol, or of a window."""
        return self.vocabulary_size if self.causal else len(self.labels)

    @property
    def epsilon(self) -> float:
        """Of layer norms."""
        return 1e-6 if self.implementation == "trax" else 1e-5

    @property
    def factor(self) -> int:
        """What the length must be a multiple of."""
        return prod(level.factor for level in self.levels)

    @property
    def has_offset(self) -> bool:
        """Whether what is computed depends on the place of a window in its stream."""
        return self.groups is not None and self.groups.boundaries == "fixed"

    @property
    def decides(self) -> bool:
        """Whether a threshold decides where groups end, so that a last bit can move all that follows."""
        return self.groups is not None and self.groups.boundaries == "predicted"

    @property
    def layout(self) -> str:
        """The layers as the paper writes them, such as ``5@1 24@3 5@1``; groups have no one factor."""
        if self.groups is not None:
            factor = self.groups.every if self.groups.boundaries == "fixed" else self.groups.boundaries
            return f"{self.before}@1 {self.groups.layers}@{factor} {self.after}@1"
        factors = [prod(level.factor for level in self.levels[: index + 1]) for index in range(len(self.levels))]
        inner = [f"{level.layers}@{factor}" for level, factor in zip(self.levels, factors, strict=True)]
        return " ".join([f"{self.before}@1", *inner, *inner[-2::-1], *([f"{self.after}@1"] if inner else [])])


def parameters(config: HourglassConfig) -> Shapes:
    """Name and shape of every weight, linear layers [out, in] as in torch, in the order in which trax stores them."""
    return dict(_parameters(config))  # a name that comes again keeps its first place


Parameter = tuple[str, tuple[int, ...]]


def _parameters(config: HourglassConfig) -> Iterator[Parameter]:
    yield "embedding.weight", (config.vocabulary_size, config.width)
    yield from _stack(config, "before", config.before)
    yield from _levels(config, 0)
    yield from _groups(config)
    if config.levels or config.groups:
        yield from _stack(config, "after", config.after)
    yield from _linear("head", config.width, config.outputs)


def _levels(config: HourglassConfig, index: int) -> Iterator[Parameter]:
    if index == len(config.levels):
        return
    level, name = config.levels[index], f"levels.{index}"
    yield from _resampling(config, f"{name}.down", level.down, level.factor * config.width, config.width)
    yield from _stack(config, f"{name}.stack", level.layers)
    if index + 1 < len(config.levels):
        yield from _levels(config, index + 1)
        yield from _stack(config, f"{name}.stack_after", level.layers)
    yield from _resampling(config, f"{name}.up", level.up, config.width, level.factor * config.width)
    yield from _norm(f"{name}.norm", config.width)


def _groups(config: HourglassConfig) -> Iterator[Parameter]:
    if config.groups is None:
        return
    yield "groups.null", (config.width,)
    yield from _norm("groups.norm", config.width)
    if config.groups.boundaries == "predicted":
        yield from _linear("groups.boundary.inner", config.width, config.inner_width)
        yield from _linear("groups.boundary.outer", config.inner_width, 1)
    yield from _stack(config, "groups.stack", config.groups.layers)


def _stack(config: HourglassConfig, name: str, layers: int) -> Iterator[Parameter]:
    for index in range(layers):
        block = f"{name}.{index}"
        yield from _norm(f"{block}.attention_norm", config.width)
        yield from _attention(config, f"{block}.attention")
        yield from _feed_forward(config, block)
    if config.pre_norm:
        yield from _norm(f"{name}.norm", config.width)


def _resampling(config: HourglassConfig, name: str, kind: Resampling, inputs: int, outputs: int) -> Iterator[Parameter]:
    if kind.attention:
        yield from _norm(f"{name}.memory_norm", config.width)
    if kind.linear:
        yield from _linear(f"{name}.dense", inputs, outputs)
    if kind.attention:
        yield from _norm(f"{name}.query_norm", config.width)
        yield from _attention(config, f"{name}.attention")
        yield from _feed_forward(config, name)


def _attention(config: HourglassConfig, name: str) -> Iterator[Parameter]:
    width = config.heads * config.head_width
    for part in ("position", "query", "key", "value"):
        yield from _linear(f"{name}.{part}", config.width, width)
    # One pair for the whole model, stored with the first attention.
    yield "content_bias", (config.heads, config.head_width)
    yield "position_bias", (config.heads, config.head_width)
    yield from _linear(f"{name}.output", width, config.width)


def _feed_forward(config: HourglassConfig, name: str) -> Iterator[Parameter]:
    yield from _norm(f"{name}.feed_forward_norm", config.width)
    yield from _linear(f"{name}.inner", config.width, config.inner_width)
    yield from _linear(f"{name}.outer", config.inner_width, config.width)


def _linear(name: str, inputs: int, outputs: int) -> Iterator[Parameter]:
    yield f"{name}.weight", (outputs, inputs)
    yield f"{name}.bias", (outputs,)


def _norm(name: str, width: int) -> Iterator[Parameter]:
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)
