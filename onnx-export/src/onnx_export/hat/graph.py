"""The packed graph of a HAT model, constructed operator by operator; ``docs/bundle.md`` fixes its inputs and outputs.

Segments of all documents are stacked: S segments, K tokens each of which T in all are real, H width, B documents, C labels, V entries of
the vocabulary. What differs from the original's fully padded computation (``hat/reference.py``), and why the scores are the same:

- The S block never looks across segments, so segments of any documents can share a batch.
- The D block runs over the S segment heads at once; for attention alone they are spread to [B, J, H], a row for each document.
- All pad segments of a document are equal, so at most one is computed; attentive pooling weighs it by its multiplicity.
- Padding inside segments is *squeezed out*: all that is computed row by row runs on the T real tokens [T, H], and they are spread
  to [S, L, H] for attention alone, where padding is masked; L is the length of the longest segment. A step that shortens segments puts
  together the T tokens, each with those that follow it in its group; from there on T, K and L are what is left of them.
- After the last S block only segment heads are looked at, so that block computes queries and feed-forward for head rows alone;
  not so if the answer is one for every token.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx

from onnx_export.hat.checkpoint import SEGMENT_POSITIONS, Checkpoint, supports_segment_positions
from onnx_export.hat.config import HatConfig, Head
from onnx_export.hat.layout import shortened
from onnx_export.onnx.graph_builder import MICROSOFT, GraphBuilder, tensor
from onnx_export.onnx.int8 import UNQUANTISED, Quantised
from onnx_export.onnx.layers import Layers
from onnx_export.onnx.segments import SegmentBlocks, Tokens, attention_parts, block_matrices, check_size
from onnx_export.onnx.storage import Storage, stored_as_int8
from onnx_export.problems import ExportError


def build_graph(
    checkpoint: Checkpoint,
    *,
    segment_positions: bool,
    storage: Storage = "fp32",
    quantised: Quantised = UNQUANTISED,
    half: bool = False,
) -> onnx.ModelProto:
    """Construct the packed graph of a checkpoint.

    Args:
        checkpoint: configuration and weights.
        segment_positions: whether D blocks add the position of a segment in its document to its head.
        storage: how the weights that stay float32 lie in the file.
        quantised: matrices to multiply in int8; all others are multiplied in float32.
        half: see ``SegmentBlocks``.

    Raises:
        ExportError: if segment positions are asked for and the checkpoint has none, or the graph exceeds what one file can hold.
    """
    if segment_positions and not supports_segment_positions(checkpoint):
        raise ExportError(
            checkpoint.name,
            [
                "encoder.layer.*.position_embeddings.weight is missing, expected in a layer with a document encoder; "
                "use --no-segment-positions if the model was trained without"
            ],
        )
    check_size(checkpoint.name, checkpoint.parameters, storage)
    return _HatGraph(checkpoint, segment_positions, storage, quantised, half).build()


def token_matrices(config: HatConfig) -> list[tuple[str, ...]]:
    """The linear layers that run on every token, together if they share their input; nearly all of the time goes there.

    D blocks, and the last S block but for keys and values, run on segment heads alone and stay float32. Where every token is answered for,
    all S blocks run on all of them; the masked-LM head's own matrices stay float32, too.
    """
    matrices: list[tuple[str, ...]] = []
    for index in (index for index, layer in enumerate(config.layers) if layer.segment):
        matrices += block_matrices(f"encoder.layer.{index}.sentence_encoder", heads_alone=index == config.heads_from)
    return matrices


@dataclass(frozen=True)
class _Inputs:
    """What the embeddings of the T tokens are looked up by."""

    ids: str
    """int64 [T]"""
    places: str
    """int64 [T]: 0… within the segment."""


@dataclass(frozen=True)
class _Documents:
    """Where the S segments lie in the form [B, J] that has a row for each document; J is a multiple of the lanes, and no document has more
    segments, its pad segment included."""

    counts: str
    """int64 [B]: how many of the S each document has."""
    starts: str
    """int64 [B]: the first of them."""
    rows: str
    """int64 [B, J]: which of the S stands at each place; behind a document's last one, that one again."""
    present: str
    """bool [B, J]: whether it is no such repetition."""
    slots: str
    """int64 [S]: index into the flattened form."""
    key_padding: str
    """int32 [B, J]: 0 masks the key for all queries, as those of pad segments are."""


class _HatGraph:
    def __init__(
        self, checkpoint: Checkpoint, segment_positions: bool, storage: Storage, quantised: Quantised, half: bool
    ) -> None:
        self.config = checkpoint.config
        self.weights = checkpoint.weights
        self.name = checkpoint.name
        self.segment_positions = segment_positions
        self.storage = storage
        self.quantised = quantised
        self.half = half
        self.g = GraphBuilder()
        self.layers = Layers(self.g, self.weights, storage=storage, shrinks=stored_as_int8, quantised=quantised)
        self.documents: _Documents | None = None
        self.blocks = SegmentBlocks(
            self.layers,
            heads=self.config.attention_heads,
            activation=self.config.activation,
            epsilon=self.config.layer_norm_epsilon,
            half=half,
        )

    def build(self) -> onnx.ModelProto:
        config = self.config
        K = config.segment_length
        inputs = [
            tensor("input_ids", np.int64, ["S", K]),
            tensor("attention_mask", np.int64, ["S", K]),
            tensor("document_index", np.int64, ["S"]),
            tensor("segment_index", np.int64, ["S"]),
        ]
        outputs = self._outputs()
        metadata = {
            "architecture": config.head.value,
            "layout": config.layout,
            "pooling": config.pooling or "",
            "segment_positions": str(self.segment_positions).lower(),
            "weights": self.storage,
        }
        return self.g.model("hat", inputs, outputs, metadata)

    def _outputs(self) -> dict[str, onnx.ValueInfoProto]:
        """The head's answers, with their names and shapes outside."""
        g, config = self.g, self.config
        if config.head is Head.TOKEN:
            logits = self._token_predictions(self._encoder())
            return {logits: tensor("token_logits", np.float32, ["S", config.segment_length, config.width])}
        heads = self._encoder()  # [S, H]
        if config.head is Head.NONE:
            with g.scope("documents"):
                embedding = self._pool(heads)
            return {
                embedding: tensor("embedding", np.float32, ["B", config.width]),
                heads: tensor("segment_embeddings", np.float32, ["S", config.width]),
            }
        outputs = {}
        if config.head.pools:
            with g.scope("documents"):
                outputs[self._classifier(self._pool(heads))] = tensor("logits", np.float32, ["B", config.width])
        with g.scope("segments"):
            outputs[self._classifier(heads)] = tensor("segment_logits", np.float32, ["S", config.width])
        return outputs

    def _encoder(self) -> str:
        """After the last layer: the heads of all segments [S, H], or for a head that wants them all tokens [S, K, H]."""
        g, config = self.g, self.config
        inputs, at = self._tokens()
        tokens = self._embeddings(inputs)  # [T, H]
        heads = g.op("Gather", tokens, at.heads)  # [S, H]; always equal to these rows of `tokens`
        if any(layer.document for layer in config.layers):
            self._by_document()
        for index, layer in enumerate(config.layers):
            name = f"encoder.layer.{index}"
            if layer.shorten_factor > 1:
                with g.scope(f"layer{index}.shortening"):
                    tokens, at = self._shorten(tokens, at, layer.shorten_factor)
            if layer.segment:
                with g.scope(f"layer{index}.segment"):
                    block = f"{name}.sentence_encoder"
                    if index < config.heads_from:
                        tokens = self.blocks.block(block, tokens, self.blocks.within_segments(block, tokens, at))
                        heads = g.op("Gather", tokens, at.heads)
                    else:
                        heads = self.blocks.block(block, heads, self.blocks.heads_within_segments(block, heads, tokens, at))
            if layer.document:
                with g.scope(f"layer{index}.document"):
                    block = f"{name}.document_encoder"
                    if self.segment_positions:
                        heads = g.op("Add", heads, self._segment_positions())
                    heads = self.blocks.block(block, heads, self._across_segments(block, heads))
                    if index < config.heads_from:
                        tokens = g.op("ScatterND", tokens, g.op("Unsqueeze", at.heads, g.integers(1)), heads)
        if config.head is Head.TOKEN:
            return g.op("Gather", tokens, at.rows)
        return heads

    def _tokens(self) -> tuple[_Inputs, Tokens]:
        """All real tokens; of a pad segment, in which all are masked and all but the first are alike, the first two."""
        g, K = self.g, self.config.segment_length
        ids, mask = "input_ids", "attention_mask"
        places = np.arange(K)[None]
        with g.scope("tokens"):
            real = g.op("Cast", mask, to=onnx.TensorProto.BOOL)
            if self.config.head is Head.TOKEN:  # has an answer for every place
                computed = needed = g.op("Or", real, g.constant("every_place", places >= 0))
            else:
                pad = self._pad_segments()
                first_two = g.op("And", g.op("Unsqueeze", pad, g.integers(1)), g.constant("first_two_places", places < 2))
                longest = self._longest(mask, pad, K)
                needed = g.op("Or", real, first_two)
                computed, ids, mask = (g.op("Slice", x, g.integers(0), longest, g.integers(1)) for x in (needed, ids, mask))
            shape, slots, rows = self.blocks.squeezed_out(computed)
            inputs = _Inputs(
                ids=g.op("Gather", g.op("Reshape", ids, g.integers(-1)), slots),
                places=g.op("Mod", slots, g.op("Gather", shape, g.integer(1))),
            )
            heads = g.op("Gather", rows, g.integer(0), axis=1)
            return inputs, Tokens(K, needed, slots, rows, heads, g.op("Cast", mask, to=onnx.TensorProto.INT32))

    def _pad_segments(self) -> str:
        """bool [S]"""
        return self.g.op("Equal", "segment_index", self.g.integer(0))

    def _longest(self, mask: str, pad: str, K: int) -> str:
        """int64 [1]: L, for segments with the int64 [S, K] ``mask`` of real tokens, of which ``pad`` [S] are pad segments."""
        g = self.g
        # A pad segment attends to all K places.
        lengths = g.op("Where", pad, g.integer(K), g.op("ReduceSum", mask, g.integers(1), keepdims=0))
        return self.blocks.longest(lengths, K)

    def _shorten(self, tokens: str, before: Tokens, factor: int) -> tuple[str, Tokens]:
        """[T, H] -> [T', H]: heads as they are, and the mean of every group of ``factor`` places behind them; and where these lie.

        Of a pad segment two places are computed, and so are two groups, the second for all the others.
        """
        g, K = self.g, shortened(before.length, factor)
        counts = self._group_sizes(before, K, factor)  # [S, K']
        needed = g.op("Cast", counts, to=onnx.TensorProto.BOOL)
        pad = self._pad_segments()
        longest = self._longest(g.op("Cast", needed, to=onnx.TensorProto.INT64), pad, K)
        computed, counts = (g.op("Slice", x, g.integers(0), longest, g.integers(1)) for x in (needed, counts))
        _, slots, rows = self.blocks.squeezed_out(computed)
        real = g.op("And", computed, g.op("Unsqueeze", g.op("Not", pad), g.integers(1)))
        key_padding = g.op("Cast", real, to=onnx.TensorProto.INT32)
        sizes = g.op("Gather", g.op("Reshape", counts, g.integers(-1)), slots)  # [T']
        heads = g.op("Gather", rows, g.integer(0), axis=1)
        return self._means(tokens, sizes, factor), Tokens(K, needed, slots, rows, heads, key_padding)

    def _group_sizes(self, before: Tokens, groups: int, factor: int) -> str:
        """int64 [S, K']: how many computed places each group has. With factor − 1 places before it the head is the last of its group."""
        g = self.g
        behind = groups * factor - (factor - 1) - before.length
        # In float32, which the operators of every device take.
        places = g.op("Cast", before.computed, to=onnx.TensorProto.FLOAT)
        places = g.op("Pad", places, g.integers(0, factor - 1, 0, behind))
        places = g.op("Reshape", places, g.integers(-1, groups, factor))
        return g.op("Cast", g.op("ReduceSum", places, g.integers(2), keepdims=0), to=onnx.TensorProto.INT64)

    def _means(self, tokens: str, sizes: str, factor: int) -> str:
        """[T, H] -> [T', H]: of each ``sizes`` [T'] tokens in a row, at most ``factor``, their mean. Of one alone it is that one."""
        g = self.g
        firsts = g.op("Unsqueeze", g.op("CumSum", sizes, g.integer(0), exclusive=1), g.integers(1))
        sizes = g.op("Unsqueeze", sizes, g.integers(1))  # [T', 1]
        steps = g.constant(f"steps.{factor}", np.arange(factor)[None])
        within = g.op("Min", steps, g.op("Sub", sizes, g.integer(1)))  # [T', factor]: the last one again where there are fewer
        members = g.op("Gather", tokens, g.op("Add", firsts, within))  # [T', factor, H]
        present = g.op("Cast", g.op("Less", steps, sizes), to=onnx.TensorProto.FLOAT)
        members = g.op("Mul", members, g.op("Unsqueeze", present, g.integers(2)))
        return g.op("Div", g.op("ReduceSum", members, g.integers(1), keepdims=0), g.op("Cast", sizes, to=onnx.TensorProto.FLOAT))

    def _embeddings(self, at: _Inputs) -> str:
        """[T, H]: word, token type and token position, normalised."""
        g, config = self.g, self.config
        with g.scope("embeddings"):
            words = self.blocks.words(at.ids)
            # A segment's tokens have positions pad id + 1, + 2, …; wherever the pad id stands the position is 0.
            ascending = g.op("Add", at.places, g.integer(config.pad_id + 1))
            position_ids = g.op("Where", g.op("Equal", at.ids, g.integer(config.pad_id)), g.integer(0), ascending)
            # There is one token type, so its row is part of every position's.
            table = self.weights["embeddings.position_embeddings.weight"][: config.pad_id + 1 + config.segment_length]
            table = table + self.weights["embeddings.token_type_embeddings.weight"][0]
            positions = g.op("Gather", g.constant("embeddings.position_and_type", table), position_ids)
            return self.blocks.skip_layer_norm("embeddings.LayerNorm", words, positions)

    def _by_document(self) -> _Documents:
        if self.documents is None:
            with self.g.scope("documents"):
                self.documents = self._made_by_document()
        return self.documents

    def _made_by_document(self) -> _Documents:
        g, of = self.g, "document_index"
        count = g.op("Add", g.op("Gather", of, g.integer(-1)), g.integer(1))  # B; the index ascends
        documents = g.op("Range", g.integer(0), count, g.integer(1))
        member = g.op("Cast", self._pairs_equal(documents, of), to=onnx.TensorProto.INT64)
        counts = g.op("ReduceSum", member, g.integers(1), keepdims=0)
        starts = g.op("CumSum", counts, g.integer(0), exclusive=1)
        longest = self.blocks.whole_lanes(g.op("ReduceMax", counts, g.integers(0), keepdims=0))
        columns = g.op("Range", g.integer(0), longest, g.integer(1))  # [J]
        column = g.op("Unsqueeze", counts, g.integers(1))
        within = g.op("Min", g.op("Sub", column, g.integer(1)), columns)
        rows = g.op("Add", g.op("Unsqueeze", starts, g.integers(1)), within)
        present = g.op("Less", columns, column)
        every = g.op("Range", g.integer(0), g.op("Squeeze", g.op("Shape", of)), g.integer(1))  # [S]
        places = g.op("Sub", every, g.op("Gather", starts, of))
        slots = g.op("Add", g.op("Mul", of, longest), places)
        real = g.op("Gather", g.op("Not", self._pad_segments()), rows)
        key_padding = g.op("Cast", g.op("And", present, real), to=onnx.TensorProto.INT32)
        return _Documents(counts, starts, rows, present, slots, key_padding)

    def _segment_positions(self) -> str:
        """[S, H]"""
        table = self.g.constant(SEGMENT_POSITIONS, self.weights[SEGMENT_POSITIONS])
        return self.g.op("Gather", table, "segment_index")

    def _across_segments(self, name: str, heads: str) -> str:
        """[S, H] -> [S, H]: every segment head looks at the real ones of its document; that of a pad segment, too."""
        g, at = self.g, self._by_document()
        qkv = self.layers.product(heads, *attention_parts(name))
        q, k, v = (g.op("Gather", x, at.rows) for x in g.split_op("Split", [qkv], outputs=3, axis=-1, num_outputs=3))
        context = self.blocks.attention(name, q, k, v, key_padding=at.key_padding)  # [B, J, H]
        return g.op("Gather", g.op("Reshape", context, g.integers(-1, self.config.hidden_size)), at.slots)

    # Heads

    def _pool(self, heads: str) -> str:
        """[S, H] -> [B, H]: one vector for each document from the heads of its segments, the pad segment's included."""
        g, at = self.g, self._by_document()
        if self.config.pooling == "first":
            return g.op("Gather", heads, at.starts)
        if self.config.pooling == "last":
            return g.op("Gather", heads, g.op("Add", at.starts, g.op("Sub", at.counts, g.integer(1))))
        by_document = g.op("Gather", heads, at.rows)  # [B, J, H]
        if self.config.pooling == "max":
            return g.op("ReduceMax", by_document, g.integers(1), keepdims=0)
        weights = g.op("Where", at.present, self._attentive_weights(heads, at), g.number(0.0))  # [B, J]
        total = g.op("ReduceSum", weights, g.integers(1), keepdims=1)
        weights = g.op("Unsqueeze", g.op("Div", weights, total), g.integers(1))  # [B, 1, J]
        # A product and no sum: over the middle axis of one document alone, kernels sum in another order than of several.
        return g.op("Squeeze", g.op("MatMul", weights, by_document), g.integers(1))

    def _attentive_weights(self, heads: str, at: _Documents) -> str:
        """[B, J]: e to the energy of each segment, times how many segments of the padded document it stands for.

        Energies are the tanh of something, so e to them is between 0.36 and 2.72 and needs no maximum subtracted.
        """
        g, N = self.g, self.config.max_segments
        hidden = self.layers.linear("pooler.attentive_pooling.lin_proj", heads)
        v = g.constant("pooler.attentive_pooling.v.weight", self.weights["pooler.attentive_pooling.v.weight"].T)  # [H, 1]
        # No product of matrices: with one column, which order it sums in depends on the number of rows.
        energy = g.op("ReduceSum", g.op("Mul", hidden, g.op("Squeeze", v, g.integers(1))), g.integers(1), keepdims=0)  # [S]
        # Kernels take what is left behind their last whole lanes another way: here nothing is left.
        energy = g.op("Tanh", g.op("Gather", energy, at.rows))
        # The pad segment of a document of n real segments is one of counts = n + 1 here and N − n in the original.
        multiplicity = g.op(
            "Where",
            g.op("Gather", self._pad_segments(), at.rows),
            g.op("Sub", g.integer(N + 1), g.op("Unsqueeze", at.counts, g.integers(1))),
            g.integer(1),
        )
        return g.op("Mul", g.op("Exp", energy), g.op("Cast", multiplicity, to=onnx.TensorProto.FLOAT))

    def _classifier(self, x: str) -> str:
        """[rows, H] -> [rows, C]"""
        return self.layers.linear("classifier", self.g.op("Tanh", self.layers.linear(self.config.head.dense, x)))

    def _token_predictions(self, tokens: str) -> str:
        """[S, K, H] -> [S, K, V]; this head's activation is always the exact GELU."""
        g, name = self.g, "lm_head.layer_norm"
        with g.scope("tokens"):
            x = g.op("MatMul", tokens, self.layers.matrix("lm_head.dense"))
            x = g.op("BiasGelu", x, self.layers.bias("lm_head.dense"), domain=MICROSOFT)
            weight = g.constant(f"{name}.weight", self.weights[f"{name}.weight"])
            x = g.op("LayerNormalization", x, weight, self.layers.bias(name), axis=-1, epsilon=self.config.layer_norm_epsilon)
            return self.layers.linear("lm_head.decoder", x)

    # Parts

    def _pairs_equal(self, rows: str, columns: str) -> str:
        """[R], [C] -> [R, C]: whether each pair is equal."""
        g = self.g
        return g.op("Equal", g.op("Unsqueeze", rows, g.integers(1)), g.op("Unsqueeze", columns, g.integers(0)))
