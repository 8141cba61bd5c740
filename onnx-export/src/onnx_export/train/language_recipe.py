"""How a language model is trained: every choice of a training that changes its outcome."""

from __future__ import annotations

import math
from dataclasses import dataclass

from onnx_export.hourglass.config import HourglassConfig
from onnx_export.hourglass.operations import operations
from onnx_export.train.recipe import MixedPrecision, out_of_bounds


@dataclass(frozen=True)
class LanguageRecipe:
    megabytes: float = 100.0
    """Of text that it reads, 1,000,000 bytes each; the learning rate falls to nearly nothing over them."""
    window_length: int = 512
    batch_windows: int = 16
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    dropout: float = 0.0
    mixed_precision: MixedPrecision = "no"
    held_out: float = 0.05
    """Share of the groups of texts that it does not learn from, but is measured on."""
    seed: int = 7

    def __post_init__(self) -> None:
        bounds: dict[str, tuple[float, float]] = {
            "window_length": (2, 65_536),
            "batch_windows": (1, math.inf),
            "weight_decay": (0, 10),
            "dropout": (0, 0.9),
            "held_out": (0.0001, 0.9),
        }
        problems = out_of_bounds(self, bounds)
        problems += [
            f"{name} is {getattr(self, name)}, expected above 0"
            for name in ("megabytes", "learning_rate")
            if not 0 < getattr(self, name) < math.inf
        ]
        if problems:
            raise ValueError("; ".join(problems))

    @property
    def steps(self) -> int:
        return math.ceil(self.megabytes * 1e6 / (self.batch_windows * self.window_length))

    def rate(self, step: int) -> float:
        """The learning rate: up over the first fiftieth of the steps, then down along half a cosine to a fiftieth."""
        part = step / self.steps
        return self.learning_rate * min(1.0, part * 50 + 1 / self.steps) * (0.51 + 0.49 * math.cos(math.pi * part))


def megabytes_for(teraflop: float, config: HourglassConfig, window_length: int) -> float:
    """Megabytes of text that so many 10^12 operations pay for, three for each of a run: the way back costs twice as much.

    Raises:
        ValueError: if the windows cannot be shortened without padding.
    """
    return teraflop * 1e6 * window_length / (3 * operations(config, window_length))
