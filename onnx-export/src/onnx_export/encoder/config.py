"""The part of an encoder's ``config.json`` that decides what it computes, checked as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from onnx_export.checkpoints.hyperparameters import Hyperparameters
from onnx_export.checkpoints.labels import PROBLEM_TYPES, labels_of
from onnx_export.contract import ProblemType, Task
from onnx_export.encoder.bert import BERT
from onnx_export.encoder.distilbert import DISTILBERT
from onnx_export.encoder.electra import ELECTRA
from onnx_export.encoder.family import HEADS, Family
from onnx_export.encoder.mpnet import BUCKETS, MPNET
from onnx_export.encoder.roberta import ROBERTA
from onnx_export.onnx.layers import ACTIVATIONS, Activation

FAMILIES = (BERT, ROBERTA, DISTILBERT, ELECTRA, MPNET)

_SHORTEST = 3
"""Tokens of a segment: one between those that begin and end it."""

_RELATIVE = "its attention depends on distances in a way that ONNX Runtime has no fused operator for, on CPUs or GPUs"
_NOT_SUPPORTED = {
    "Deberta": f"{_RELATIVE}; it would take several times as long as a BERT of its size",
    "XLNet": _RELATIVE,
    "Longformer": "its attention has a window of its own; a segment is one text of a full model's length",
    "BigBird": "its attention has blocks of its own; a segment is one text of a full model's length",
    "XLMRobertaXL": "its layer norms stand before its layers",
    "Albert": "its layers share their weights, and its embeddings are factored",
    "ModernBert": "it has rotary positions",
}
"""By the beginning of the class name, why not."""


@dataclass(frozen=True)
class EncoderConfig:
    """Sizes and head of an encoder. K is ``segment_length``, which holds the tokens that begin and end a text, too."""

    family: Family
    task: Task
    problem_type: ProblemType
    classes: tuple[str, ...]
    """Of the classifier, in its order: labels, or the tags of tokens."""
    labels_key: str
    """The key of the configuration that says how many there are."""
    layers: int
    segment_length: int
    vocabulary_size: int
    token_types: int
    """0 if the family has none."""
    embedding_size: int
    hidden_size: int
    attention_heads: int
    intermediate_size: int
    activation: Activation
    layer_norm_epsilon: float
    positions: int
    """Rows of their table."""
    pad_id: int
    """Which positions do not count, where they count tokens; else of no consequence."""

    @property
    def first_position(self) -> int:
        """That of a text's first token."""
        return self.pad_id + 1 if self.family.counts_positions else 0

    @property
    def answers_for_tokens(self) -> bool:
        return self.task == "token-classification"

    @property
    def architecture(self) -> str:
        """For a person."""
        return f"{self.family.name}, {self.layers} layers"


def family_of(content: Mapping[str, Any]) -> Family | None:
    """The family that a ``config.json`` names in ``architectures``, else as its model type."""
    named, model_type = _class_of(content), content.get("model_type")
    by_class = [family for family in FAMILIES if family.task_of(named)]
    return next(iter([*by_class, *(family for family in FAMILIES if model_type in family.model_types)]), None)


def _class_of(content: Mapping[str, Any]) -> str:
    match content.get("architectures"):
        case [str(name)]:
            return name
    return ""


def is_encoder(content: Mapping[str, Any]) -> bool:
    """Whether a ``config.json`` is that of an encoder of transformers, supported or not, and not of a HAT."""
    named = _class_of(content)
    return not named.startswith("HAT") and (family_of(content) is not None or named.endswith(tuple(HEADS)))


def inspect_config(content: Mapping[str, Any]) -> tuple[EncoderConfig, list[str], list[str]]:
    """The configuration, its problems, each of which begins with its key, and notes for a person; unusable values are made up."""
    family = family_of(content) or BERT
    reader = Hyperparameters({**family.defaults, **_in_berts_names(content, family)})
    problems = reader.problems
    task = _task(content, family, problems)
    repaired, notes = _usable_labels(content)
    classes, key = labels_of(repaired, problems)
    if key is None:
        notes.append(f"config.json names no labels (id2label); as in transformers, they are {' and '.join(classes)}")
    hidden_size = reader.integer("hidden_size")
    attention_heads = reader.integer("num_attention_heads")
    if hidden_size % attention_heads:
        problems.append(f"hidden_size is {hidden_size}, expected a multiple of num_attention_heads ({attention_heads})")
    problems += _other_models(content)
    pad_id = family.pad_id if family.pad_id is not None else _pad_id(reader)
    positions = reader.integer("max_position_embeddings")
    longest = positions - (pad_id + 1 if family.counts_positions else 0)
    if longest < _SHORTEST:
        problems.append(
            f"max_position_embeddings is {positions}, expected {_SHORTEST} more than come before a text's first token"
        )
    config = EncoderConfig(
        family=family,
        task=task,
        problem_type=_problem_type(content, task, classes, reader, notes),
        classes=classes,
        labels_key=key or "num_labels",
        layers=reader.integer("num_hidden_layers"),
        segment_length=max(longest, _SHORTEST),
        vocabulary_size=reader.integer("vocab_size"),
        token_types=reader.integer("type_vocab_size") if family.token_types else 0,
        embedding_size=reader.integer("embedding_size", default=hidden_size) if family is ELECTRA else hidden_size,
        hidden_size=hidden_size,
        attention_heads=attention_heads,
        intermediate_size=reader.integer("intermediate_size"),
        activation=reader.one_of("hidden_act", reader.given.get("hidden_act"), ACTIVATIONS, "gelu"),
        layer_norm_epsilon=family.epsilon or _epsilon(reader),
        positions=positions,
        pad_id=pad_id,
    )
    if family.relative_positions and reader.integer("relative_attention_num_buckets") < BUCKETS:
        problems.append(f"relative_attention_num_buckets is below {BUCKETS}, with which transformers computes")
    return config, _in_own_names(problems, family), notes


def _in_berts_names(content: Mapping[str, Any], family: Family) -> dict[str, Any]:
    ours = {own: name for name, own in family.keys.items()}
    return {ours.get(key, key): value for key, value in content.items() if value is not None}


def _in_own_names(problems: list[str], family: Family) -> list[str]:
    return [problem.replace(name, own) for problem in problems for name, own in [_key_of(problem, family)]]


def _key_of(problem: str, family: Family) -> tuple[str, str]:
    key = problem.partition(" ")[0]
    return key, family.keys.get(key, key)


def _task(content: Mapping[str, Any], family: Family, problems: list[str]) -> Task:
    named = _class_of(content)
    if task := family.task_of(named):
        return task
    heads = " or ".join(f"…{ending}" for ending in HEADS)
    supported = f"expected {heads} of {', '.join(name for each in FAMILIES for name in each.classes)}"
    reason = next((why for name, why in _NOT_SUPPORTED.items() if named.startswith(name)), None)
    if not named:
        problems.append(f"architectures is {content.get('architectures')!r}, expected a list of one class: {supported}")
    elif reason:
        problems.append(f"architectures: {named} is not supported, because {reason}; {supported}")
    else:
        problems.append(f"architectures: {named} is not supported; {supported}")
    return "document-classification"


def _usable_labels(content: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The configuration with labels that are names and differ, as people do not always write them, and what was changed."""
    given = content.get("id2label")
    if not isinstance(given, Mapping):
        return dict(content), []
    names: dict[str, str] = {}
    for number, label in given.items():
        name = label.strip() if isinstance(label, str) else json.dumps(label, ensure_ascii=False)
        name = name if name and label is not None else f"LABEL_{number}"
        names[str(number)] = name if name not in names.values() else f"{name} ({number})"
    changed = [f"{given[number]!r} {name!r}" for number, name in zip(given, names.values(), strict=True) if given[number] != name]
    notes = [f"id2label has labels that are no names or not different, which are called otherwise: {', '.join(changed)}"]
    return {**content, "id2label": names}, notes if changed else []


def _problem_type(
    content: Mapping[str, Any], task: Task, classes: tuple[str, ...], reader: Hyperparameters, notes: list[str]
) -> ProblemType:
    """Without the key, the rule of transformers: one output is a regression, several exclude each other."""
    if task == "token-classification":
        return "single-label"
    value = content.get("problem_type")
    if value is not None:
        return reader.one_of("problem_type", value, PROBLEM_TYPES, "single-label")
    if len(classes) == 1:
        return "regression"
    notes.append(
        f"config.json has no problem_type; as in transformers, its {len(classes)} labels are taken to exclude each other"
    )
    return "single-label"


def _pad_id(reader: Hyperparameters) -> int:
    pad_id, size = reader.integer("pad_token_id", minimum=0), reader.integer("vocab_size")
    if pad_id >= size:
        reader.problems.append(f"pad_token_id is {pad_id}, expected below vocab_size ({size})")
    return pad_id


def _epsilon(reader: Hyperparameters) -> float:
    epsilon = reader.given.get("layer_norm_eps")
    if isinstance(epsilon, bool) or not isinstance(epsilon, int | float) or not 0 < epsilon < 1:
        reader.problems.append(f"layer_norm_eps is {epsilon!r}, expected a number between 0 and 1")
        return 1e-12
    return float(epsilon)


def _other_models(content: Mapping[str, Any]) -> Iterator[str]:
    positions = content.get("position_embedding_type")
    if positions not in (None, "absolute"):
        yield f"position_embedding_type is {positions!r}, expected absolute: relative positions are not supported"
    for key in ("is_decoder", "is_encoder_decoder", "add_cross_attention"):
        if content.get(key):
            yield f"{key} is {content[key]!r}, expected none or false: cross attention and causal decoding are not supported"
    if pruned := content.get("pruned_heads"):
        yield f"pruned_heads is {pruned!r}, expected none: all attention heads are exported; save the model without pruning"
