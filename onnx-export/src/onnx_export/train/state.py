"""What a training that was cut off goes on from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

_STATE = "training-state"


def write_state(folder: Path, state: Mapping[str, Any]) -> None:
    """Replace the state in one step."""
    part = folder / f"{_STATE}.part"
    torch.save(state, part)
    os.replace(part, folder / f"{_STATE}.pt")


def read_state(folder: Path, device: torch.device) -> dict[str, Any] | None:
    """What ``write_state`` wrote last; None if nothing."""
    path = folder / f"{_STATE}.pt"
    return torch.load(path, weights_only=True, map_location=device) if path.exists() else None
