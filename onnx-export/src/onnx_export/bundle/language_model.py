"""From text to log-likelihoods with the graph and manifest of a bundle: the path that Java takes, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export.contract import MODEL
from onnx_export.export.hourglass_model import symbols_of
from onnx_export.onnx.packing import open_session
from onnx_export.onnx.symbol_windows import SymbolWindow, pack_windows
from onnx_export.text.segmentation import Span, windows

Array = NDArray[np.float32]


@dataclass(frozen=True)
class SymbolDocument:
    """A text cut up: its symbols, the UTF-16 code units that each stands for, windows of symbols."""

    symbols: list[int]
    symbol_offsets: list[Span]
    windows: list[Span]


class LanguageModel:
    """Puts texts to the language model of a bundle folder, with its manifest, which must be valid."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        """Open the graph; an unusable file raises what ONNX Runtime raises."""
        self.manifest = manifest
        self.session = open_session(folder / MODEL, threads=0)
        self._vocabulary: Sequence[str] | None = manifest["symbols"].get("vocabulary")
        self._offsets = any(tensor["name"] == "offset" for tensor in manifest["graph"]["inputs"])

    def cut(self, text: str) -> SymbolDocument:
        """The symbols and windows of a text.

        Raises:
            ValueError: if the text has no symbols, or some that are not the model's.
        """
        symbols = symbols_of(text, self._vocabulary)
        if not symbols.ids:
            raise ValueError("the text has no symbols, expected at least one")
        size = self.manifest["windows"]
        spans = windows(len(symbols.ids), max_segments=size["length"], overlap=size["overlap"])
        return SymbolDocument(symbols.ids, symbols.offsets, spans)

    def window_inputs(self, document: SymbolDocument) -> list[SymbolWindow]:
        return [SymbolWindow(document.symbols[first:end], first) for first, end in document.windows]

    def answers(self, batch: Sequence[SymbolWindow]) -> list[Array]:
        """The log-likelihoods [n] of the symbols of each window, all windows in one batch."""
        [rows] = self.session.run(["log_likelihood"], dict(pack_windows(batch, offsets=self._offsets)))
        return [row[: len(window.ids)] for row, window in zip(rows, batch, strict=True)]

    def score(self, document: SymbolDocument) -> Array:
        """[n]: the log-likelihood of every symbol of a document."""
        return combine_windows(document.windows, self.answers(self.window_inputs(document)))


def combine_windows(spans: Sequence[Span], answers: Sequence[Array]) -> Array:
    """The log-likelihoods of a document: those of a symbol are taken from the first window that holds it, where it has most context.

    Args:
        spans: first and end symbol of each window; together they hold every symbol.
        answers: of each window, one number for each of its symbols.
    """
    parts = []
    scored = 0
    for (first, end), row in zip(spans, answers, strict=True):
        parts.append(row[scored - first :])
        scored = end
    return np.concatenate(parts)
