"""The inputs of the packed graph for a batch of windows, and the graph's session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from onnx_export.contract import Logits, PadSegment

Segments = Sequence[Sequence[int]]
"""The segments of one window: of each the token ids, the CLS id first, at most K."""


@dataclass(frozen=True)
class PackedBatch:
    """Inputs of one run: S segments of K tokens, pad segments included. ``rows`` are the rows of each window's real segments."""

    input_ids: NDArray[np.int64]
    attention_mask: NDArray[np.int64]
    document_index: NDArray[np.int64]
    segment_index: NDArray[np.int64]
    rows: tuple[range, ...]

    def feeds(self) -> dict[str, NDArray[np.int64]]:
        return {
            "input_ids": self.input_ids,
            "attention_mask": self.attention_mask,
            "document_index": self.document_index,
            "segment_index": self.segment_index,
        }


@dataclass(frozen=True)
class PackedLayout:
    """What packing needs to know of a model: K, N and the ids with which it pads."""

    segment_length: int
    max_segments: int
    cls_id: int
    pad_id: int
    pad_segment: PadSegment

    def pack(self, batch: Sequence[Segments]) -> PackedBatch:
        """Stack the segments of a batch of windows; one of fewer than N is followed by a pad segment where the model wants it.

        Raises:
            ValueError: if a window has no segment or more than N, or a segment no token or more than K.
        """
        tokens: list[Sequence[int]] = []
        documents: list[int] = []
        positions: list[int] = []
        rows: list[range] = []
        for document, window in enumerate(batch):
            if not 1 <= len(window) <= self.max_segments:
                raise ValueError(f"window {document} has {len(window)} segments, expected 1 to {self.max_segments}")
            rows.append(range(len(tokens), len(tokens) + len(window)))
            tokens += window
            positions += range(1, len(window) + 1)
            if self.pad_segment != "none" and len(window) < self.max_segments:
                tokens.append(())
                positions.append(0)
            documents += [document] * (len(tokens) - len(documents))
        input_ids = np.full((len(tokens), self.segment_length), self.pad_id, dtype=np.int64)
        attention_mask = np.zeros_like(input_ids)
        for row, (segment, position) in enumerate(zip(tokens, positions, strict=True)):
            if position == 0:
                input_ids[row, 0] = self.cls_id if self.pad_segment == "cls" else self.pad_id
            elif 1 <= len(segment) <= self.segment_length:
                input_ids[row, : len(segment)] = segment
                attention_mask[row, : len(segment)] = 1
            else:
                raise ValueError(f"a segment has {len(segment)} tokens, expected 1 to {self.segment_length}")
        return PackedBatch(input_ids, attention_mask, np.array(documents, np.int64), np.array(positions, np.int64), tuple(rows))


def open_session(model: Path | bytes, *, threads: int = 1) -> onnxruntime.InferenceSession:
    """Load a graph on the CPU; raises what ONNX Runtime raises. One thread, so that runs repeat exactly; 0 is one for each core."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Else its threads, waiting for the next run, would take processors from runs of other sessions.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    source = str(model) if isinstance(model, Path) else model
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def run(session: onnxruntime.InferenceSession, batch: PackedBatch) -> list[Logits]:
    """Logits of each window of the batch, in its order."""
    names = [output.name for output in session.get_outputs()]
    return by_window(dict(zip(names, session.run(names, batch.feeds()), strict=True)), batch.rows)


def by_window(outputs: Mapping[str, NDArray[np.float32]], rows: Sequence[range]) -> list[Logits]:
    """The outputs of a graph apart for each window, of whose segments ``rows`` says where they stand."""
    # A row for each document, if the model pools any, and a row for each segment, in whatever the two are called.
    documents = next((outputs[name] for name in ("logits", "embedding") if name in outputs), None)
    segments = next(outputs[name] for name in ("segment_logits", "segment_embeddings", "token_logits") if name in outputs)
    return [
        Logits(None if documents is None else documents[index], segments[of.start : of.stop]) for index, of in enumerate(rows)
    ]


def in_a_row(logits: Logits) -> NDArray[np.float32]:
    """All numbers of a window: those of segments, then of the document where there are any."""
    documents = [] if logits.document is None else [logits.document.ravel()]
    return np.concatenate([logits.segments.ravel(), *documents])
