"""From text to log-likelihoods, or to scores of labels, with the graph and manifest of a bundle: the path that Java takes, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export.bundle.scoring import scores
from onnx_export.contract import MODEL
from onnx_export.export.hourglass_model import symbols_of
from onnx_export.onnx.packing import open_session
from onnx_export.onnx.symbol_windows import SymbolWindow, numbers_of, pack_windows
from onnx_export.text.segmentation import Span, windows

Array = NDArray[np.float32]


@dataclass(frozen=True)
class SymbolDocument:
    """A text cut up: its symbols, the UTF-16 code units that each stands for, windows of symbols."""

    symbols: list[int]
    symbol_offsets: list[Span]
    windows: list[Span]


class SymbolReader:
    """Puts texts to the Hourglass model of a bundle folder, with its manifest, which must be valid."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        """Open the graph; an unusable file raises what ONNX Runtime raises."""
        self.manifest = manifest
        self.session = open_session(folder / MODEL, threads=0)
        self._vocabulary: Sequence[str] | None = manifest["symbols"].get("vocabulary")
        self._offsets = any(tensor["name"] == "offset" for tensor in manifest["graph"]["inputs"])

    def cut(self, text: str) -> SymbolDocument:
        """The symbols and windows of a text.

        Raises:
            ValueError: if the text has no symbols, some that are not the model's, or a single one that the model does not score.
        """
        symbols = symbols_of(text, self._vocabulary)
        if not symbols.ids:
            raise ValueError("the text has no symbols, expected at least one")
        if len(symbols.ids) == 1 and not self.manifest.get("scores_first_symbol", True):
            raise ValueError("the text is a single symbol, and this model scores none that nothing stands before")
        size = self.manifest["windows"]
        spans = windows(len(symbols.ids), max_segments=size["length"], overlap=size.get("overlap", 0), gap=size.get("gap", 0))
        return SymbolDocument(symbols.ids, symbols.offsets, spans)

    def window_inputs(self, document: SymbolDocument) -> list[SymbolWindow]:
        return [SymbolWindow(document.symbols[first:end], first) for first, end in document.windows]

    def answers(self, batch: Sequence[SymbolWindow]) -> list[Array]:
        """What the model gives for each window, all in one batch: log-likelihoods [n] of its symbols, or logits [C] of labels."""
        [output] = self.manifest["graph"]["outputs"]
        [rows] = self.session.run([output["name"]], dict(pack_windows(batch, offsets=self._offsets)))
        return numbers_of({output["name"]: rows}, batch)

    def log_likelihoods(self, document: SymbolDocument) -> Array:
        """[n]: of every symbol of a document, by a language model; 0 for one that it does not score or see."""
        return combine_windows(document.windows, self.answers(self.window_inputs(document)))

    def window_scores(self, document: SymbolDocument) -> Array:
        """[windows, C]: of every label, by a classifier; a document's score is the largest of its windows'."""
        return scores(np.stack(self.answers(self.window_inputs(document))), self.manifest["problem_type"])


def combine_windows(spans: Sequence[Span], answers: Sequence[Array]) -> Array:
    """The log-likelihoods of a document: those of a symbol are taken from the first window that holds it, where it has most context.

    Args:
        spans: first and end symbol of each window; the last one ends with the document.
        answers: of each window, one number for each of its symbols.

    Returns:
        One number for each symbol of the document; 0 for those between windows, which none holds.
    """
    combined = np.zeros(spans[-1][1], np.float32)
    scored = 0
    for (first, end), row in zip(spans, answers, strict=True):
        begin = max(first, scored)
        combined[begin:end] = row[begin - first :]
        scored = end
    return combined
