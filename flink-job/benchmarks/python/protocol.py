"""How a script talks to PythonContender.java: slices in, answers out, one line each; and the arithmetic of padding."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BATCH = 8


@dataclass(frozen=True)
class Window:
    """What the model looks at together: up to N segments of token ids, CLS included."""

    document: str
    segments: list[list[int]]


@dataclass(frozen=True)
class Slice:
    segment_length: int
    max_segments: int
    pad: int
    warm_up: list[Window]
    measured: list[Window]

    def padded(self, windows: list[Window], segments: int) -> NDArray[np.int64]:
        """[windows, segments, K]"""
        ids = np.full((len(windows), segments, self.segment_length), self.pad, np.int64)
        for w, window in enumerate(windows):
            for s, segment in enumerate(window.segments):
                ids[w, s, : len(segment)] = segment
        return ids


Logits = list[NDArray[np.float32]]
"""[n, C] for every window of n segments."""


def arguments(**options: Any) -> argparse.Namespace:
    """What Java says of every script, and options of the script itself: their choices, or None for any value."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--graph", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--device", default="cpu", help="cpu or cuda:N")
    parser.add_argument("--batch", type=int, default=BATCH, help="windows of one call")
    for name, choices in options.items():
        parser.add_argument(f"--{name}", choices=choices, required=True)
    return parser.parse_args()


def _windows(documents: list[dict[str, Any]]) -> list[Window]:
    return [Window(each["id"], segments) for each in documents for segments in each["windows"]]


def _read(path: str) -> Slice:
    with open(path, encoding="utf-8") as file:
        slice = json.load(file)
    packing = slice["packing"]
    return Slice(
        packing["segmentLength"], packing["maxSegments"], packing["pad"], _windows(slice["warmUp"]), _windows(slice["measured"])
    )


def answer(prepare: Callable[[Slice], Callable[[], tuple[int, Logits]]]) -> None:
    """Serve until the other side is gone.

    Args:
        prepare: does all that is not measured, and returns what runs the measured windows: nanoseconds, and logits in their order.
    """
    sys.stdout.flush()
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is no answer
    for line in sys.stdin:
        command, _, path = line.strip().partition(" ")
        if command == "run":
            slice = _read(path)
            run = prepare(slice)
            print("ready", file=replies, flush=True)
        elif command == "go":
            nanos, logits = run()
            by_document: dict[str, list[Any]] = {}
            for window, values in zip(slice.measured, logits, strict=True):
                by_document.setdefault(window.document, []).append([[round(float(x), 6) for x in row] for row in values])
            print(json.dumps({"nanos": nanos, "logits": by_document}), file=replies, flush=True)


def in_batches(slice: Slice, windows: list[Window], size: int, run: Callable[[NDArray[np.int64]], NDArray[np.float32]]) -> Logits:
    """Runs windows in batches, each padded to the longest of its batch: [B, N, K] ids in, [B, N, C] logits out."""
    logits: Logits = []
    for first in range(0, len(windows), size):
        batch = windows[first : first + size]
        longest = max(len(window.segments) for window in batch)
        answers = run(slice.padded(batch, longest))
        logits += [rows[: len(window.segments)] for window, rows in zip(batch, answers, strict=True)]
    return logits


def serve_batches(size: int, run: Callable[[NDArray[np.int64]], NDArray[np.float32]]) -> None:
    """Serve with batches of so many windows, one after the other."""

    def prepare(slice: Slice) -> Callable[[], tuple[int, Logits]]:
        in_batches(slice, slice.warm_up, size, run)

        def measured() -> tuple[int, Logits]:
            clock = Clock()
            clock.enter()
            logits = in_batches(slice, slice.measured, size, run)
            clock.leave()
            return clock.nanos, logits

        return measured

    answer(prepare)


class Clock:
    """Nanoseconds from the first thing that enters to the last that leaves."""

    def __init__(self) -> None:
        self.begun = 0
        self.ended = 0

    def enter(self) -> None:
        self.begun = self.begun or time.perf_counter_ns()

    def leave(self) -> None:
        self.ended = time.perf_counter_ns()

    @property
    def nanos(self) -> int:
        return self.ended - self.begun
