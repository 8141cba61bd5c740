"""An Hourglass checkpoint as exporting sees it, and the windows that int8 is calibrated on."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from onnx_export.contract import Precision
from onnx_export.export.calibration import ADVICE, texts_to_calibrate_on
from onnx_export.hourglass.checkpoint import HourglassCheckpoint, as_stored
from onnx_export.hourglass.config import BYTES, HourglassConfig
from onnx_export.hourglass.graph import build_graph, element_matrices
from onnx_export.hourglass.reference import label_logits, log_likelihood
from onnx_export.onnx.fp16 import to_fp16
from onnx_export.onnx.int8 import UNQUANTISED, Quantised, matrix_name
from onnx_export.onnx.storage import Storage
from onnx_export.onnx.symbol_windows import SymbolWindow, numbers_of, pack_windows
from onnx_export.problems import ExportError
from onnx_export.text.symbols import Symbols, bytes_of, characters_of

Array = NDArray[np.float32]

SAMPLE_WINDOWS = 64
"""Windows to calibrate on, if there are as many texts."""

_SAMPLE_LENGTH = 512
"""Symbols of them: distances beyond are projected in float32."""

_MADE_UP = (1, 2, 37, 96)
"""Lengths of made-up windows; the reference computes all distances of all pairs, so they are short."""


@dataclass(frozen=True)
class HourglassModel:
    """See ``PackedModel``; a window is one of symbols."""

    checkpoint: HourglassCheckpoint
    storage: Storage = "fp32"
    precision: Precision = "fp32"

    @property
    def name(self) -> str:
        return self.checkpoint.name

    def graph(self, storage: Storage, quantised: Quantised = UNQUANTISED) -> onnx.ModelProto:
        return build_graph(self.checkpoint, storage=storage, quantised=quantised, aligned=bool(quantised))

    def graph_to_observe(self, recorders: Quantised) -> onnx.ModelProto:
        return build_graph(self.checkpoint, quantised=recorders)

    def half_graph(self) -> onnx.ModelProto:
        names = [matrix_name(*parts) for parts in self.matrices() if not parts[0].endswith(".dense")]
        # What resampling begins with is the residual stream of the elements that follow, and that stays float32.
        positions = {name.removesuffix(".weight") for name in self.checkpoint.weights if name.endswith(".position.weight")}
        model = build_graph(self.checkpoint, storage=self.storage, aligned=True)
        return to_fp16(model, matrices=(*names, *sorted(positions)), spelled_out=True)

    def matrices(self) -> Sequence[tuple[str, ...]]:
        return element_matrices(self.checkpoint.config)

    def weight(self, name: str) -> Array:
        return self.checkpoint.weights[f"{name}.weight"]

    def made_up_windows(self) -> list[SymbolWindow]:
        return made_up_windows(self.checkpoint)

    def feeds(self, windows: Sequence[SymbolWindow]) -> Mapping[str, NDArray[np.int64]]:
        return pack_windows(windows, offsets=self.checkpoint.config.has_offset)

    def answers(self, outputs: Mapping[str, Array], windows: Sequence[SymbolWindow]) -> list[Array]:
        return numbers_of(outputs, windows)

    def reference(self, windows: Sequence[SymbolWindow], storage: Storage) -> list[Array]:
        checkpoint = as_stored(self.checkpoint, storage)
        if not self.checkpoint.config.causal:
            return [label_logits(checkpoint, list(window.ids)).astype(np.float32) for window in windows]
        return [log_likelihood(checkpoint, list(window.ids), offset=window.offset).astype(np.float32) for window in windows]


def precision_problems(config: HourglassConfig, precision: Precision) -> list[str]:
    """Why a model cannot be had in a precision."""
    if config.decides and precision != "fp32":
        return [
            f"precision is {precision}, but this model decides by a threshold where groups end (boundaries_type unigram or entropy), "
            "and rounding would move the ends: use --precision fp32"
        ]
    return []


def made_up_windows(checkpoint: HourglassCheckpoint, seed: int = 20211026) -> list[SymbolWindow]:
    """Windows of random symbols, of lengths that no factor divides, too."""
    random = np.random.default_rng(seed)
    size = checkpoint.config.vocabulary_size
    return [
        SymbolWindow([int(symbol) for symbol in random.integers(0, size, length)], offset)
        for offset, length in enumerate(_MADE_UP)
    ]


def symbols_of(text: str, vocabulary: Sequence[str] | None) -> Symbols:
    """Bytes where there is no vocabulary, else characters.

    Raises:
        ValueError: see ``characters_of``.
    """
    return bytes_of(text) if vocabulary is None else characters_of(text, vocabulary)


def known_part(text: str, vocabulary: Sequence[str] | None) -> str:
    """A text, in lower case where there is a vocabulary, without the characters that are not in it."""
    if vocabulary is None:
        return text
    known = set(vocabulary)
    return "".join(character for character in text.lower() if character in known)


def calibration_windows(folder: Path, checkpoint: HourglassCheckpoint, calibration: Path | None) -> list[SymbolWindow]:
    """A window at a random place of each text, of the file given, else of golden inputs; characters that are no symbols are left out.

    Without knowing what the symbols stand for, windows of random ones are taken.

    Raises:
        ExportError: if texts cannot be read, or none has any of the model's symbols.
    """
    vocabulary = checkpoint.config.vocabulary
    if vocabulary is None and checkpoint.config.vocabulary_size != BYTES:
        print(ADVICE.format("random symbols"), file=sys.stderr)
        return made_up_windows(checkpoint)
    texts = [known_part(text, vocabulary) for text in texts_to_calibrate_on(folder, calibration)]
    texts = [text for text in texts if text]
    random = np.random.default_rng(1)
    windows: list[SymbolWindow] = []
    for index in random.permutation(len(texts))[:SAMPLE_WINDOWS]:
        ids = symbols_of(texts[index], vocabulary).ids
        first = int(random.integers(0, max(1, len(ids) - _SAMPLE_LENGTH + 1)))
        windows.append(SymbolWindow(ids[first : first + _SAMPLE_LENGTH], first))
    if not windows:
        raise ExportError(str(calibration or folder), ["no text has any of the model's symbols, expected some to calibrate on"])
    return windows
