"""An encoder's checkpoint as exporting sees it, and the texts that int8 is calibrated on."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from onnx_export.contract import TOKENIZER, Precision
from onnx_export.encoder.checkpoint import EncoderCheckpoint, as_stored
from onnx_export.encoder.config import EncoderConfig
from onnx_export.encoder.graph import build_graph, token_matrices
from onnx_export.encoder.reference import logits_of
from onnx_export.encoder.tokenizer import text_ids
from onnx_export.export.calibration import ADVICE, texts_to_calibrate_on
from onnx_export.onnx.fp16 import to_fp16
from onnx_export.onnx.int8 import UNQUANTISED, Quantised
from onnx_export.onnx.packing import PackedLayout, Segments
from onnx_export.onnx.storage import Storage
from onnx_export.problems import ExportError
from onnx_export.text.segmentation import SegmenterName, segment
from onnx_export.text.tokenization import TextTokenizer

Array = NDArray[np.float32]

SAMPLE_SEGMENTS = 64
"""Segments to calibrate on, if there are as many texts; they are longer than those of a HAT."""

_MADE_UP = (2, 37)
"""Lengths of made-up segments beside the longest, as far as they are shorter."""


@dataclass(frozen=True)
class EncoderModel:
    """See ``PackedModel``; a window is one segment, with the ids that begin and end it."""

    checkpoint: EncoderCheckpoint
    storage: Storage = "fp32"
    precision: Precision = "fp32"

    @property
    def name(self) -> str:
        return self.checkpoint.name

    def graph(self, storage: Storage, quantised: Quantised = UNQUANTISED) -> onnx.ModelProto:
        return build_graph(self.checkpoint, storage=storage, quantised=quantised)

    def graph_to_observe(self, recorders: Quantised) -> onnx.ModelProto:
        return self.graph("fp32", recorders)  # padding is not computed anyway

    def half_graph(self) -> onnx.ModelProto:
        return to_fp16(build_graph(self.checkpoint, storage=self.storage, half=True), matrices=("encoder.layer.",))

    def matrices(self) -> Sequence[tuple[str, ...]]:
        return token_matrices(self.checkpoint.config)

    def weight(self, name: str) -> Array:
        return self.checkpoint.weights[f"{name}.weight"]

    def made_up_windows(self) -> list[Segments]:
        return made_up_segments(self.checkpoint.config)

    def feeds(self, windows: Sequence[Segments]) -> Mapping[str, NDArray[np.int64]]:
        return _layout(self.checkpoint.config).pack(windows).feeds()

    def answers(self, outputs: Mapping[str, Array], windows: Sequence[Segments]) -> list[Array]:
        if not self.checkpoint.config.answers_for_tokens:
            return list(outputs["segment_logits"])
        return [rows[: len(ids)].ravel() for rows, [ids] in zip(outputs["token_logits"], windows, strict=True)]

    def reference(self, windows: Sequence[Segments], storage: Storage) -> list[Array]:
        checkpoint = as_stored(self.checkpoint, storage)
        return [logits_of(checkpoint, ids).ravel() for [ids] in windows]


def _layout(config: EncoderConfig) -> PackedLayout:
    return PackedLayout(config.segment_length, 1, 0, 0, "none")


def made_up_segments(config: EncoderConfig, seed: int = 20181011) -> list[Segments]:
    """Segments of random tokens, the longest that there are among them."""
    random = np.random.default_rng(seed)
    lengths = [*(length for length in _MADE_UP if length < config.segment_length), config.segment_length]
    return [[[int(id) for id in random.integers(0, config.vocabulary_size, length)]] for length in lengths]


def calibration_segments(
    folder: Path, checkpoint: EncoderCheckpoint, calibration: Path | None, segmenter: SegmenterName
) -> list[Segments]:
    """A segment of each text, of the file given, else of golden inputs; without a tokenizer, segments of random tokens.

    Raises:
        ExportError: if texts or tokenizer cannot be read, the tokenizer is another model's, or no text has a token.
    """
    if not (folder / TOKENIZER).is_file() and calibration is None:
        print(ADVICE.format("random tokens"), file=sys.stderr)
        return made_up_segments(checkpoint.config)
    ids, tokenizer = text_ids(folder, checkpoint), TextTokenizer(folder / TOKENIZER)
    texts = texts_to_calibrate_on(folder, calibration)
    random = np.random.default_rng(1)
    segments: list[Segments] = []
    for index in random.permutation(len(texts))[:SAMPLE_SEGMENTS]:
        tokens = tokenizer.tokenize(texts[index])
        length = checkpoint.config.segment_length - 1
        spans = segment(texts[index], tokens.offsets, segmenter=segmenter, segment_length=length)
        if spans:
            start, end = spans[int(random.integers(len(spans)))]
            segments.append([[ids.cls, *tokens.ids[start:end], ids.sep]])
    if not segments:
        raise ExportError(str(calibration or folder), ["no text has a token, expected some to calibrate on"])
    return segments
