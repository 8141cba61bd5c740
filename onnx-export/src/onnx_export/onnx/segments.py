"""What the graphs over stacked segments of tokens have in common: places of tokens, and transformer blocks within each segment.

S segments, K tokens each of which T in all are real, H width. Padding inside segments is *squeezed out*: all that is computed row by row
runs on the T real tokens [T, H], and they are spread to [S, L, H] for attention alone, where padding is masked; L is the length of the
longest segment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx

from onnx_export.onnx.graph_builder import MICROSOFT, GraphBuilder
from onnx_export.onnx.layers import Activation, Layers
from onnx_export.onnx.storage import WORD_EMBEDDINGS, quantise_rows
from onnx_export.problems import ExportError

MASKED = float(np.finfo(np.float32).min)
"""Added to masked scores, as the originals do. With ONNX Runtime's default of -10000 a row that is masked everywhere, as in a
pad segment, would attend by its scores instead of uniformly."""

_LARGEST_FILE = 2**31 - 2**20
"""Bytes of weights; protobuf's limit less a little for the operators."""

_LANES = 64
"""Keys that the widest loop of a CPU kernel takes at once: four AVX-512 registers of float32. Kernels sum over keys in lanes. Where there
is a multiple of these, a key's lane does not depend on the longest of the batch, nor does the last bit of the sum."""


@dataclass(frozen=True)
class Tokens:
    """The T tokens that are computed, and where they lie in the padded form [S, L], L ≤ K being as much as the longest segment needs."""

    length: int
    """K, or what is left of it."""
    computed: str
    """bool [S, K]: the places that are computed."""
    slots: str
    """int64 [T]: index into the flattened padded form, ascending."""
    rows: str
    """int64 [S, L]: which of the T stands at each place; in padding, the last one before it."""
    heads: str
    """int64 [S]: which of the T begin a segment."""
    key_padding: str
    """int32 [S, L]: 0 masks the key for all queries."""


def check_size(name: str, parameters: int, storage: str) -> None:
    """Refuse a model that one file cannot hold.

    Raises:
        ExportError: if it has so many parameters.
    """
    if parameters * (4 if storage == "fp32" else 1) > _LARGEST_FILE:
        advice = "; use --weights int8" if storage == "fp32" else ""
        raise ExportError(name, [f"{parameters:,} parameters as {storage} exceed the 2 GiB that one ONNX file can hold{advice}"])


class SegmentBlocks:
    """Adds blocks to a graph, which are known by what the names of their weights begin with, as BERT has them."""

    def __init__(self, layers: Layers, *, heads: int, activation: Activation, epsilon: float, half: bool) -> None:
        """
        Args:
            layers: of the graph.
            heads: of attention.
            activation: of the feed-forward part.
            epsilon: of layer norms.
            half: whether the graph is for ``to_fp16``, and so for a GPU: bias, residual and layer norm are one operator, which saves
                memory traffic there; ONNX Runtime's kernel for CPUs takes three times as long as the three operators apart.
        """
        self.layers, self.heads, self.activation, self.epsilon, self.half = layers, heads, activation, epsilon, half

    @property
    def g(self) -> GraphBuilder:
        return self.layers.g

    # Places

    def longest(self, lengths: str, K: int) -> str:
        """int64 [1]: L, for segments of ``lengths`` [S]. The columns in which no segment has a token are left out."""
        g = self.g
        longest = g.op("ReduceMax", lengths, g.integers(0), keepdims=1)
        return g.op("Min", self.whole_lanes(longest), g.integers(K))

    def whole_lanes(self, length: str) -> str:
        """int64: at least as long, and a multiple of the lanes."""
        g = self.g
        whole = g.op("Div", g.op("Add", length, g.integer(_LANES - 1)), g.integer(_LANES))
        return g.op("Mul", whole, g.integer(_LANES))

    def squeezed_out(self, computed: str) -> tuple[str, str, str]:
        """Of the bool [S, L] of computed places: its shape, and the slots and rows of the T tokens there."""
        g = self.g
        shape = g.op("Shape", computed)
        flat = g.op("Reshape", g.op("Cast", computed, to=onnx.TensorProto.INT64), g.integers(-1))
        slots = g.op("Squeeze", g.op("NonZero", flat), g.integers(0))
        rows = g.op("Reshape", g.op("Sub", g.op("CumSum", flat, g.integer(0)), g.integer(1)), shape)
        return shape, slots, rows

    # Layers

    def words(self, ids: str) -> str:
        """[T] -> [T, width of the table]: word embeddings."""
        g, table = self.g, self.layers.weights[WORD_EMBEDDINGS]
        if self.layers.storage != "int8":
            return g.op("Gather", g.constant(WORD_EMBEDDINGS, table), ids)
        # Widened after the look-up: the table is the largest weight and a batch needs few of its rows.
        values, scale = quantise_rows(table)
        rows = g.op("Gather", g.constant(f"{WORD_EMBEDDINGS}.int8", values), ids)
        row_scale = g.op("Gather", g.constant(f"{WORD_EMBEDDINGS}.scale", scale), ids)  # [T, 1]
        return g.op("Mul", g.op("Cast", rows, to=onnx.TensorProto.FLOAT), row_scale)

    def block(self, name: str, x: str, context: str) -> str:
        """A post-norm transformer block after its attention: rows ``x`` and what they attended to ``context``, [rows, H] each."""
        attended = self.layers.product(context, f"{name}.attention.output.dense")
        x = self.skip_layer_norm(
            f"{name}.attention.output.LayerNorm", attended, x, self.layers.bias(f"{name}.attention.output.dense")
        )
        inner = self.layers.product(x, f"{name}.intermediate.dense")
        inner = self.layers.activation(self.activation, inner, self.layers.bias(f"{name}.intermediate.dense"))
        output = self.layers.product(inner, f"{name}.output.dense")
        return self.skip_layer_norm(f"{name}.output.LayerNorm", output, x, self.layers.bias(f"{name}.output.dense"))

    def within_segments(self, name: str, tokens: str, at: Tokens, *, bias: str = "") -> str:
        """[T, H] -> [T, H]: every token looks at those of its segment. ``bias`` [1, heads, L, L] is added to scores."""
        g = self.g
        qkv = self.layers.product(tokens, *attention_parts(name))
        q, k, v = (g.op("Gather", x, at.rows) for x in g.split_op("Split", [qkv], outputs=3, axis=-1, num_outputs=3))
        context = self.attention(name, q, k, v, key_padding=at.key_padding, bias=bias)  # [S, L, H]
        return g.op("Gather", g.op("Reshape", context, g.integers(-1, self.width(name))), at.slots)

    def heads_within_segments(self, name: str, heads: str, tokens: str, at: Tokens, *, bias: str = "") -> str:
        """[S, H], [T, H] -> [S, H]: the first token alone of every segment looks at all of them. ``bias``: [1, heads, 1, L]."""
        g, parts = self.g, attention_parts(name)
        q = g.op("Unsqueeze", self.layers.product(heads, *parts[:1]), g.integers(1))
        kv = self.layers.product(tokens, *parts[1:])
        k, v = (g.op("Gather", x, at.rows) for x in g.split_op("Split", [kv], outputs=2, axis=-1, num_outputs=2))
        return g.op("Squeeze", self.attention(name, q, k, v, key_padding=at.key_padding, bias=bias), g.integers(1))

    def attention(self, name: str, q: str, k: str, v: str, *, key_padding: str = "", bias: str = "") -> str:
        """[batch, length, H] each, without their biases. ``key_padding`` int32 [batch, length]: 0 masks a key for all queries."""
        weights, parts = self.layers.weights, attention_parts(name)
        return self.g.op(
            "MultiHeadAttention",
            q,
            k,
            v,
            self.g.constant(f"{name}.attention.self.bias", np.concatenate([weights[f"{part}.bias"] for part in parts])),
            key_padding,
            bias,
            domain=MICROSOFT,
            num_heads=self.heads,
            mask_filter_value=MASKED,
        )

    def skip_layer_norm(self, name: str, x: str, skip: str, bias: str = "") -> str:
        """The layer norm of x + bias + skip."""
        g = self.g
        parameters = (g.constant(f"{name}.weight", self.layers.weights[f"{name}.weight"]), self.layers.bias(name))
        if self.half:
            more = [bias] if bias else []
            return g.op("SkipLayerNormalization", x, skip, *parameters, *more, domain=MICROSOFT, epsilon=self.epsilon)
        if bias:
            x = g.op("Add", x, bias)
        return g.op("LayerNormalization", g.op("Add", x, skip), *parameters, axis=-1, epsilon=self.epsilon)

    def width(self, name: str) -> int:
        """H of a block."""
        return int(self.layers.weights[f"{name}.attention.self.value.bias"].shape[0])


def attention_parts(name: str) -> list[str]:
    """The three linear layers of a block that share their input."""
    return [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]


def block_matrices(name: str, *, heads_alone: bool) -> list[tuple[str, ...]]:
    """The linear layers of a block that run on every token, together if they share their input."""
    query, key, value = attention_parts(name)
    if heads_alone:
        return [(key, value)]
    return [
        (query, key, value),
        *((f"{name}.{layer}",) for layer in ("attention.output.dense", "intermediate.dense", "output.dense")),
    ]
