"""Both originals, and the encoder of trax's layers, in plain numpy and float64, one window at a time: what an exported graph must agree with.

Nothing is packed, padded to a batch, split by phase or fused: distances between queries and keys are written out as a table, so that
this shares no idea and no mistake with the graph. Slow on purpose. Sources: see ``config.py``.

Shapes: n elements, d width, H heads of e numbers, V symbols.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from onnx_export.hourglass.checkpoint import FREQUENCIES, HourglassCheckpoint
from onnx_export.hourglass.config import Groups, Level, Resampling

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]


def log_likelihood(checkpoint: HourglassCheckpoint, symbols: list[int], *, offset: int = 0) -> Array:
    """[n]: ln p of each symbol of a window given those before it; 0 for the first one where the original does not score it.

    Args:
        checkpoint: the model.
        symbols: ids.
        offset: place of the first symbol in its stream; where groups are fixed, it decides where they end.
    """
    rows = log_probabilities(checkpoint, symbols, offset=offset)
    ids = np.array(symbols)
    if checkpoint.config.shifted:
        return rows[np.arange(len(ids)), ids]
    return np.concatenate([[0.0], rows[np.arange(len(ids) - 1), ids[1:]]])


def log_probabilities(checkpoint: HourglassCheckpoint, symbols: list[int], *, offset: int = 0) -> Array:
    """[n, V]: what the original's row t gives, for symbol t (trax) or symbol t + 1 (PyTorch)."""
    logits = _Reference(checkpoint).logits(np.array(symbols, np.int64), offset)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def label_logits(checkpoint: HourglassCheckpoint, symbols: list[int]) -> Array:
    """[C]: what an encoder gives for a window."""
    return _Reference(checkpoint).logits_of_encoder(np.array(symbols, np.int64))


class _Reference:
    def __init__(self, checkpoint: HourglassCheckpoint) -> None:
        self.config = checkpoint.config
        self.weights = {name: weight.astype(np.float64) for name, weight in checkpoint.weights.items()}
        self.frequencies = checkpoint.weights[FREQUENCIES]

    def logits(self, ids: Integers, offset: int) -> Array:
        """[n] -> [n, V]"""
        return self.logits_of_trax(ids) if self.config.implementation == "trax" else self.logits_of_pytorch(ids, offset)

    def logits_of_encoder(self, ids: Integers) -> Array:
        """[n] -> [C]"""
        padding = -len(ids) % self.config.factor
        real = np.arange(len(ids) + padding) < len(ids)
        x = self.elements_of_trax(np.pad(ids, (0, padding)), real)
        return self.linear("head", x[real].mean(axis=0, keepdims=True))[0]

    def logits_of_trax(self, ids: Integers) -> Array:
        padding = -len(ids) % self.config.factor
        shifted = np.concatenate([[0], ids[:-1], np.zeros(padding, np.int64)])
        return self.linear("head", self.elements_of_trax(shifted))[: len(ids)]

    def elements_of_trax(self, ids: Integers, real: Mask | None = None) -> Array:
        """[n] -> [n, d]"""
        x = self.stack("before", self.weights["embedding.weight"][ids], self.config.before, 1, real)
        if not self.config.levels:
            return x
        return self.stack("after", self.valley(0, x, 1, real), self.config.after, 1, real)

    def logits_of_pytorch(self, ids: Integers, offset: int) -> Array:
        x = self.stack("before", self.weights["embedding.weight"][ids], self.config.before, unit=1)
        if self.config.groups is not None:
            x = self.grouped(self.config.groups, x, ids, offset)
            x = self.stack("after", x, self.config.after, unit=1)
        return self.linear("head", x)

    # trax

    def valley(self, index: int, x: Array, unit: int, real: Mask | None = None) -> Array:
        """``unit``: symbols that an element of x stands for; ``real``: of an encoder alone, which elements are no padding."""
        level, name = self.config.levels[index], f"levels.{index}"
        k, below = level.factor, unit * level.factor
        real_below = None if real is None else real.reshape(-1, k).max(axis=1)
        read = x if real is not None else np.concatenate([np.zeros((k - 1, x.shape[1])), x])[: len(x)]
        s = self.down(f"{name}.down", level, read, unit, real)
        s = self.stack(f"{name}.stack", s, level.layers, below, real_below)
        if index + 1 < len(self.config.levels):
            s = self.valley(index + 1, s, below, real_below)
            s = self.stack(f"{name}.stack_after", s, level.layers, below, real_below)
        return self.norm(f"{name}.norm", self.up(f"{name}.up", level, s, x, real_below)) + x

    def down(self, name: str, level: Level, x: Array, unit: int, real: Mask | None) -> Array:
        """[n, d] -> [n / k, d]"""
        k, kind = level.factor, level.down
        if not kind.attention:
            return self.pool(name, kind, k, x, real)
        memory = self.norm(f"{name}.memory_norm", x)
        s = self.norm(f"{name}.query_norm", self.pool(name, kind, k, memory, real))
        i, j = np.arange(len(s))[:, None], np.arange(len(x))[None]
        seen = j // k <= i if real is None else np.broadcast_to(real, (len(s), len(x)))
        s = s + self.attend(f"{name}.attention", s, memory, (j - k * i) * unit, seen)
        return s + self.feed_forward(name, self.norm(f"{name}.feed_forward_norm", s))

    def up(self, name: str, level: Level, s: Array, residual: Array, real: Mask | None) -> Array:
        """[n / k, d], [n, d] -> [n, d]"""
        k, kind = level.factor, level.up
        if not kind.attention:
            return self.expand(name, kind, k, s)
        memory = self.norm(f"{name}.memory_norm", s)
        y = self.norm(f"{name}.query_norm", self.expand(name, kind, k, memory)) + residual
        i, j = np.arange(len(residual))[:, None], np.arange(len(s))[None]
        seen = j <= i // k if real is None else np.broadcast_to(real, (len(residual), len(s)))
        y = y + self.attend(f"{name}.attention", y, memory, k * j - i, seen)
        return y + self.feed_forward(name, self.norm(f"{name}.feed_forward_norm", y))

    def pool(self, name: str, kind: Resampling, k: int, x: Array, real: Mask | None) -> Array:
        """Padding of an encoder counts for nothing: zeros for a dense layer, and no part of a mean."""
        x = x if real is None else np.where(real[:, None], x, 0)
        if kind.linear:
            return self.linear(f"{name}.dense", x.reshape(len(x) // k, -1))
        counts = np.full(len(x) // k, k) if real is None else real.reshape(-1, k).sum(axis=1)
        return x.reshape(len(x) // k, k, -1).sum(axis=1) / np.maximum(counts, 1)[:, None]

    def expand(self, name: str, kind: Resampling, k: int, s: Array) -> Array:
        if kind.linear:
            return self.linear(f"{name}.dense", s).reshape(len(s) * k, -1)
        return np.repeat(s, k, axis=0)

    # PyTorch

    def grouped(self, groups: Groups, x: Array, ids: Integers, offset: int) -> Array:
        """[n, d] -> [n, d]: the middle of the model, between its first stack and its last."""
        ends = self.boundaries(groups, x, ids, offset)
        group = np.cumsum(ends) - ends  # of each symbol, the first group is 0; the last one is left open and not used
        means = [x[group == index].mean(axis=0) for index in range(int(ends.sum()))]
        s = self.norm("groups.norm", np.stack([self.weights["groups.null"], *means]))
        s = self.stack("groups.stack", s, groups.layers, unit=1)
        return s[np.cumsum(ends)] + x

    def boundaries(self, groups: Groups, x: Array, ids: Integers, offset: int) -> Integers:
        """[n]: 1 where a group ends."""
        match groups.boundaries:
            case "fixed":
                ends = (offset + np.arange(len(ids))) % groups.every == 0
            case "whitespaces":
                ends = ids == groups.symbol
            case "predicted":
                hidden = self.activate(self.linear("groups.boundary.inner", x))
                ends = self.linear("groups.boundary.outer", hidden)[:, 0] > 0
        return ends.astype(np.int64)

    # Both

    def stack(self, name: str, x: Array, layers: int, unit: int, real: Mask | None = None) -> Array:
        places = np.arange(len(x))
        distances = (places[None] - places[:, None]) * unit  # key minus query
        if not self.config.pre_norm:
            distances = -distances
        seen = places[None] <= places[:, None] if real is None else np.broadcast_to(real, distances.shape)
        for index in range(layers):
            block = f"{name}.{index}"
            if self.config.pre_norm:
                h = self.norm(f"{block}.attention_norm", x)
                x = x + self.attend(f"{block}.attention", h, h, distances, seen)
                x = x + self.feed_forward(block, self.norm(f"{block}.feed_forward_norm", x))
            else:
                attended = self.attend(f"{block}.attention", x, x, distances, seen)
                x = self.norm(f"{block}.attention_norm", x + attended)
                x = self.norm(f"{block}.feed_forward_norm", x + self.feed_forward(block, x))
        return self.norm(f"{name}.norm", x) if self.config.pre_norm else x

    def attend(self, name: str, queries: Array, memory: Array, distances: Integers, seen: Mask) -> Array:
        """[n, d], [m, d] -> [n, d] with distances [n, m]; ``seen`` says which of them a query may look at."""
        query, key, value = (
            self.split(self.linear(f"{name}.{part}", x)) for part, x in (("query", queries), ("key", memory), ("value", memory))
        )  # [n or m, H, e]
        different, where = np.unique(distances, return_inverse=True)
        position = self.split(self.linear(f"{name}.position", self.sinusoids(different)))  # [distances, H, e]
        content_scores = np.einsum("nhe,mhe->hnm", query + self.weights["content_bias"], key)
        by_distance = np.einsum("nhe,rhe->hnr", query + self.weights["position_bias"], position)
        rows = np.arange(len(queries))[:, None]
        scores = (content_scores + by_distance[:, rows, where.reshape(distances.shape)]) / math.sqrt(self.config.head_width)
        scores = np.where(seen, scores, -np.inf)
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        context = np.einsum("hnm,mhe->nhe", shares, value)
        return self.linear(f"{name}.output", context.reshape(len(queries), -1))

    def sinusoids(self, distances: Integers) -> Array:
        """[n] -> [n, d]. The originals round the phase to float32, which shows at distances of thousands."""
        phase = (distances.astype(np.float32)[:, None] * self.frequencies).astype(np.float64)
        return np.concatenate([np.sin(phase), np.cos(phase)], axis=1)

    def split(self, x: Array) -> Array:
        return x.reshape(len(x), self.config.heads, self.config.head_width)

    def feed_forward(self, name: str, x: Array) -> Array:
        return self.linear(f"{name}.outer", self.activate(self.linear(f"{name}.inner", x)))

    def activate(self, x: Array) -> Array:
        match self.config.activation:
            case "gelu":
                return x * 0.5 * (1 + _erf(x / math.sqrt(2)))
            case "gelu_tanh":
                return x * 0.5 * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x**3)))
            case "relu":
                return np.maximum(x, 0)

    def norm(self, name: str, x: Array) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + self.config.epsilon)
        return centred / deviation * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def linear(self, name: str, x: Array) -> Array:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]


_erf = np.vectorize(math.erf, otypes=[np.float64])
