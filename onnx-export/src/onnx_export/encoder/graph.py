"""The packed graph of an encoder, constructed operator by operator; ``docs/bundle.md`` fixes its inputs and outputs.

It is that of a HAT without attention across segments: S segments, K tokens each of which T in all are real, H width, C classes. A segment
is to the model what a text is to the original; nothing of one reaches another, so any may share a batch. Padding is computed nowhere but
in attention, see ``onnx/segments.py``.

After the last layer a head for documents looks at the first token of each segment alone, so the last layer computes queries and
feed-forward for these alone. A head for tokens looks at all of them.
"""

from __future__ import annotations

import numpy as np
import onnx

from onnx_export.encoder.checkpoint import CLASSIFIER, DENSE, DISTANCES, POSITIONS, PROJECTION, TYPES, EncoderCheckpoint
from onnx_export.encoder.config import EncoderConfig
from onnx_export.encoder.mpnet import buckets
from onnx_export.onnx.graph_builder import GraphBuilder, tensor
from onnx_export.onnx.int8 import UNQUANTISED, Quantised
from onnx_export.onnx.layers import Layers
from onnx_export.onnx.segments import SegmentBlocks, Tokens, block_matrices, check_size
from onnx_export.onnx.storage import Storage, stored_as_int8


def build_graph(
    checkpoint: EncoderCheckpoint, *, storage: Storage = "fp32", quantised: Quantised = UNQUANTISED, half: bool = False
) -> onnx.ModelProto:
    """Construct the packed graph of a checkpoint.

    Args:
        checkpoint: configuration and weights.
        storage: how the weights that stay float32 lie in the file.
        quantised: matrices to multiply in int8; all others are multiplied in float32.
        half: see ``SegmentBlocks``.

    Raises:
        ExportError: if the graph exceeds what one file can hold.
    """
    check_size(checkpoint.name, checkpoint.parameters, storage)
    return _EncoderGraph(checkpoint, storage, quantised, half).build()


def token_matrices(config: EncoderConfig) -> list[tuple[str, ...]]:
    """The linear layers that run on every token, together if they share their input; nearly all of the time goes there."""
    last = -1 if config.answers_for_tokens else config.layers - 1
    return [
        matrix for index in range(config.layers) for matrix in block_matrices(f"encoder.layer.{index}", heads_alone=index == last)
    ]


class _EncoderGraph:
    def __init__(self, checkpoint: EncoderCheckpoint, storage: Storage, quantised: Quantised, half: bool) -> None:
        self.config, self.weights, self.storage = checkpoint.config, checkpoint.weights, storage
        self.g = GraphBuilder()
        self.layers = Layers(self.g, self.weights, storage=storage, shrinks=stored_as_int8, quantised=quantised)
        self.blocks = SegmentBlocks(
            self.layers,
            heads=self.config.attention_heads,
            activation=self.config.activation,
            epsilon=self.config.layer_norm_epsilon,
            half=half,
        )

    def build(self) -> onnx.ModelProto:
        config = self.config
        K, C = config.segment_length, len(config.classes)
        inputs = [
            tensor("input_ids", np.int64, ["S", K]),
            tensor("attention_mask", np.int64, ["S", K]),
            tensor("document_index", np.int64, ["S"]),
            tensor("segment_index", np.int64, ["S"]),
        ]
        if config.answers_for_tokens:
            outputs = {self._token_logits(): tensor("token_logits", np.float32, ["S", K, C])}
        else:
            outputs = {self._segment_logits(): tensor("segment_logits", np.float32, ["S", C])}
        return self.g.model("encoder", inputs, outputs, {"architecture": config.architecture, "weights": self.storage})

    # Layers

    def _segment_logits(self) -> str:
        """[S, C]"""
        g, last = self.g, self.config.layers - 1
        tokens, at, bias = self._layers(last)
        heads = g.op("Gather", tokens, at.heads)  # [S, H]
        with g.scope(f"layer{last}"):
            block = f"encoder.layer.{last}"
            if bias:
                bias = g.op("Slice", bias, g.integers(0), g.integers(1), g.integers(2))
            heads = self.blocks.block(block, heads, self.blocks.heads_within_segments(block, heads, tokens, at, bias=bias))
        with g.scope("head"):
            return self.layers.linear(CLASSIFIER, self._activated(self.layers.product(heads, DENSE)))

    def _activated(self, x: str) -> str:
        """What the head's first layer gives, its bias added."""
        bias, kind = self.layers.bias(DENSE), self.config.family.head_activation
        if kind == "tanh":
            return self.g.op("Tanh", self.g.op("Add", x, bias))
        return self.layers.activation(kind, x, bias)

    def _token_logits(self) -> str:
        """[S, K, C]: 0 in padding."""
        g, K = self.g, self.config.segment_length
        tokens, at, _ = self._layers(self.config.layers)
        with g.scope("head"):
            logits = g.op("Gather", self.layers.linear(CLASSIFIER, tokens), at.rows)  # [S, L, C]
            real = g.op("Cast", g.op("Unsqueeze", at.key_padding, g.integers(2)), to=onnx.TensorProto.BOOL)
            logits = g.op("Where", real, logits, g.number(0.0))
            length = g.op("Gather", g.op("Shape", logits), g.integers(1))
            pads = g.op("Concat", g.integers(0, 0, 0, 0), g.op("Sub", g.integer(K), length), g.integers(0), axis=0)
            return g.op("Pad", logits, pads)

    def _layers(self, count: int) -> tuple[str, Tokens, str]:
        """The T tokens after so many layers [T, H], where they lie, and the bias of attention, if there is one."""
        g = self.g
        tokens, at = self._embeddings()
        bias = self._distance_bias(at) if self.config.family.relative_positions else ""
        for index in range(count):
            with g.scope(f"layer{index}"):
                block = f"encoder.layer.{index}"
                tokens = self.blocks.block(block, tokens, self.blocks.within_segments(block, tokens, at, bias=bias))
        return tokens, at, bias

    # Embeddings

    def _embeddings(self) -> tuple[str, Tokens]:
        """[T, H]: word, position and token type, normalised; and where the tokens lie."""
        g, K = self.g, self.config.segment_length
        with g.scope("tokens"):
            longest = self.blocks.longest(g.op("ReduceSum", "attention_mask", g.integers(1), keepdims=0), K)
            ids, mask = (
                g.op("Slice", x, g.integers(0), longest, g.integers(1)) for x in ("input_ids", "attention_mask")
            )  # [S, L]
            real = g.op("Cast", mask, to=onnx.TensorProto.BOOL)
            shape, slots, rows = self.blocks.squeezed_out(real)
            heads = g.op("Gather", rows, g.integer(0), axis=1)
            at = Tokens(K, real, slots, rows, heads, g.op("Cast", mask, to=onnx.TensorProto.INT32))
            words = g.op("Gather", g.op("Reshape", ids, g.integers(-1)), slots)  # [T]
            if self.config.family.counts_positions:
                positions = g.op("Gather", g.op("Reshape", self._counted_positions(ids), g.integers(-1)), slots)
            else:
                positions = g.op("Mod", slots, g.op("Gather", shape, g.integer(1)))
        with g.scope("embeddings"):
            table = self.weights[POSITIONS][: self.config.first_position + K]
            if self.config.token_types:
                table = table + self.weights[TYPES][0]  # all tokens of one text have the first type
            added = g.op("Gather", g.constant("embeddings.position_and_type", table), positions)
            x = self.blocks.skip_layer_norm("embeddings.LayerNorm", self.blocks.words(words), added)
            return (self.layers.linear(PROJECTION, x) if f"{PROJECTION}.weight" in self.weights else x), at

    def _counted_positions(self, ids: str) -> str:
        """int64 [S, L]. A text may have the padding's token in its midst: it has the position of padding, and is not counted."""
        g, pad_id = self.g, self.g.integer(self.config.pad_id)
        counted = g.op("Cast", g.op("Not", g.op("Equal", ids, pad_id)), to=onnx.TensorProto.INT64)
        return g.op("Add", g.op("Mul", g.op("CumSum", counted, g.integer(1)), counted), pad_id)

    def _distance_bias(self, at: Tokens) -> str:
        """float32 [1, heads, L, L], from the token in the third axis to that in the fourth."""
        g, K = self.g, self.config.segment_length
        with g.scope("distances"):
            length = g.op("Gather", g.op("Shape", at.key_padding), g.integer(1))
            places = g.op("Range", g.integer(0), length, g.integer(1))
            distances = g.op("Sub", g.op("Unsqueeze", places, g.integers(0)), g.op("Unsqueeze", places, g.integers(1)))
            table = g.constant(DISTANCES, self.weights[DISTANCES][buckets(K)])  # [2 K − 1, heads]
            bias = g.op("Gather", table, g.op("Add", distances, g.integer(K - 1)))  # [L, L, heads]
            return g.op("Unsqueeze", g.op("Transpose", bias, perm=[2, 0, 1]), g.integers(0))
