"""How a HAT is trained: every choice of a training that changes its outcome."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from onnx_export.hat.layout import parse_layout, too_large_steps
from onnx_export.text.segmentation import SegmenterName

MixedPrecision = Literal["no", "bf16"]


def out_of_bounds(recipe: object, bounds: Mapping[str, tuple[float, float]]) -> list[str]:
    """The values of a recipe that are not from the least to the most that are allowed, each in a sentence."""
    return [
        f"{name} is {getattr(recipe, name)}, expected {f'at least {low}' if high == math.inf else f'{low} to {high}'}"
        for name, (low, high) in bounds.items()
        if not low <= getattr(recipe, name) <= high
    ]


@dataclass(frozen=True)
class Recipe:
    layout: str = "S|S|SD|S|S|SD"
    segment_length: int = 128
    max_segments: int = 64
    window_overlap: int = 16
    segmenter: SegmenterName = "sentence"
    passes: float = 8.0
    hours: float = math.inf
    batch_segments: int = 64
    learning_rate: float = 1.5e-4
    head_learning_rate: float = 5e-4
    weight_decay: float = 0.01
    largest_positive_weight: float = 15.0
    document_loss: float = 0.2
    negative_windows_kept: float = 0.25
    negative_segments_kept: float = 1.0
    """Of the segments without a label, which share a pass shows; those shown weigh more in return."""
    vary_segments: float = 0.0
    """In every pass each text is cut with a segment length drawn from (1 − this)·K … K."""
    dropout: float = 0.1
    """Of the encoder; the head's is always 0.1."""
    mask_tokens: float = 0.0
    """Share of tokens that a pass hides behind [MASK]."""
    teacher_share: float = 0.0
    """Of each target, what the lexical teacher thinks; the rest is what the annotation says."""
    teacher_characters: bool = False
    """Whether the lexical teacher looks at runs of characters, too, and not at words alone."""
    weight_average: float = 0.0
    """What is evaluated and kept is an average of the weights over steps, in which each step weighs this times the next; 0 for the
    last step's alone."""
    mixed_precision: MixedPrecision = "no"
    """bf16: matrix products of training in bfloat16, all else in float32."""
    evaluate_every: int = 1
    """Passes."""
    seed: int = 7

    def __post_init__(self) -> None:
        layers = parse_layout(self.layout)  # refuses what is no layout
        bounds: dict[str, tuple[float, float]] = {
            "segment_length": (2, math.inf),
            "max_segments": (1, math.inf),
            "window_overlap": (0, self.max_segments - 1),
            "batch_segments": (1, math.inf),
            "negative_windows_kept": (0, math.inf),
            "negative_segments_kept": (0.01, 1),
            "vary_segments": (0, 0.9),
            "dropout": (0, 0.9),
            "mask_tokens": (0, 0.9),
            "teacher_share": (0, 1),
            "weight_average": (0, 0.9999),
            "evaluate_every": (1, math.inf),
        }
        problems = out_of_bounds(self, bounds)
        problems += [
            f"{name} is {getattr(self, name)}, expected above 0" for name in ("passes", "hours") if getattr(self, name) <= 0
        ]
        problems += [
            f"layout {self.layout!r}: /{layers[index].shorten_factor} {reason}"
            for index, reason in too_large_steps(layers, self.segment_length)
        ]
        if problems:
            raise ValueError("; ".join(problems))
