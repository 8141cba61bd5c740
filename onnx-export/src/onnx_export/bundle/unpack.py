"""Turns a bundle back into a checkpoint, for those who have the bundle alone: to export it in another precision, or to train it on.

The packed graph of an fp32 bundle holds every weight under the name that it has in the checkpoint, matrices transposed and those that
share their input side by side. Two things come out otherwise than they once went in: token positions and the one token type, which a
graph only ever adds, are one table; and weights that a bundle stores as int8 are those that it computes with.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from safetensors.numpy import save_file

from onnx_export.bundle.given import CHECKPOINT_SETTINGS
from onnx_export.bundle.golden import golden_input, read_golden
from onnx_export.bundle.verify import checks
from onnx_export.checkpoints.labels import PROBLEM_TYPES
from onnx_export.contract import GOLDEN, MANIFEST, MODEL, MODEL_CARD, TOKENIZER
from onnx_export.export.agreement import Agreement, check_agreement
from onnx_export.export.golden_inputs import GOLDEN_INPUTS
from onnx_export.export.graph_settings import GraphSettings
from onnx_export.export.hat_model import HatModel
from onnx_export.hat.checkpoint import SEGMENT_POSITIONS, read_checkpoint
from onnx_export.hat.layout import encoder_layout, parse_layout
from onnx_export.json_files import read_json_object, write_json, write_json_lines
from onnx_export.onnx.storage import WORD_EMBEDDINGS
from onnx_export.problems import ExportError

Array = NDArray[np.float32]

_POSITIONS_AND_TYPE = "embeddings.position_and_type"
_ATTENTION_BIAS = ".attention.self.bias"
_NORMS = ("LayerNormalization", "SkipLayerNormalization")
_ACTIVATIONS = {"FastGelu": "gelu_new", "Relu": "relu", "Sigmoid": "silu"}
"""By the operator that no other part of a graph has; without any, the exact GELU."""


def unpack(bundle: Path, target: Path) -> Agreement:
    """Write the checkpoint of a bundle, and prove that another computation on it gives what the bundle's graph gives.

    Args:
        bundle: a bundle of precision fp32, whichever way its weights are stored.
        target: a folder that does not exist yet or is empty.

    Raises:
        ExportError: if ``bundle`` does not keep its promises or is not fp32, or ``target`` holds something.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ExportError(str(target), ["exists and is not empty: choose another place or remove it"])
    if failed := [f"{check.name}: {problem}" for check in checks(bundle) for problem in check.problems]:
        raise ExportError(str(bundle), failed)
    manifest = read_json_object(bundle / MANIFEST)
    if manifest["architecture"] != "hat":
        raise ExportError(str(bundle), [f"architecture is {manifest['architecture']}, expected hat: no other is unpacked"])
    if manifest["precision"] != "fp32":
        raise ExportError(
            str(bundle),
            [f"precision is {manifest['precision']}, whose weights are rounded: expected the fp32 bundle of the same model"],
        )
    target.mkdir(parents=True, exist_ok=True)
    model = onnx.load(bundle / MODEL)
    config = _config(model, manifest)
    write_json(target / "config.json", config)
    save_file(_weights(model, config), target / "model.safetensors")
    write_json(target / CHECKPOINT_SETTINGS, _settings(manifest))
    (target / TOKENIZER).write_bytes((bundle / TOKENIZER).read_bytes())
    (target / "MODEL_CARD.md").write_bytes((bundle / MODEL_CARD).read_bytes())
    golden = read_golden(bundle / GOLDEN, manifest["task"])
    write_json_lines(target / GOLDEN_INPUTS, [golden_input(record).record() for record in golden])
    return check_agreement(
        HatModel(read_checkpoint(target), GraphSettings(manifest["pad_segment"], manifest["segment_positions"])),
        (bundle / MODEL).read_bytes(),
    )


def _config(model: onnx.ModelProto, manifest: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    shapes = {constant.name: list(constant.dims) for constant in model.graph.initializer}
    operators = {node.op_type: node for node in model.graph.node}
    layers = parse_layout(metadata["layout"])
    vocabulary, width = next(shapes[name] for name in (WORD_EMBEDDINGS, f"{WORD_EMBEDDINGS}.int8") if name in shapes)
    labels = [label["name"] for label in manifest.get("labels", [])]
    problem_types = {ours: name for name, ours in PROBLEM_TYPES.items()}
    return {
        "architectures": [metadata["architecture"]],
        "encoder_layout": encoder_layout(layers),
        "num_hidden_layers": len(layers),
        "vocab_size": vocabulary,
        "type_vocab_size": 1,
        "hidden_size": width,
        "num_attention_heads": _attribute(operators["MultiHeadAttention"], "num_heads"),
        "intermediate_size": next(shape[0] for name, shape in shapes.items() if name.endswith(".intermediate.dense.bias")),
        "hidden_act": next((name for operator, name in _ACTIVATIONS.items() if operator in operators), "gelu"),
        "layer_norm_eps": _attribute(next(operators[norm] for norm in _NORMS if norm in operators), "epsilon"),
        "max_sentence_length": manifest["segmentation"]["segment_length"],
        "max_sentences": manifest["segmentation"]["max_segments"],
        "pad_token_id": manifest["special_tokens"]["pad"],
        "cls_token_id": manifest["special_tokens"]["cls"],
        **({"pooler_type": metadata["pooling"]} if metadata["pooling"] else {}),
        **({"id2label": {str(index): label for index, label in enumerate(labels)}} if labels else {}),
        **({"problem_type": problem_types[manifest["problem_type"]]} if labels else {}),
    }


def _attribute(node: onnx.NodeProto, name: str) -> Any:
    return next(onnx.helper.get_attribute_value(each) for each in node.attribute if each.name == name)


def _weights(model: onnx.ModelProto, config: Mapping[str, Any]) -> dict[str, Array]:
    """By the checkpoint's names and in its shapes: a linear layer is [out, in]."""
    constants = {constant.name: numpy_helper.to_array(constant) for constant in model.graph.initializer}
    weights: dict[str, Array] = {}
    for name, value in constants.items():
        if name.endswith(".int8"):
            stored = name.removesuffix(".int8")
            wide = value.astype(np.float32) * constants[f"{stored}.scale"]
            weights |= {stored: wide} if stored == WORD_EMBEDDINGS else _linear_layers(stored, wide)
        elif name == _POSITIONS_AND_TYPE:
            weights["embeddings.position_embeddings.weight"] = value
            weights["embeddings.token_type_embeddings.weight"] = np.zeros((1, value.shape[1]), np.float32)
        elif name == SEGMENT_POSITIONS:
            first = next(index for index, blocks in config["encoder_layout"].items() if blocks["document_encoder"])
            weights[f"encoder.layer.{first}.position_embeddings.weight"] = value
        elif name.endswith(_ATTENTION_BIAS):
            attention = name.removesuffix(".bias")
            for part, bias in zip(("query", "key", "value"), np.split(value, 3), strict=True):
                weights[f"{attention}.{part}.bias"] = bias
        elif name.endswith(".weight") and value.ndim == 2 and name != WORD_EMBEDDINGS:
            weights |= _linear_layers(name.removesuffix(".weight"), value)
        elif name.endswith((".weight", ".bias")):
            weights[name] = value
    return {name: np.ascontiguousarray(weight) for name, weight in weights.items()}


def _linear_layers(names: str, matrix: Array) -> dict[str, Array]:
    """[inputs, outputs] of linear layers side by side, which have as many outputs each."""
    layers = names.split("+")
    return {f"{name}.weight": part.T for name, part in zip(layers, np.split(matrix, len(layers), axis=1), strict=True)}


def _settings(manifest: Mapping[str, Any]) -> dict[str, Any]:
    provenance = manifest["provenance"]
    labels = manifest.get("labels", [])
    return {
        "name": manifest["name"],
        "version": manifest["version"],
        **({"thresholds": {label["name"]: label["threshold"] for label in labels}} if labels else {}),
        **({"metrics": provenance["metrics"]} if "metrics" in provenance else {}),
        **({"text": manifest["text"]} if "text" in manifest else {}),
        "segmenter": manifest["segmentation"]["segmenter"],
        "window_overlap": manifest["segmentation"]["window_overlap"],
        "pad_segment": manifest["pad_segment"],
        "segment_positions": manifest["segment_positions"],
    }
