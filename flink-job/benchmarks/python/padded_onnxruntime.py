"""onnxruntime, nothing around it: batches of 8 windows, each padded to the longest of its batch."""

from __future__ import annotations

from collections.abc import Callable

import onnxruntime
import protocol
from protocol import BATCH, Clock, Logits, Slice, Window

options = protocol.arguments()
session_options = onnxruntime.SessionOptions()
session_options.intra_op_num_threads = options.threads
session = onnxruntime.InferenceSession(options.graph, session_options, providers=["CPUExecutionProvider"])


def classify(slice: Slice, windows: list[Window]) -> Logits:
    logits: Logits = []
    for first in range(0, len(windows), BATCH):
        batch = windows[first : first + BATCH]
        longest = max(len(window.segments) for window in batch)
        (answers,) = session.run(None, {"input_ids": slice.padded(batch, longest)})
        logits += [rows[: len(window.segments)] for window, rows in zip(batch, answers, strict=True)]
    return logits


def prepare(slice: Slice) -> Callable[[], tuple[int, Logits]]:
    classify(slice, slice.warm_up)

    def run() -> tuple[int, Logits]:
        clock = Clock()
        clock.enter()
        logits = classify(slice, slice.measured)
        clock.leave()
        return clock.nanos, logits

    return run


protocol.answer(prepare)
