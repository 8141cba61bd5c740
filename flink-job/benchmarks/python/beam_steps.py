"""What happens inside Beam's pipeline. A module of its own, because Beam pickles functions of the main script by value, state included."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np
import onnxruntime
from apache_beam.ml.inference.base import PredictionResult
from protocol import Clock


class Run:
    """State of the run under way; the runner's workers are threads of this process."""

    clock = Clock()
    answers: ClassVar[list[Any]] = []
    warm_up = 0
    entered = 0
    pad = 0

    @classmethod
    def begin(cls, warm_up: int, pad: int) -> None:
        cls.clock, cls.answers, cls.warm_up, cls.entered, cls.pad = Clock(), [], warm_up, 0, pad


def entering(window: Any) -> Any:
    Run.entered += 1
    if Run.entered > Run.warm_up:
        Run.clock.enter()
    return window


def pad_to_longest(
    session: onnxruntime.InferenceSession, batch: Sequence[np.ndarray[Any, Any]], inference_args: Any = None
) -> Iterable[np.ndarray[Any, Any]]:
    longest = max(len(window) for window in batch)
    ids = np.stack([np.pad(window, ((0, longest - len(window)), (0, 0)), constant_values=Run.pad) for window in batch])
    (logits,) = session.run(None, {"input_ids": ids})
    return list(logits)


def leaving(result: PredictionResult) -> None:
    inference = result.inference
    Run.answers.append(inference["segment_logits"] if isinstance(inference, dict) else inference)
    Run.clock.leave()
