"""``manifest.json``: what a bundle promises, and whether it is one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema

from onnx_export.bundle.tagging import labels_of_tags
from onnx_export.contract import MANIFEST, SegmentPooling, Task
from onnx_export.encoder.config import EncoderConfig
from onnx_export.hat.config import HatConfig
from onnx_export.hourglass.config import HourglassConfig
from onnx_export.json_files import read_json_object
from onnx_export.onnx.packing import PackedLayout
from onnx_export.problems import ExportError

FORMAT_VERSION = "1.0"

_SCHEMA = "bundle-manifest.schema.json"


def schema() -> dict[str, Any]:
    """The JSON schema of manifests, which Java uses too: a copy in an installed package, the source itself in a checkout."""
    packaged = resources.files("onnx_export") / _SCHEMA
    if packaged.is_file():
        text = packaged.read_text(encoding="utf-8")
    else:
        text = (Path(__file__).parents[4] / "schemas/src/main/json" / _SCHEMA).read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a bundle folder.

    Raises:
        ExportError: if it cannot be read or does not keep to its form.
    """
    manifest = read_json_object(folder / MANIFEST)
    if problems := manifest_problems(manifest):
        raise ExportError(str(folder / MANIFEST), problems)
    return manifest


def manifest_problems(manifest: object) -> list[str]:
    """Everything that keeps ``manifest`` from being the manifest of a bundle that this version reads; empty if it is one."""
    if isinstance(manifest, Mapping):
        version = manifest.get("format_version")
        if isinstance(version, str) and version.partition(".")[0] != FORMAT_VERSION.partition(".")[0]:
            return [f"format_version is {version}, expected {FORMAT_VERSION.partition('.')[0]}.x: use a matching release"]
    errors = sorted(jsonschema.Draft202012Validator(schema()).iter_errors(manifest), key=lambda error: error.json_path)
    if errors:
        return [_sentence(error) for error in errors]
    assert isinstance(manifest, Mapping)
    return list(_contradictions(manifest))


def _sentence(error: jsonschema.ValidationError) -> str:
    reason = error.message
    if error.validator == "not":
        reason = {
            "$.task": f"{error.instance} is no task of this architecture",
            "$.windows.overlap": "has no meaning beside a gap, expected one of the two",
        }.get(error.json_path, "has no meaning for this task, expected none")
    return f"{error.json_path}: {reason}"


def _contradictions(manifest: Mapping[str, Any]) -> list[str]:
    """What a schema cannot say."""
    return (
        _contradictions_of_hourglass(manifest)
        if manifest["architecture"] == "hourglass"
        else _contradictions_of_segments(manifest)
    )


def _contradictions_of_hourglass(manifest: Mapping[str, Any]) -> list[str]:
    problems = []
    windows, vocabulary = manifest["windows"], manifest["symbols"].get("vocabulary", [])
    if windows.get("overlap", 0) >= windows["length"]:
        problems.append(f"windows.overlap is {windows['overlap']}, expected below windows.length ({windows['length']})")
    if len(set(vocabulary)) < len(vocabulary):
        problems.append("symbols.vocabulary has a character twice, expected characters that differ")
    names = [label["name"] for label in manifest.get("labels", [])]
    classes = len(names) if manifest["task"] == "document-classification" else 0
    tensors = symbol_tensors(offset=manifest["shortening"]["boundaries"] == "fixed", classes=classes)
    if manifest["graph"] != tensors:
        problems.append(f"graph is {manifest['graph']}, expected {tensors} for this task, boundaries and labels")
    return [*_repeated_labels(names), *problems]


def _repeated_labels(names: Sequence[str]) -> list[str]:
    return [f"labels are {names}, expected names that differ"] if len(set(names)) < len(names) else []


def _contradictions_of_segments(manifest: Mapping[str, Any]) -> list[str]:
    problems = []
    segmentation = manifest["segmentation"]
    if segmentation["window_overlap"] >= segmentation["max_segments"]:
        problems.append(
            f"segmentation.window_overlap is {segmentation['window_overlap']}, "
            f"expected below max_segments ({segmentation['max_segments']})"
        )
    names = [label["name"] for label in manifest.get("labels", [])]
    problems += _repeated_labels(names)
    task = manifest["task"]
    tags = manifest.get("tags", [])
    if tags and labels_of_tags(tags) != names:
        problems.append(f"labels are {names}, expected those of the tags, {labels_of_tags(tags)}")
    # How wide a vector or a vocabulary is, the graph alone says.
    width = len(tags) or len(names) or (1 if task == "multiple-choice" else manifest["graph"]["outputs"][0]["shape"][-1])
    pools = manifest["architecture"] == "hat"
    tensors = graph_tensors(task, segment_length=segmentation["segment_length"], width=width, pools=pools)
    if manifest["graph"] != tensors or not isinstance(width, int):
        problems.append(f"graph is {manifest['graph']}, expected {tensors} for this task, segment length and labels")
    return problems


def _tensor(name: str, kind: str, *shape: str | int) -> dict[str, Any]:
    return {"name": name, "type": kind, "shape": list(shape)}


def symbol_tensors(*, offset: bool, classes: int) -> dict[str, Any]:
    """Inputs and outputs of a packed graph over symbols, in the form of the manifest; of a language model, which has no classes, 0."""
    output = _tensor("logits", "float32", "W", classes) if classes else _tensor("log_likelihood", "float32", "W", "L")
    return {
        "inputs": [
            _tensor("input_ids", "int64", "W", "L"),
            _tensor("attention_mask", "int64", "W", "L"),
            *([_tensor("offset", "int64", "W")] if offset else []),
        ],
        "outputs": [output],
    }


def graph_tensors(task: Task, *, segment_length: int, width: int, pools: bool = True) -> dict[str, Any]:
    """Inputs and outputs of a packed graph over segments, in the form of the manifest.

    Args:
        task: of the model.
        segment_length: K.
        width: the last axis of each output.
        pools: whether the graph answers for documents, as that of a HAT does; an encoder's answers for segments alone.
    """

    def output(name: str, *shape: str | int) -> dict[str, Any]:
        return _tensor(name, "float32", *shape, width)

    outputs: dict[Task, Sequence[dict[str, Any]]] = {
        "document-classification": [*([output("logits", "B")] if pools else []), output("segment_logits", "S")],
        "token-classification": [output("token_logits", "S", segment_length)],
        "segment-classification": [output("segment_logits", "S")],
        "multiple-choice": [output("logits", "B"), output("segment_logits", "S")],
        "masked-lm": [output("token_logits", "S", segment_length)],
        "embedding": [output("embedding", "B"), output("segment_embeddings", "S")],
    }
    return {
        "inputs": [
            _tensor("input_ids", "int64", "S", segment_length),
            _tensor("attention_mask", "int64", "S", segment_length),
            _tensor("document_index", "int64", "S"),
            _tensor("segment_index", "int64", "S"),
        ],
        "outputs": list(outputs[task]),
    }


def packed_layout(manifest: Mapping[str, Any]) -> PackedLayout:
    """What packing needs of a valid manifest."""
    return PackedLayout(
        segment_length=manifest["segmentation"]["segment_length"],
        max_segments=manifest["segmentation"]["max_segments"],
        cls_id=manifest["special_tokens"]["cls"],
        pad_id=manifest["special_tokens"]["pad"],
        pad_segment=manifest.get("pad_segment", "none"),
    )


def hourglass_part(config: HourglassConfig) -> dict[str, Any]:
    """The part of an Hourglass model's manifest that the model alone decides."""
    vocabulary = {"kind": "characters", "vocabulary": list(config.vocabulary)} if config.vocabulary else {"kind": "bytes"}
    boundaries = config.groups.boundaries if config.groups is not None else "levels" if config.levels else "none"
    return {
        "architecture": "hourglass",
        "task": "language-model" if config.causal else "document-classification",
        **({"scores_first_symbol": config.shifted} if config.causal else {"problem_type": config.problem_type}),
        "symbols": vocabulary,
        "shortening": {"layout": config.layout, "boundaries": boundaries},
        "precision": "fp32",
        "graph": symbol_tensors(offset=config.has_offset, classes=len(config.labels)),
    }


def encoder_part(config: EncoderConfig, pooling: SegmentPooling | None) -> dict[str, Any]:
    """The part of an encoder's manifest that the model alone decides, and how the logits of segments are pooled."""
    tensors = graph_tensors(config.task, segment_length=config.segment_length, width=len(config.classes), pools=False)
    return {
        "architecture": "encoder",
        "task": config.task,
        "problem_type": config.problem_type,
        **({"tags": list(config.classes)} if config.answers_for_tokens else {"pooling": pooling}),
        "graph": tensors,
    }


def model_part(config: HatConfig) -> dict[str, Any]:
    """The part of a HAT model's manifest that the model alone decides."""
    problem_type = {"problem_type": config.problem_type} if config.head.classifies else {}
    pooling = {"pooling": config.pooling} if config.pooling else {}
    return {
        "architecture": "hat",
        "task": config.head.task,
        **problem_type,
        "special_tokens": {"cls": config.cls_id, "pad": config.pad_id},
        **pooling,
        "precision": "fp32",
        "graph": graph_tensors(config.head.task, segment_length=config.segment_length, width=config.width),
    }
