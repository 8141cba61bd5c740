"""Opens a bundle for what its architecture asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from onnx_export.bundle.classifier import Classifier
from onnx_export.bundle.symbol_reader import SymbolReader
from onnx_export.export.golden_inputs import GoldenInput

Reader = Classifier | SymbolReader


def open_reader(folder: Path, manifest: Mapping[str, Any]) -> Reader:
    """Open a bundle folder with its manifest, which must be valid."""
    return SymbolReader(folder, manifest) if manifest["architecture"] == "hourglass" else Classifier(folder, manifest)


def windows_of(reader: Reader, inputs: Sequence[GoldenInput]) -> list[Any]:
    """Every window of the inputs, as the reader's ``answers`` takes them."""
    if isinstance(reader, SymbolReader):
        return [window for entry in inputs for window in reader.window_inputs(reader.cut(entry.whole))]
    return [window for entry in inputs for window in reader.window_inputs(reader.cut(entry.text))]
