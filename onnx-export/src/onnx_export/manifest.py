"""``manifest.json``: what a bundle promises, and whether it is one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema

from onnx_export.config import HatConfig, Head
from onnx_export.packing import PackedLayout

FORMAT_VERSION = "1.0"
MANIFEST, MODEL, TOKENIZER, GOLDEN, MODEL_CARD = (
    "manifest.json",
    "model.onnx",
    "tokenizer.json",
    "golden.jsonl",
    "README.md",
)

_SCHEMA = "bundle-manifest.schema.json"


def schema() -> dict[str, Any]:
    """The JSON schema of manifests, which Java uses too: a copy in an installed package, the source itself in a checkout."""
    packaged = resources.files("onnx_export") / _SCHEMA
    if packaged.is_file():
        text = packaged.read_text(encoding="utf-8")
    else:
        text = (Path(__file__).parents[3] / "schemas/src/main/json" / _SCHEMA).read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def manifest_problems(manifest: object) -> list[str]:
    """Everything that keeps ``manifest`` from being the manifest of a bundle that this version reads; empty if it is one."""
    if isinstance(manifest, Mapping):
        version = manifest.get("format_version")
        if isinstance(version, str) and version.partition(".")[0] != FORMAT_VERSION.partition(".")[0]:
            return [f"format_version is {version}, expected {FORMAT_VERSION.partition('.')[0]}.x: use a matching release"]
    errors = sorted(jsonschema.Draft202012Validator(schema()).iter_errors(manifest), key=lambda error: error.json_path)
    if errors:
        return [f"{error.json_path}: {error.message}" for error in errors]
    assert isinstance(manifest, Mapping)
    return list(_contradictions(manifest))


def _contradictions(manifest: Mapping[str, Any]) -> list[str]:
    """What a schema cannot say."""
    problems = []
    segmentation = manifest["segmentation"]
    if segmentation["window_overlap"] >= segmentation["max_segments"]:
        problems.append(
            f"segmentation.window_overlap is {segmentation['window_overlap']}, "
            f"expected below max_segments ({segmentation['max_segments']})"
        )
    names = [label["name"] for label in manifest["labels"]]
    if len(set(names)) < len(names):
        problems.append(f"labels are {names}, expected names that differ")
    pools = manifest["task"] == "document-classification"
    if pools and "pooling" not in manifest:
        problems.append("pooling is missing, expected one for document-classification")
    if not pools and "pooling" in manifest:
        problems.append(f"pooling is {manifest['pooling']}, expected none for {manifest['task']}")
    expected = graph_tensors(document_logits=pools, segment_length=segmentation["segment_length"], labels=len(names))
    if manifest["graph"] != expected:
        problems.append(f"graph is {manifest['graph']}, expected {expected} for this task, segment length and labels")
    return problems


def graph_tensors(*, document_logits: bool, segment_length: int, labels: int) -> dict[str, Any]:
    """Inputs and outputs of a packed graph, in the form of the manifest."""

    def tensor(name: str, kind: str, *shape: str | int) -> dict[str, Any]:
        return {"name": name, "type": kind, "shape": list(shape)}

    outputs = [tensor("logits", "float32", "B", labels)] if document_logits else []
    return {
        "inputs": [
            tensor("input_ids", "int64", "S", segment_length),
            tensor("attention_mask", "int64", "S", segment_length),
            tensor("document_index", "int64", "S"),
            tensor("segment_index", "int64", "S"),
        ],
        "outputs": [*outputs, tensor("segment_logits", "float32", "S", labels)],
    }


def packed_layout(manifest: Mapping[str, Any]) -> PackedLayout:
    """What packing needs of a valid manifest."""
    return PackedLayout(
        segment_length=manifest["segmentation"]["segment_length"],
        max_segments=manifest["segmentation"]["max_segments"],
        cls_id=manifest["special_tokens"]["cls"],
        pad_id=manifest["special_tokens"]["pad"],
        pad_segment=manifest["pad_segment"],
    )


def model_part(config: HatConfig) -> dict[str, Any]:
    """The part of a manifest that the model alone decides."""
    pooling = {"pooling": config.pooling} if config.pooling else {}
    return {
        "architecture": "hat",
        "task": config.head.task,
        "problem_type": config.problem_type,
        "special_tokens": {"cls": config.cls_id, "pad": config.pad_id},
        **pooling,
        "precision": "fp32",
        "graph": graph_tensors(
            document_logits=config.head is Head.DOCUMENT,
            segment_length=config.segment_length,
            labels=len(config.labels),
        ),
    }
