"""A HAT checkpoint as exporting sees it, and the texts that int8 is calibrated on."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from onnx_export.contract import TOKENIZER, Precision
from onnx_export.export.calibration import ADVICE, Texts, texts_to_calibrate_on
from onnx_export.export.graph_settings import GraphSettings
from onnx_export.hat.checkpoint import Checkpoint, as_stored
from onnx_export.hat.config import HatConfig, Head
from onnx_export.hat.graph import build_graph, token_matrices
from onnx_export.hat.reference import score_document
from onnx_export.hat.tokenizer import check_tokenizer
from onnx_export.onnx.fp16 import to_fp16
from onnx_export.onnx.int8 import UNQUANTISED, Quantised
from onnx_export.onnx.packing import Segments, by_window, in_a_row
from onnx_export.onnx.storage import Storage
from onnx_export.problems import ExportError
from onnx_export.text.segmentation import SegmenterName, segment
from onnx_export.text.tokenization import TextTokenizer

Array = NDArray[np.float32]

SAMPLE_SEGMENTS = 256
"""Segments to calibrate on, if there are as many; more change little."""

_RUN = 8
"""Segments of one document in a row: those that follow each other are alike, so many documents say more than long ones."""

_MOST_TOKEN_LOGITS = 2**26
_RAGGED = 4


@dataclass(frozen=True)
class HatModel:
    """See ``PackedModel``; a window is a document of at most N segments."""

    checkpoint: Checkpoint
    settings: GraphSettings

    @property
    def name(self) -> str:
        return self.checkpoint.name

    @property
    def storage(self) -> Storage:
        return self.settings.storage

    @property
    def precision(self) -> Precision:
        return self.settings.precision

    def graph(self, storage: Storage, quantised: Quantised = UNQUANTISED) -> onnx.ModelProto:
        positions = self.settings.segment_positions
        return build_graph(self.checkpoint, segment_positions=positions, storage=storage, quantised=quantised)

    def graph_to_observe(self, recorders: Quantised) -> onnx.ModelProto:
        return self.graph("fp32", recorders)  # padding inside segments is not computed anyway

    def half_graph(self) -> onnx.ModelProto:
        positions, storage = self.settings.segment_positions, self.settings.storage
        model = build_graph(self.checkpoint, segment_positions=positions, storage=storage, half=True)
        return to_fp16(model, matrices=("encoder.layer.",))

    def matrices(self) -> Sequence[tuple[str, ...]]:
        return token_matrices(self.checkpoint.config)

    def weight(self, name: str) -> Array:
        return self.checkpoint.weights[f"{name}.weight"]

    def made_up_windows(self) -> list[Segments]:
        return made_up_documents(self.checkpoint)

    def feeds(self, windows: Sequence[Segments]) -> Mapping[str, NDArray[np.int64]]:
        return self.settings.layout(self.checkpoint.config).pack(windows).feeds()

    def answers(self, outputs: Mapping[str, Array], windows: Sequence[Segments]) -> list[Array]:
        rows = self.settings.layout(self.checkpoint.config).pack(windows).rows
        return [in_a_row(logits) for logits in by_window(outputs, rows)]

    def reference(self, windows: Sequence[Segments], storage: Storage) -> list[Array]:
        checkpoint = as_stored(self.checkpoint, storage)
        padding, positions = self.settings.pad_segment, self.settings.segment_positions
        return [
            in_a_row(score_document(checkpoint, window, pad_segment=padding, segment_positions=positions)) for window in windows
        ]


def made_up_documents(checkpoint: Checkpoint, seed: int = 20221011) -> list[Segments]:
    """Three documents of random tokens: one short segment, a full document, and a few ragged segments."""
    config = checkpoint.config
    K, N, first_id = config.segment_length, config.max_segments, config.first_id
    if config.head is Head.TOKEN:
        # Logits of every token against every entry of the vocabulary: a full document would take gigabytes.
        N = min(N, max(2, _MOST_TOKEN_LOGITS // (K * config.vocabulary_size)))
    random = np.random.default_rng(seed)
    ordinary = np.setdiff1d(np.arange(config.vocabulary_size), [config.pad_id, first_id])
    if not ordinary.size:
        ordinary = np.array([first_id])

    def segment(tokens: int) -> list[int]:
        return [first_id, *(int(token) for token in random.choice(ordinary, tokens - 1))]

    lengths = [[2], [K] * N, [int(random.integers(2, K + 1)) for _ in range(min((N + 1) // 2, _RAGGED))]]
    return [[segment(length) for length in document] for document in lengths]


def calibration_windows(
    folder: Path, checkpoint: Checkpoint, calibration: Path | None, segmenter: SegmenterName
) -> list[Segments]:
    """What to calibrate a checkpoint on: documents of the file given, else of golden inputs, else made-up ones.

    Args:
        folder: the checkpoint's, for its tokenizer and golden inputs.
        checkpoint: the same, read.
        calibration: see ``texts_to_calibrate_on``.
        segmenter: how texts are cut.

    Raises:
        ExportError: if texts or tokenizer cannot be read, the tokenizer is another model's, or no text has a token.
    """
    if (folder / TOKENIZER).is_file():
        check_tokenizer(folder, checkpoint)
    elif calibration is None:
        print(ADVICE.format("random tokens"), file=sys.stderr)
        return made_up_documents(checkpoint)
    texts = texts_to_calibrate_on(folder, calibration)
    windows = _sampled(texts, TextTokenizer(folder / TOKENIZER), checkpoint.config, segmenter)
    if not windows:
        raise ExportError(str(calibration or folder), ["no text has a token, expected some to calibrate on"])
    return windows


def _sampled(texts: Texts, tokenizer: TextTokenizer, config: HatConfig, segmenter: SegmenterName) -> list[Segments]:
    """Some segments in a row of each text, texts in random order, until there are enough."""
    windows: list[Segments] = []
    total = 0
    random = np.random.default_rng(1)
    length = min(_RUN, config.max_segments)
    for index in random.permutation(len(texts)):
        try:
            tokens = tokenizer.tokenize(texts[index])
        except ValueError:
            continue  # a text that classification would refuse
        spans = segment(texts[index], tokens.offsets, segmenter=segmenter, segment_length=config.segment_length)
        first = int(random.integers(0, max(1, len(spans) - length + 1)))
        taken = [[config.first_id, *tokens.ids[start:end]] for start, end in spans[first : first + length]]
        if taken:
            windows.append(taken)
        total += len(taken)
        if total >= SAMPLE_SEGMENTS:
            break
    return windows
