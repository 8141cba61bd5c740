"""An encoder in plain numpy, one text at a time, as transformers computes it: what an exported graph must agree with.

Nothing is packed, fused or skipped, so that it shares no idea and no mistake with the graph. Slow on purpose.

Shapes: K tokens of the text, H width, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from onnx_export.encoder.checkpoint import CLASSIFIER, DENSE, DISTANCES, POSITIONS, PROJECTION, TYPES, EncoderCheckpoint
from onnx_export.encoder.mpnet import buckets
from onnx_export.onnx.storage import WORD_EMBEDDINGS

Array = NDArray[np.float32]


def logits_of(checkpoint: EncoderCheckpoint, ids: Sequence[int]) -> Array:
    """What the head makes of one text: [C], or [K, C] of a head for tokens."""
    return _Reference(checkpoint).logits(np.asarray(ids))


class _Reference:
    def __init__(self, checkpoint: EncoderCheckpoint) -> None:
        self.config, self.weights = checkpoint.config, checkpoint.weights

    def logits(self, ids: NDArray[np.int64]) -> Array:
        x = self._embeddings(ids)
        bias = self._bias(len(ids))
        for index in range(self.config.layers):
            x = self._layer(f"encoder.layer.{index}", x, bias)
        if self.config.answers_for_tokens:
            return self._linear(CLASSIFIER, x)
        return self._linear(CLASSIFIER, _activate(self.config.family.head_activation, self._linear(DENSE, x[0])))

    def _embeddings(self, ids: NDArray[np.int64]) -> Array:
        x = self.weights[WORD_EMBEDDINGS][ids] + self.weights[POSITIONS][self._positions(ids)]
        if self.config.token_types:
            x = x + self.weights[TYPES][0]
        x = self._layer_norm("embeddings.LayerNorm", x)
        return self._linear(PROJECTION, x) if f"{PROJECTION}.weight" in self.weights else x

    def _positions(self, ids: NDArray[np.int64]) -> list[int]:
        if not self.config.family.counts_positions:
            return list(range(len(ids)))
        positions, count = [], 0
        for id in ids:
            count += id != self.config.pad_id
            positions.append(self.config.pad_id + (count if id != self.config.pad_id else 0))
        return positions

    def _bias(self, length: int) -> Array | float:
        """[heads, K, K]: from a token of the second axis to one of the third."""
        if not self.config.family.relative_positions:
            return 0.0
        places = np.arange(length)
        bucket = buckets(length)[places[None, :] - places[:, None] + length - 1]
        return self.weights[DISTANCES][bucket].transpose(2, 0, 1)

    def _layer(self, name: str, x: Array, bias: Array | float) -> Array:
        heads = self.config.attention_heads
        length, width = x.shape
        query, key, value = (
            self._linear(f"{name}.attention.self.{part}", x).reshape(length, heads, -1).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = query @ key.swapaxes(1, 2) / np.float32(math.sqrt(width // heads)) + bias  # [heads, K, K]
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares = shares / shares.sum(axis=-1, keepdims=True)
        context = (shares @ value).transpose(1, 0, 2).reshape(length, width)
        attended = self._linear(f"{name}.attention.output.dense", context)
        x = self._layer_norm(f"{name}.attention.output.LayerNorm", attended + x)
        inner = _activate(self.config.activation, self._linear(f"{name}.intermediate.dense", x))
        return self._layer_norm(f"{name}.output.LayerNorm", self._linear(f"{name}.output.dense", inner) + x)

    def _linear(self, name: str, x: Array) -> Array:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def _layer_norm(self, name: str, x: Array) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(self.config.layer_norm_epsilon))
        return centred / deviation * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]


def _activate(activation: str, x: Array) -> Array:
    match activation:
        case "gelu":
            return x * np.float32(0.5) * (1 + _erf(x / np.float32(math.sqrt(2))))
        case "gelu_tanh":
            return x * np.float32(0.5) * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
        case "relu":
            return np.maximum(x, 0)
        case "tanh":
            return np.tanh(x)
        case "silu":
            return x / (1 + np.exp(-x))
    raise ValueError(activation)


def _erf(x: Array) -> Array:
    """The error function; numpy has none."""
    return np.vectorize(math.erf, otypes=[np.float32])(x)
