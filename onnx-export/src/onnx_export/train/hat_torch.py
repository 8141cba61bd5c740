"""A Hierarchical Attention Transformer with a head per segment, in PyTorch, for training.

One file, top to bottom. It computes what ``HATModelForSequentialSentenceClassification`` of Chalkidis et al. 2022
(arXiv:2210.05529) computes and its parameters carry that model's names, so that a checkpoint written from here is an
ordinary HAT checkpoint; only where a layout shortens segments, the original has no such step. Two things differ in form only: padding
inside segments is squeezed out of the dense layers, and the last segment-wise layer computes head rows alone, since no head looks at
anything else.

Shapes: S segments of K tokens, T real tokens in them, H hidden size, A attention heads, C labels. Segment-wise layers work on the T real
tokens of all segments, one after the other (*packed*).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from onnx_export.hat.checkpoint import SEGMENT_POSITIONS
from onnx_export.hat.layout import Layer as LayerKind
from onnx_export.hat.layout import encoder_layout, parse_layout

_TABLES = {SEGMENT_POSITIONS, "embeddings.position_embeddings.weight", "embeddings.token_type_embeddings.weight"}
"""Of which a model may need the first rows alone."""
CHECKPOINT_MODEL_TYPE = "hierarchical-transformer"


@dataclass(frozen=True)
class HatShape:
    """Sizes of a HAT. ``layout`` is written as in the paper, ``S|S|SD|S|S|SD``; ``/2`` between layers puts every two tokens together."""

    vocab_size: int
    hidden_size: int
    num_attention_heads: int
    intermediate_size: int
    layout: str
    segment_length: int
    max_segments: int
    num_labels: int
    pad_token_id: int = 0
    layer_norm_eps: float = 1e-12
    dropout: float = 0.1
    """Of all but the head."""

    def layers(self) -> tuple[LayerKind, ...]:
        return parse_layout(self.layout)


@dataclass(frozen=True)
class Packed:
    """Segments of one or more documents without their padding."""

    token_ids: Tensor
    """int64 [T]: the real tokens, each segment beginning with CLS."""
    lengths: Tensor
    """int64 [S]: real tokens per segment, CLS included."""
    document_index: Tensor
    """int64 [S]: which document of the batch."""
    segment_index: Tensor
    """int64 [S]: 1…N within the document."""

    def to(self, device: torch.device) -> Packed:
        return Packed(
            self.token_ids.to(device), self.lengths.to(device), self.document_index.to(device), self.segment_index.to(device)
        )


class Layout:
    """Where the packed tokens of a batch lie in its padded form; computed once a batch, and again wherever it is shortened."""

    def __init__(self, lengths: Tensor) -> None:
        self.lengths = lengths
        segments, longest = len(lengths), int(lengths.max())
        self.padded_shape = (segments, longest)
        present = torch.arange(longest, device=lengths.device)[None, :] < lengths[:, None]
        self.slots = present.flatten().nonzero().squeeze(1)  # [T] flat position of every packed token
        self.attend = present[:, None, None, :]  # [S, 1, 1, longest] keys that are real tokens
        self.heads = torch.cumsum(lengths, 0) - lengths  # [S] packed position of every segment's first token
        self.within = self.slots % longest  # [T] position within the segment

    def pad(self, packed: Tensor) -> Tensor:
        segments, longest = self.padded_shape
        padded = packed.new_zeros(segments * longest, packed.shape[1])
        return padded.index_copy(0, self.slots, packed).view(segments, longest, packed.shape[1])

    def shorten(self, packed: Tensor, factor: int) -> tuple[Tensor, Layout]:
        """packed [T, H] → heads as they are, and the mean of every ``factor`` tokens behind them; and where these lie."""
        after = Layout(1 + (self.lengths + factor - 2) // factor)
        group = after.heads[self.slots // self.padded_shape[1]] + (self.within + factor - 1) // factor  # [T]
        sums = packed.new_zeros(len(after.slots), packed.shape[1]).index_add(0, group, packed)
        return sums / torch.bincount(group)[:, None], after


class SelfAttention(nn.Module):
    def __init__(self, shape: HatShape) -> None:
        super().__init__()
        self.heads = shape.num_attention_heads
        self.query = nn.Linear(shape.hidden_size, shape.hidden_size)
        self.key = nn.Linear(shape.hidden_size, shape.hidden_size)
        self.value = nn.Linear(shape.hidden_size, shape.hidden_size)

    def attend(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
        """query [.., q, H], key and value [.., k, H], mask broadcastable to [.., A, q, k], True = may look → [.., q, H]."""

        def split(x: Tensor) -> Tensor:
            return x.unflatten(-1, (self.heads, -1)).transpose(-2, -3)

        if query.device.type == "cpu":
            query, key, value = query.float(), key.float(), value.float()
        # On CPUs, PyTorch's attention in bfloat16 takes three to eight times as long as in float32. GPUs are not concerned.
        with torch.autocast("cpu", enabled=False):
            mixed = F.scaled_dot_product_attention(split(query), split(key), split(value), attn_mask=mask)
        return mixed.transpose(-2, -3).flatten(-2)


class Output(nn.Module):
    """Dense, dropout, residual, LayerNorm."""

    def __init__(self, inner: int, shape: HatShape) -> None:
        super().__init__()
        self.dense = nn.Linear(inner, shape.hidden_size)
        self.LayerNorm = nn.LayerNorm(shape.hidden_size, eps=shape.layer_norm_eps)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        return cast(Tensor, self.LayerNorm(self.dropout(self.dense(x)) + residual))


class Attention(nn.Module):
    def __init__(self, shape: HatShape) -> None:
        super().__init__()
        self.self = SelfAttention(shape)
        self.output = Output(shape.hidden_size, shape)


class Intermediate(nn.Module):
    def __init__(self, shape: HatShape) -> None:
        super().__init__()
        self.dense = nn.Linear(shape.hidden_size, shape.intermediate_size)


class Block(nn.Module):
    """A post-norm transformer block, used within segments and across them."""

    def __init__(self, shape: HatShape) -> None:
        super().__init__()
        self.attention = Attention(shape)
        self.intermediate = Intermediate(shape)
        self.output = Output(shape.intermediate_size, shape)

    def within_segments(self, x: Tensor, layout: Layout, *, heads_only: bool) -> Tensor:
        """x [T, H] → [T, H], or [S, H] with ``heads_only``."""
        attention = self.attention.self
        key, value = layout.pad(attention.key(x)), layout.pad(attention.value(x))
        if heads_only:
            x = x[layout.heads]
            mixed = attention.attend(attention.query(x)[:, None], key, value, layout.attend).squeeze(1)
        else:
            mixed = attention.attend(layout.pad(attention.query(x)), key, value, layout.attend)
            mixed = mixed.flatten(0, 1)[layout.slots]
        return self._feed_forward(self.attention.output(mixed, x))

    def across_segments(self, heads: Tensor, same_document: Tensor) -> Tensor:
        """heads [S, H], same_document bool [S, S] → [S, H]."""
        attention = self.attention.self
        mixed = attention.attend(attention.query(heads), attention.key(heads), attention.value(heads), same_document)
        return self._feed_forward(self.attention.output(mixed, heads))

    def _feed_forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.output(F.gelu(self.intermediate.dense(x)), x))


class Layer(nn.Module):
    def __init__(self, shape: HatShape, *, within: bool, across: bool) -> None:
        super().__init__()
        self.sentence_encoder = Block(shape) if within else None
        self.document_encoder = Block(shape) if across else None


class Embeddings(nn.Module):
    def __init__(self, shape: HatShape) -> None:
        super().__init__()
        self.first_position = shape.pad_token_id + 1
        self.word_embeddings = nn.Embedding(shape.vocab_size, shape.hidden_size)
        self.position_embeddings = nn.Embedding(shape.segment_length + self.first_position, shape.hidden_size)
        self.token_type_embeddings = nn.Embedding(1, shape.hidden_size)
        self.LayerNorm = nn.LayerNorm(shape.hidden_size, eps=shape.layer_norm_eps)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, token_ids: Tensor, layout: Layout) -> Tensor:
        positions = self.position_embeddings(layout.within + self.first_position)
        words = self.word_embeddings(token_ids) + positions + self.token_type_embeddings.weight[0]
        return cast(Tensor, self.dropout(self.LayerNorm(words)))


class Dense(nn.Module):
    def __init__(self, shape: HatShape) -> None:
        super().__init__()
        self.dense = nn.Linear(shape.hidden_size, shape.hidden_size)


class SegmentClassifier(nn.Module):
    """HAT for sequential sentence classification: every segment head → dense → tanh → classifier."""

    def __init__(self, shape: HatShape) -> None:
        super().__init__()
        self.shape = shape
        self.embeddings = Embeddings(shape)
        self.layers = nn.ModuleList(Layer(shape, within=kind.segment, across=kind.document) for kind in shape.layers())
        # One table for all cross-segment blocks; row 0 belongs to pad segments, which this model never sees.
        self.segment_positions = nn.Embedding(shape.max_segments + 1, shape.hidden_size)
        self.sentencizer = Dense(shape)
        self.dropout = nn.Dropout(0.1)
        self.classifier = nn.Linear(shape.hidden_size, shape.num_labels)

    @property
    def device(self) -> torch.device:
        return self.classifier.weight.device

    def forward(self, batch: Packed) -> Tensor:
        """Segment logits, float32 [S, C]."""
        layout = Layout(batch.lengths)
        x = self.embeddings(batch.token_ids, layout)
        heads = x[layout.heads]
        same_document = batch.document_index[:, None] == batch.document_index[None, :]
        kinds = self.shape.layers()
        last_within = max((i for i, kind in enumerate(kinds) if kind.segment), default=-1)
        for i, layer in enumerate(self.layers):
            if kinds[i].shorten_factor > 1:
                x, layout = layout.shorten(x, kinds[i].shorten_factor)
            within, across = cast(Layer, layer).sentence_encoder, cast(Layer, layer).document_encoder
            if within is not None:
                if i == last_within:
                    heads = within.within_segments(x, layout, heads_only=True)
                else:
                    x = within.within_segments(x, layout, heads_only=False)
                    heads = x[layout.heads]
            if across is not None:
                heads = across.across_segments(heads + self.segment_positions(batch.segment_index), same_document)
                if i < last_within:
                    x = x.index_copy(0, layout.heads, heads)
        return cast(Tensor, self.classifier(self.dropout(torch.tanh(self.sentencizer.dense(heads)))))


def checkpoint_tensors(model: SegmentClassifier) -> dict[str, Tensor]:
    """The model's parameters under the names of a HAT checkpoint."""
    tensors: dict[str, Tensor] = {}
    for name, value in model.state_dict().items():
        if name.startswith("layers."):
            tensors["hi_transformer.encoder.layer." + name.removeprefix("layers.")] = value
        elif name.startswith("embeddings."):
            tensors["hi_transformer." + name] = value
        elif name.startswith("segment_positions."):
            for i, kind in enumerate(model.shape.layers()):
                if kind.document:
                    tensors[f"hi_transformer.encoder.layer.{i}.position_embeddings.weight"] = value.clone()
        else:
            tensors[name] = value
    return {name: value.contiguous() for name, value in tensors.items()}


def load_checkpoint(model: SegmentClassifier, weights: Mapping[str, Tensor], *, with_classifier: bool) -> None:
    """Copy the weights of a HAT checkpoint, by the exporter's names, into ``model``, the classifier only where asked for.

    Its segments may have been longer than the model's, and more. Without a head for segments the model's own stays as it is, and
    without a table of segment positions they count for nothing, as in the checkpoint.

    Raises:
        ValueError: if it belongs to a model of another layout or other sizes.
    """
    own = model.state_dict()
    named = {_exported_name(name): name for name in own}
    has_head = any(name.startswith("sentencizer.") for name in weights)
    skipped = tuple(
        part for part, kept in (("sentencizer.", has_head), ("classifier.", has_head and with_classifier)) if not kept
    )
    problems = [f"{name} is superfluous" for name in weights if name not in named and name.startswith("encoder.layer.")]
    for name, own_name in named.items():
        if name.startswith(skipped):
            continue
        found, expected = weights.get(name), own[own_name]
        if found is None and name == SEGMENT_POSITIONS:
            found = torch.zeros_like(expected)
        if found is not None and name in _TABLES:
            found = found[: len(expected)]
        if found is None or found.shape != expected.shape:
            problems.append(f"{name} is {list(found.shape) if found is not None else 'missing'}, expected {list(expected.shape)}")
        else:
            own[own_name] = found
    if problems:
        raise ValueError("the checkpoint to start from does not fit the options: " + "; ".join(problems[:5]))
    model.load_state_dict(own)


def _exported_name(name: str) -> str:
    """What the exporter calls a parameter of the model."""
    if name == "segment_positions.weight":
        return SEGMENT_POSITIONS
    return f"encoder.layer.{name.removeprefix('layers.')}" if name.startswith("layers.") else name


def checkpoint_config(shape: HatShape, labels: Sequence[str], cls_id: int) -> dict[str, Any]:
    """The ``config.json`` of a HAT checkpoint; both names of the segment length, as some readers know only one."""
    layers = encoder_layout(shape.layers())
    return {
        "model_type": CHECKPOINT_MODEL_TYPE,
        "architectures": ["HATModelForSequentialSentenceClassification"],
        "vocab_size": shape.vocab_size,
        "hidden_size": shape.hidden_size,
        "num_hidden_layers": len(layers),
        "num_attention_heads": shape.num_attention_heads,
        "intermediate_size": shape.intermediate_size,
        "hidden_act": "gelu",
        "layer_norm_eps": shape.layer_norm_eps,
        "max_sentences": shape.max_segments,
        "max_sentence_length": shape.segment_length,
        "max_sentence_size": shape.segment_length,
        "max_position_embeddings": shape.segment_length,
        "type_vocab_size": 1,
        "pad_token_id": shape.pad_token_id,
        "cls_token_id": cls_id,
        "encoder_layout": layers,
        "problem_type": "multi_label_classification",
        "id2label": {str(i): label for i, label in enumerate(labels)},
        "label2id": {label: i for i, label in enumerate(labels)},
    }


def warm_start(model: SegmentClassifier, bert: Mapping[str, Tensor]) -> None:
    """Copy a pretrained BERT encoder into ``model`` (the paper's "grouped" warm start).

    Steps of shortening have no weights and count for nothing. The S and the D block of layer i both copy layer i of ``bert``, its
    last one if it has no more. Token position t of a segment reads row pad_token_id + 1 + t of the table here and row t in BERT, so
    the rows move by that much; segment position j copies row j.
    """
    own = model.state_dict()
    last = max(int(name.split(".")[2]) for name in bert if name.startswith("encoder.layer."))
    copied = {
        "embeddings.word_embeddings.weight": bert["embeddings.word_embeddings.weight"],
        "embeddings.token_type_embeddings.weight": bert["embeddings.token_type_embeddings.weight"][:1],
        "embeddings.LayerNorm.weight": bert["embeddings.LayerNorm.weight"],
        "embeddings.LayerNorm.bias": bert["embeddings.LayerNorm.bias"],
        "segment_positions.weight": bert["embeddings.position_embeddings.weight"][: model.shape.max_segments + 1],
    }
    positions = own["embeddings.position_embeddings.weight"].clone()
    positions[model.embeddings.first_position :] = bert["embeddings.position_embeddings.weight"][: model.shape.segment_length]
    copied["embeddings.position_embeddings.weight"] = positions
    for name in own:
        if name.startswith("layers."):
            _, layer, _block, rest = name.split(".", 3)
            copied[name] = bert[f"encoder.layer.{min(int(layer), last)}.{rest}"]
    own.update(copied)
    model.load_state_dict(own)
