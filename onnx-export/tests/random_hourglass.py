"""Checkpoint folders of Hourglass language models with seeded random weights, as the two originals name them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from onnx_export.hourglass.config import parameters
from onnx_export.hourglass.pytorch import FREQUENCIES, read_pytorch_config, state_shapes
from onnx_export.hourglass.trax import read_trax_config


def trax_config(hierarchy: str = "2@3", **others: Any) -> dict[str, Any]:
    """A ``config.json`` of the paper's code, over bytes."""
    return {
        "implementation": "trax",
        "model": "HourglassLM",
        "vocab_size": 256,
        "d_model": 32,
        "d_ff": 48,
        "vanilla_layers": [1, 1],
        "hierarchy": hierarchy,
        "n_heads": 4,
        "attention_upsampling_fn": "NaiveUpsampling",
        **others,
    }


def encoder_config(**others: Any) -> dict[str, Any]:
    """A ``config.json`` of an encoder over bytes, with the paper's layers and three labels."""
    labels = {"labels": ["contract", "complaint", "letter"], "problem_type": "single-label"}
    return {**trax_config(), **labels, **others, "model": "HourglassEncoder"}


def pytorch_config(boundaries_type: str = "fixed", **others: Any) -> dict[str, Any]:
    """A ``config.json`` of the authors' PyTorch code, over letters and the space."""
    return {
        "implementation": "pytorch",
        "model": "MemTransformerLM",
        "n_token": 27,
        "n_head": 2,
        "d_model": 32,
        "d_head": 12,
        "d_inner": 48,
        "pre_lnorm": False,
        "model_config": "[1, (2,), 1]",
        "activation_function": "gelu",
        "boundaries_type": boundaries_type,
        "fixed_sf": 3,
        "vocab": [" ", *"etaoinshrdlcumwfgypbvkjxqz"],
        **others,
    }


def write_hourglass(
    folder: Path, config: Mapping[str, Any], *, seed: int = 0, known: Mapping[str, np.ndarray] | None = None
) -> Path:
    """Write ``config.json`` and ``model.safetensors``; weights of trax that are ``known`` are not random."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    random = np.random.default_rng(seed)
    if config["implementation"] == "trax":
        model, problems = read_trax_config(config)
        shapes = parameters(model)
        weights = {name: _weights(name, shape, random) for name, shape in shapes.items()} | dict(known or {})
        tensors = {
            f"flat_weights.{index:04}": _stored_by_trax(name, weight) for index, (name, weight) in enumerate(weights.items())
        }
    else:
        model, problems = read_pytorch_config(config)
        tensors = {name: _weights(name, shape, random) for name, shape in state_shapes(parameters(model)).items()}
        places = np.arange(0, model.width, 2, dtype=np.float32) / np.float32(model.width)
        tensors[FREQUENCIES] = (1 / np.float32(10000) ** places).astype(np.float32)
    assert not problems, problems
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, folder / "model.safetensors")
    return folder


def _weights(name: str, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    values = random.standard_normal(shape).astype(np.float32)
    if len(shape) == 1:  # norms and biases
        return values * np.float32(0.1) + np.float32("norm" in name and name.endswith("weight"))
    return values if "emb" in name else values * np.float32(1.2 / np.sqrt(shape[-1]))


def _stored_by_trax(name: str, weights: np.ndarray) -> np.ndarray:
    if name in ("content_bias", "position_bias"):
        return weights[None, :, None]
    return weights.T if weights.ndim == 2 and name != "embedding.weight" else weights
