"""Which bundle is faster on this machine.

Bundles take turns on the same kind of batch, so that whatever else the machine does strikes all of them alike; a table shows the
median time per segment, and the median of the ratios to the first bundle of the same turn.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from onnx_export.bundle.manifest import packed_layout, read_manifest
from onnx_export.contract import MODEL, TOKENIZER
from onnx_export.hourglass.config import BYTES
from onnx_export.onnx.packing import PackedBatch, PackedLayout, Segments, open_session
from onnx_export.onnx.symbol_windows import SymbolWindow, pack_windows
from onnx_export.text.tokenization import TextTokenizer

_DOCUMENT = 8
"""Segments of a document in the batches measured, unless windows are shorter."""


@dataclass(frozen=True)
class Timing:
    """Median milliseconds per segment, or window of an Hourglass model, and how many times faster than the first of the graphs measured together."""

    milliseconds: float
    speedup: float


def batches(layout: PackedLayout, vocabulary: int, segments: int, seed: int = 1) -> dict[str, PackedBatch]:
    """A batch of full segments, and one whose segments are filled by 15 to 100 %, as sentences fill them."""
    random = np.random.default_rng(seed)

    def batch(shortest: float) -> PackedBatch:
        K, length = layout.segment_length, min(_DOCUMENT, layout.max_segments)
        fill = random.integers(max(1, round(shortest * K)), K, segments, endpoint=True)
        tokens = [[layout.cls_id, *map(int, random.integers(0, vocabulary, count - 1))] for count in fill]
        documents: list[Segments] = [tokens[first : first + length] for first in range(0, segments, length)]
        return layout.pack(documents)

    return {"full": batch(1.0), "mixed": batch(0.15)}


def symbol_batches(length: int, vocabulary: int, windows: int, seed: int = 1) -> dict[str, list[SymbolWindow]]:
    """The same of windows of an Hourglass model: full ones, and some filled by 15 to 100 %."""
    random = np.random.default_rng(seed)

    def batch(shortest: float) -> list[SymbolWindow]:
        fill = random.integers(max(1, round(shortest * length)), length, windows, endpoint=True)
        return [SymbolWindow([*map(int, random.integers(0, vocabulary, count))]) for count in fill]

    return {"full": batch(1.0), "mixed": batch(0.15)}


@dataclass(frozen=True)
class Contender:
    """The graph of a bundle, ready to run, and inputs of each kind for it."""

    precision: str
    session: onnxruntime.InferenceSession
    feeds: Mapping[str, Mapping[str, NDArray[np.int64]]]

    @staticmethod
    def open(folder: Path, *, threads: int, segments: int) -> Contender:
        """Read a bundle.

        Raises:
            ExportError: if it cannot be used.
        """
        manifest = read_manifest(folder)
        feeds = (
            _symbol_feeds(manifest, segments) if manifest["architecture"] == "hourglass" else _feeds(folder, manifest, segments)
        )
        return Contender(manifest["precision"], open_session(folder / MODEL, threads=threads), feeds)


def _feeds(folder: Path, manifest: Mapping[str, Any], segments: int) -> dict[str, Mapping[str, NDArray[np.int64]]]:
    vocabulary = TextTokenizer(folder / TOKENIZER).vocabulary_size
    return {kind: batch.feeds() for kind, batch in batches(packed_layout(manifest), vocabulary, segments).items()}


def _symbol_feeds(manifest: Mapping[str, Any], windows: int) -> dict[str, Mapping[str, NDArray[np.int64]]]:
    vocabulary = len(manifest["symbols"].get("vocabulary", range(BYTES)))
    offsets = any(tensor["name"] == "offset" for tensor in manifest["graph"]["inputs"])
    kinds = symbol_batches(manifest["windows"]["length"], vocabulary, windows)
    return {kind: pack_windows(batch, offsets=offsets) for kind, batch in kinds.items()}


def measure(contenders: Mapping[str, Contender], kind: str, repetitions: int) -> dict[str, Timing]:
    """Run the graphs by turns, each on its batch of a kind, after one turn that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(repetitions + 1):
        for name, contender in contenders.items():
            begun = time.perf_counter()
            contender.session.run(None, dict(contender.feeds[kind]))
            if turn:
                seconds[name].append(time.perf_counter() - begun)
    times: dict[str, NDArray[np.float64]] = {name: np.array(values) for name, values in seconds.items()}
    first = next(iter(times.values()))
    segments = {name: len(contender.feeds[kind]["input_ids"]) for name, contender in contenders.items()}
    return {
        name: Timing(float(1e3 * np.median(taken) / segments[name]), float(np.median(first / taken)))
        for name, taken in times.items()
    }
