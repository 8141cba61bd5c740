"""Which architecture a checkpoint folder holds."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from onnx_export.encoder.config import is_encoder
from onnx_export.hourglass.checkpoint import holds_hourglass
from onnx_export.json_files import read_json_object
from onnx_export.problems import ExportError

Architecture = Literal["hat", "encoder", "hourglass"]


def architecture_of(folder: Path) -> Architecture:
    """The architecture of a checkpoint; of a folder that is not there, the first one, whose reader says so.

    Raises:
        ExportError: if the folder holds no checkpoint of any, or its config.json cannot be read.
    """
    if holds_hourglass(folder):
        return "hourglass"
    if folder.is_dir() and not (folder / "config.json").exists():
        raise ExportError(
            str(folder),
            [
                "holds no checkpoint: expected config.json with model.safetensors or pytorch_model.bin (HAT, or an encoder of "
                "transformers), or of a language model config.json with model.safetensors, config.gin with model.pkl.gz (trax), or checkpoint_last.pt (PyTorch)"
            ],
        )
    config = folder / "config.json"
    return "encoder" if config.is_file() and is_encoder(read_json_object(config)) else "hat"
