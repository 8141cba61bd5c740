"""The part of a checkpoint's ``config.json`` that decides what a HAT model computes, checked as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from onnx_export.checkpoints.hyperparameters import Hyperparameters, is_integer
from onnx_export.checkpoints.labels import PROBLEM_TYPES, labels_of
from onnx_export.contract import ProblemType, Task
from onnx_export.hat.layout import Layer, layout_of, read_encoder_layout, too_large_steps
from onnx_export.onnx.layers import ACTIVATIONS, Activation
from onnx_export.problems import ExportError

Pooling = Literal["max", "first", "last", "attentive"]

POOLINGS: tuple[Pooling, ...] = ("max", "first", "last", "attentive")


class Head(Enum):
    """What is computed from the encoder's output; the value is the original's class name in ``architectures``."""

    DOCUMENT = "HATForSequenceClassification"
    SEGMENT = "HATModelForSequentialSentenceClassification"
    CHOICE = "HATForMultipleChoice"
    TOKEN = "HATForMaskedLM"
    NONE = "HATModel"
    """The encoder alone: gives document vectors. Any checkpoint can be read so, whatever head it was trained with."""

    @property
    def task(self) -> Task:
        return _TASKS[self]

    @property
    def classifies(self) -> bool:
        """Whether the head has labels."""
        return self in (Head.DOCUMENT, Head.SEGMENT)

    @property
    def pools(self) -> bool:
        """Whether the head makes one vector of the segment heads of a document."""
        return self in (Head.DOCUMENT, Head.CHOICE, Head.NONE)

    @property
    def dense(self) -> str:
        """Name of the dense layer between segment heads and classifier."""
        return "sentencizer.dense" if self is Head.SEGMENT else "pooler.dense"


_TASKS: dict[Head, Task] = {
    Head.DOCUMENT: "document-classification",
    Head.SEGMENT: "segment-classification",
    Head.CHOICE: "multiple-choice",
    Head.TOKEN: "masked-lm",
    Head.NONE: "embedding",
}
_HEADS = {head.value: head for head in Head}
_BROKEN_HEADS = {"HATForTokenClassification", "HATForQuestionAnswering"}
_POOLING_KEYS = ("pooler_type", "pooling")


@dataclass(frozen=True)
class HatConfig:
    """Sizes, layout and head of a HAT model. K is ``segment_length``, N is ``max_segments``."""

    head: Head
    pooling: Pooling | None
    problem_type: ProblemType | None
    """None if the checkpoint does not say; the graph gives logits and does not need it."""
    labels: tuple[str, ...]
    """Empty if the head has none."""
    labels_key: str | None
    """The key of the configuration that says so; None if none does."""
    layers: tuple[Layer, ...]
    segment_length: int
    max_segments: int
    vocabulary_size: int
    token_types: int
    hidden_size: int
    attention_heads: int
    intermediate_size: int
    activation: Activation
    layer_norm_epsilon: float
    pad_id: int
    cls_id: int | None
    """The id that begins each segment; None if the configuration does not say. The graph does not need it."""

    @property
    def first_id(self) -> int:
        """An id to begin segments with where only computations are compared: ``cls_id``, or one that is not the pad's."""
        return self.cls_id if self.cls_id is not None else (self.pad_id + 1) % self.vocabulary_size

    @property
    def width(self) -> int:
        """Numbers per row of the graph's outputs."""
        match self.head:
            case Head.DOCUMENT | Head.SEGMENT:
                return len(self.labels)
            case Head.CHOICE:
                return 1
            case Head.TOKEN:
                return self.vocabulary_size
            case Head.NONE:
                return self.hidden_size

    @property
    def heads_from(self) -> int:
        """Index of the layer whose S block is the first that only segment heads are wanted of: the last S block.

        -1 if there is no S block; beyond the last layer if the head answers for every token.
        """
        if self.head is Head.TOKEN:
            return len(self.layers)
        return max((index for index, layer in enumerate(self.layers) if layer.segment), default=-1)

    @property
    def layout(self) -> str:
        """The layers in the notation of the paper, such as ``S|S|SD``, and steps of shortening between them."""
        return layout_of(self.layers)


def read_config(config: Mapping[str, Any], *, pooling: Pooling | None = None, embedding: bool = False) -> HatConfig:
    """Read and check a checkpoint's configuration.

    Args:
        config: the content of ``config.json``. Keys without effect on inference, such as dropouts, are not looked at.
        pooling: overrides the checkpoint's own pooling of segment heads.
        embedding: read the encoder alone, for document vectors, whatever head the checkpoint has.

    Raises:
        ExportError: naming every key that is missing, contradictory or not supported.
    """
    result, problems = inspect_config(config, pooling=pooling, embedding=embedding)
    if problems:
        raise ExportError("config.json", problems)
    return result


def inspect_config(
    config: Mapping[str, Any], *, pooling: Pooling | None = None, embedding: bool = False
) -> tuple[HatConfig, list[str]]:
    """As ``read_config``, but return the problems, each of which begins with its key; unusable values are made up."""
    reader = Hyperparameters(config)
    problems = reader.problems
    head = Head.NONE if embedding else _head(config, problems)
    labels, labels_key = labels_of(config, problems) if head.classifies else ((), None)
    layers = read_encoder_layout(config, problems)
    _refuse_shortened_tokens(head, layers, problems)
    hidden_size = reader.integer("hidden_size", minimum=1)
    attention_heads = reader.integer("num_attention_heads", minimum=1)
    if hidden_size % attention_heads:
        problems.append(f"hidden_size is {hidden_size}, expected a multiple of num_attention_heads ({attention_heads})")
    epsilon = config.get("layer_norm_eps", 1e-12)
    if isinstance(epsilon, bool) or not isinstance(epsilon, int | float) or not 0 < epsilon < 1:
        problems.append(f"layer_norm_eps is {epsilon!r}, expected a number between 0 and 1")
        epsilon = 1e-12
    _refuse_other_models(config, problems)
    result = HatConfig(
        head=head,
        pooling=_pooling(config, head, pooling, problems),
        problem_type=_problem_type(config, labels, reader) if head.classifies else None,
        labels=labels,
        labels_key=labels_key,
        layers=layers,
        segment_length=_segment_length(reader),
        max_segments=reader.integer("max_sentences", minimum=1),
        vocabulary_size=reader.integer("vocab_size", minimum=1),
        token_types=reader.integer("type_vocab_size", minimum=1, default=1),
        hidden_size=hidden_size,
        attention_heads=attention_heads,
        intermediate_size=reader.integer("intermediate_size", minimum=1),
        activation=reader.one_of("hidden_act", config.get("hidden_act", "gelu"), ACTIVATIONS, "gelu"),
        layer_norm_epsilon=float(epsilon),
        pad_id=reader.integer("pad_token_id", minimum=0),
        cls_id=_cls_id(reader),
    )
    problems += [
        f"encoder_layout.{index}.shorten_factor is {layers[index].shorten_factor}: it {reason}"
        for index, reason in too_large_steps(layers, result.segment_length)
    ]
    for key, token in (("pad_token_id", result.pad_id), (_cls_key(config), result.cls_id)):
        if token is not None and token >= result.vocabulary_size:
            problems.append(f"{key} is {token}, expected below vocab_size ({result.vocabulary_size})")
    return result, problems


def _cls_key(config: Mapping[str, Any]) -> str:
    return "cls_token_id" if config.get("cls_token_id") is not None else "bos_token_id"


def _cls_id(reader: Hyperparameters) -> int | None:
    key = _cls_key(reader.given)
    return reader.integer(key, minimum=0) if reader.given.get(key) is not None else None


def _head(config: Mapping[str, Any], problems: list[str]) -> Head:
    supported = ", ".join(_HEADS)
    architectures = config.get("architectures")
    if not isinstance(architectures, list) or len(architectures) != 1:
        problems.append(f"architectures is {architectures!r}, expected a list of one of {supported}")
        return Head.DOCUMENT
    name = architectures[0]
    if name not in _HEADS:
        reason = "cannot be constructed in the original either" if name in _BROKEN_HEADS else "is not a HAT head"
        problems.append(f"architectures: {name} {reason}, expected one of {supported}")
    return _HEADS.get(name, Head.DOCUMENT)


def _refuse_shortened_tokens(head: Head, layers: Sequence[Layer], problems: list[str]) -> None:
    if head is Head.TOKEN and any(layer.shorten_factor > 1 for layer in layers):
        problems.append(
            f"architectures: {head.value} answers for every token, but encoder_layout shortens segments ({layout_of(layers)}): "
            "expected no shorten_factor; --task embedding exports the encoder alone"
        )


def special_token_ids(config: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    """By purpose (``cls``, ``pad``, …), the key that names the id of a special token, and the id, as far as there are such keys."""
    keys = {"cls": _cls_key(config), **{purpose: f"{purpose}_token_id" for purpose in ("pad", "sep", "unk", "mask")}}
    return {purpose: (key, config[key]) for purpose, key in keys.items() if is_integer(config.get(key))}


def _pooling(config: Mapping[str, Any], head: Head, override: Pooling | None, problems: list[str]) -> Pooling | None:
    if not head.pools:
        if override is not None:
            problems.append(
                f"pooling {override} was asked for, but {head.value} answers for every segment or token and pools none"
            )
        return None
    key = next((key for key in _POOLING_KEYS if config.get(key) is not None), None)
    value = override or (config[key] if key else _default_pooling(config))
    for known in POOLINGS:
        if value == known:
            return known
    problems.append(f"{key} is {value!r}, expected one of {', '.join(POOLINGS)}")
    return "max"


def names_pooling(config: Mapping[str, Any]) -> bool:
    """Whether the configuration says how to pool; what the original saves does not."""
    return any(config.get(key) is not None for key in _POOLING_KEYS)


def _default_pooling(config: Mapping[str, Any]) -> Pooling:
    """The original's for the head that the checkpoint was trained with, which is also what its vectors are best pooled by."""
    architectures = config.get("architectures")
    multiple_choice = isinstance(architectures, list) and Head.CHOICE.value in architectures
    return "last" if multiple_choice else "max"


def _problem_type(config: Mapping[str, Any], labels: tuple[str, ...], reader: Hyperparameters) -> ProblemType | None:
    """Without the key, the rule of Hugging Face: one output is a regression. Several labels may exclude each other or not."""
    value = config.get("problem_type")
    if value is None:
        return "regression" if len(labels) == 1 else None
    return reader.one_of("problem_type", value, PROBLEM_TYPES, "single-label")


def _segment_length(reader: Hyperparameters) -> int:
    keys = [key for key in ("max_sentence_length", "max_sentence_size") if key in reader.given]
    lengths = {key: reader.integer(key, minimum=2) for key in keys or ["max_sentence_length"]}
    if len(set(lengths.values())) > 1:
        both = " but ".join(f"{key} is {value}" for key, value in lengths.items())
        reader.problems.append(f"{both}, expected the same segment length")
    return next(iter(lengths.values()))


def _refuse_other_models(config: Mapping[str, Any], problems: list[str]) -> None:
    positions = config.get("position_embedding_type", "absolute")
    if positions != "absolute":
        problems.append(f"position_embedding_type is {positions!r}, expected absolute: relative positions are not supported")
    for key in ("is_decoder", "is_encoder_decoder", "add_cross_attention", "cross_attention_hidden_size"):
        if config.get(key):
            problems.append(
                f"{key} is {config[key]!r}, expected none or false: cross attention and causal decoding are not supported"
            )
    if pruned := config.get("pruned_heads"):
        problems.append(
            f"pruned_heads is {pruned!r}, expected none: all attention heads are exported; save the model without pruning"
        )
