"""The HAT model in plain numpy, one document at a time, fully padded: what an exported graph must agree with.

It computes what the original code does (coastalcph/hierarchical-transformers; Chalkidis et al. 2022, arXiv:2210.05529): N
segments of K tokens, padding included, and nothing packed, fused or skipped, so that it shares no idea and no mistake with
the graph. Slow on purpose.

Shapes: N segments, K tokens, H width, C labels, V tokens of the vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from onnx_export.contract import Logits, PadSegment
from onnx_export.hat.checkpoint import SEGMENT_POSITIONS, Checkpoint
from onnx_export.hat.config import Head
from onnx_export.onnx.layers import Activation
from onnx_export.onnx.storage import Weights

Array = NDArray[np.float32]
Ids = NDArray[np.int64]

_MASKED = np.finfo(np.float32).min
"""Added to masked scores. It swallows any score, so a row that is masked everywhere attends uniformly."""


def score_document(
    checkpoint: Checkpoint,
    segments: Sequence[Sequence[int]],
    *,
    pad_segment: PadSegment,
    segment_positions: bool,
) -> Logits:
    """What the head makes of one document of n ≤ N segments, each a list of at most K token ids that begins with the CLS id.

    With ``pad_segment`` ``none`` the document is padded all the same, but no head looks at its pad segments.
    """
    config, weights = checkpoint.config, checkpoint.weights
    input_ids, attention_mask = _pad(checkpoint, segments, pad_segment)  # [N, K] each
    x = _encode(checkpoint, input_ids, attention_mask, len(segments), segment_positions)  # [N, K, H]
    heads, real = x[:, 0], x[: len(segments), 0]
    if config.head is Head.TOKEN:
        return Logits(None, _predict_tokens(checkpoint, x[: len(segments)]))
    if config.head is Head.SEGMENT:
        return Logits(None, _classify(checkpoint, real))
    pooled = _pool(weights, config.pooling, real if pad_segment == "none" else heads)  # [1, H]
    if config.head is Head.NONE:
        return Logits(pooled[0], real)
    return Logits(_classify(checkpoint, pooled)[0], _classify(checkpoint, real))


def _pad(checkpoint: Checkpoint, segments: Sequence[Sequence[int]], pad_segment: PadSegment) -> tuple[Ids, Ids]:
    config = checkpoint.config
    shape = (config.max_segments, config.segment_length)
    input_ids = np.full(shape, config.pad_id, dtype=np.int64)
    attention_mask = np.zeros(shape, dtype=np.int64)
    for row, tokens in enumerate(segments):
        input_ids[row, : len(tokens)] = tokens
        attention_mask[row, : len(tokens)] = 1
    if pad_segment == "cls":
        assert config.cls_id is not None, "without it the settings are refused"
        input_ids[len(segments) :, 0] = config.cls_id
    return input_ids, attention_mask


def _encode(checkpoint: Checkpoint, input_ids: Ids, attention_mask: Ids, count: int, segment_positions: bool) -> Array:
    """Hidden states [N, K, H] of a document whose first ``count`` segments are real."""
    config, weights = checkpoint.config, checkpoint.weights
    # Token positions restart in every segment and begin after the pad id; the pad id itself has position 0.
    position_ids = np.where(input_ids == config.pad_id, 0, np.arange(config.segment_length) + config.pad_id + 1)
    x = weights["embeddings.word_embeddings.weight"][input_ids]  # [N, K, H]
    x = x + weights["embeddings.token_type_embeddings.weight"][0]
    x = x + weights["embeddings.position_embeddings.weight"][position_ids]
    x = _layer_norm(checkpoint, "embeddings.LayerNorm", x)

    token_mask = np.where(attention_mask == 0, _MASKED, np.float32(0))  # [N, K]
    segment_ids = np.where(np.arange(config.max_segments) < count, np.arange(config.max_segments) + 1, 0)
    segment_mask = np.where(segment_ids == 0, _MASKED, np.float32(0))[None]  # [1, N]
    for index, layer in enumerate(config.layers):
        name = f"encoder.layer.{index}"
        if layer.shorten_factor > 1:
            x, attention_mask = _shorten(x, attention_mask, layer.shorten_factor)
            token_mask = np.where(attention_mask == 0, _MASKED, np.float32(0))
        if layer.segment:
            x = _segment_by_segment(checkpoint, f"{name}.sentence_encoder", x, token_mask)
        if layer.document:
            heads = x[:, 0]
            if segment_positions:
                heads = heads + weights[SEGMENT_POSITIONS][segment_ids]
            heads = _block(checkpoint, f"{name}.document_encoder", heads[None], segment_mask)[0]
            x = np.concatenate([heads[:, None], x[:, 1:]], axis=1)
    return x


def _shorten(x: Array, attention_mask: Ids, factor: int) -> tuple[Array, Ids]:
    """Tokens [N, K, H] and their mask [N, K] after a step: heads stay, each ``factor`` places after them become one.

    It is the mean of its real tokens. One of padding alone is padding, too, and shows only where all of a segment is padding and attends
    to all of it: there it is the mean of its places, which are alike.
    """
    places, real = [x[:, :1]], [attention_mask[:, :1]]
    for first in range(1, x.shape[1], factor):
        group, present = x[:, first : first + factor], attention_mask[:, first : first + factor]
        is_real = present.max(axis=1, keepdims=True)  # [N, 1]
        share = np.where(is_real == 1, present, 1)[:, :, None].astype(np.float32)
        places.append((group * share).sum(axis=1, keepdims=True) / share.sum(axis=1, keepdims=True))
        real.append(is_real)
    return np.concatenate(places, axis=1), np.concatenate(real, axis=1)


def _segment_by_segment(checkpoint: Checkpoint, name: str, x: Array, token_mask: Array) -> Array:
    """A block over each segment, which looks at nothing else. Of segments that are the same bit for bit it is computed once."""
    known: dict[bytes, Array] = {}
    for segment, mask in zip(x, token_mask, strict=True):
        key = segment.tobytes() + mask.tobytes()
        if key not in known:
            known[key] = _block(checkpoint, name, segment[None], mask[None])
    return np.concatenate([known[segment.tobytes() + mask.tobytes()] for segment, mask in zip(x, token_mask, strict=True)])


def _block(checkpoint: Checkpoint, name: str, x: Array, key_mask: Array) -> Array:
    """A post-norm transformer block over x [batch, length, H]; ``key_mask`` [batch, length] is added to each key's scores."""
    batch, length, width = x.shape
    heads = checkpoint.config.attention_heads

    def split(projection: Array) -> Array:  # [batch, length, H] -> [batch, heads, length, H / heads]
        return projection.reshape(batch, length, heads, width // heads).transpose(0, 2, 1, 3)

    weights = checkpoint.weights
    query, key, value = (split(_linear(weights, f"{name}.attention.self.{part}", x)) for part in ("query", "key", "value"))
    scores = query @ key.swapaxes(-1, -2) / np.float32(math.sqrt(width // heads))  # [batch, heads, length, length]
    context = _softmax(scores + key_mask[:, None, None, :]) @ value
    context = context.transpose(0, 2, 1, 3).reshape(batch, length, width)
    attended = _linear(weights, f"{name}.attention.output.dense", context)
    x = _layer_norm(checkpoint, f"{name}.attention.output.LayerNorm", attended + x)
    inner = _activate(checkpoint.config.activation, _linear(weights, f"{name}.intermediate.dense", x))
    return _layer_norm(checkpoint, f"{name}.output.LayerNorm", _linear(weights, f"{name}.output.dense", inner) + x)


def _pool(weights: Weights, pooling: str | None, heads: Array) -> Array:
    """[segments, H] -> [1, H]"""
    if pooling == "first":
        return heads[:1]
    if pooling == "last":
        return heads[-1:]
    if pooling == "max":
        return heads.max(axis=0, keepdims=True)
    energy = np.tanh(
        _linear(weights, "pooler.attentive_pooling.lin_proj", heads) @ weights["pooler.attentive_pooling.v.weight"][0]
    )  # [segments]
    return _softmax(energy[None]) @ heads


def _classify(checkpoint: Checkpoint, x: Array) -> Array:
    """[rows, H] -> [rows, C]"""
    hidden = np.tanh(_linear(checkpoint.weights, checkpoint.config.head.dense, x))
    return _linear(checkpoint.weights, "classifier", hidden)


def _predict_tokens(checkpoint: Checkpoint, x: Array) -> Array:
    """[n, K, H] -> [n, K, V]; this head's activation is always the exact GELU."""
    x = _activate("gelu", _linear(checkpoint.weights, "lm_head.dense", x))
    return _linear(checkpoint.weights, "lm_head.decoder", _layer_norm(checkpoint, "lm_head.layer_norm", x))


def _linear(weights: Weights, name: str, x: Array) -> Array:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def _layer_norm(checkpoint: Checkpoint, name: str, x: Array) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(checkpoint.config.layer_norm_epsilon))
    return centred / deviation * checkpoint.weights[f"{name}.weight"] + checkpoint.weights[f"{name}.bias"]


def _softmax(x: Array) -> Array:
    exponential = np.exp(x - x.max(axis=-1, keepdims=True))
    return exponential / exponential.sum(axis=-1, keepdims=True)


def _activate(activation: Activation, x: Array) -> Array:
    match activation:
        case "gelu":
            return x * np.float32(0.5) * (1 + _erf(x / np.float32(math.sqrt(2))))
        case "gelu_tanh":
            return x * np.float32(0.5) * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
        case "relu":
            return np.maximum(x, 0)
        case "silu":
            return x / (1 + np.exp(-x))


def _erf(x: Array) -> Array:
    """The error function to 5e-7 (Abramowitz and Stegun, 7.1.26); numpy has none."""
    a = np.abs(x)
    t = 1 / (1 + np.float32(0.3275911) * a)
    series = np.zeros_like(t)
    for coefficient in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series = (series + np.float32(coefficient)) * t
    return np.copysign(1 - series * np.exp(-a * a), x)
