"""What the inputs of a model's matrices look like on sample documents, and the int8 matrices that follow from it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from onnx_export.contract import TOKENIZER
from onnx_export.export.agreement import made_up_documents
from onnx_export.export.golden_inputs import DEFAULT_INPUTS, GOLDEN_INPUTS, read_inputs
from onnx_export.export.graph_settings import GraphSettings
from onnx_export.hat.checkpoint import Checkpoint
from onnx_export.hat.config import HatConfig
from onnx_export.hat.graph import build_graph, token_matrices
from onnx_export.json_files import read_json_lines
from onnx_export.onnx.graph_builder import GraphBuilder
from onnx_export.onnx.int8 import Array, Int8Matrix, Observed, matrix_name, quantise
from onnx_export.onnx.packing import Segments, open_session
from onnx_export.problems import ExportError
from onnx_export.text.cutting import BETWEEN_SEGMENTS
from onnx_export.text.segmentation import SegmenterName, segment
from onnx_export.text.tokenization import TextTokenizer

SAMPLE_SEGMENTS = 256
"""Segments to calibrate on, if there are as many; more change little."""

_RUN = 8
"""Segments of one document in a row: those that follow each other are alike, so many documents say more than long ones."""

_ROWS = 2048
"""Inputs of each matrix that are kept to compare balances on."""

_ADVICE = "note: int8 is calibrated on {}; give --calibration FILE.jsonl with some 30 typical documents for better scores"


def read_texts(path: Path) -> list[str]:
    """The texts of a file of one object {"text", …} per line, gzip allowed.

    Raises:
        ExportError: naming every line that has no text.
    """

    def parse(_: int, record: dict[str, Any]) -> str:
        match record:
            case {"text": str(text)}:
                return text
        raise ValueError('expected an object with a text, {"text": "…"}')

    return read_json_lines(path, parse, empty="is empty, expected a text to calibrate on")


def calibration_windows(
    folder: Path, checkpoint: Checkpoint, calibration: Path | None, segmenter: SegmenterName
) -> list[Segments]:
    """What to calibrate a checkpoint on: documents of the file given, else of golden inputs, else made-up ones.

    Args:
        folder: the checkpoint's, for its tokenizer and golden inputs.
        checkpoint: the same, read.
        calibration: see ``read_texts``.
        segmenter: how texts are cut.

    Raises:
        ExportError: if texts or tokenizer cannot be read, or no text has a token.
    """
    if calibration is not None:
        texts = read_texts(calibration)
    elif (folder / TOKENIZER).is_file():
        own = folder / GOLDEN_INPUTS
        inputs = read_inputs(own) if own.is_file() else DEFAULT_INPUTS
        texts = [entry.text if isinstance(entry.text, str) else BETWEEN_SEGMENTS.join(entry.text) for entry in inputs]
        print(_ADVICE.format("golden inputs"), file=sys.stderr)
    else:
        print(_ADVICE.format("random tokens"), file=sys.stderr)
        return made_up_documents(checkpoint)
    windows = _sampled(texts, TextTokenizer(folder / TOKENIZER), checkpoint.config, segmenter)
    if not windows:
        raise ExportError(str(calibration or folder), ["no text has a token, expected some to calibrate on"])
    return windows


def _sampled(texts: Sequence[str], tokenizer: TextTokenizer, config: HatConfig, segmenter: SegmenterName) -> list[Segments]:
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


def calibrate(checkpoint: Checkpoint, windows: Sequence[Segments], settings: GraphSettings) -> dict[str, Int8Matrix]:
    """Run windows through the float32 graph and quantise the matrices that run on every token."""
    config = checkpoint.config
    recorders = {}
    for parts in token_matrices(config):
        matrix = np.concatenate([checkpoint.weights[f"{part}.weight"] for part in parts]).T
        recorders[matrix_name(*parts)] = _Recorder(matrix_name(*parts), matrix, np.random.default_rng(1))
    if not recorders:
        raise ExportError(checkpoint.name, ["has no S block, and int8 is for the matrices of S blocks: use --precision fp32"])
    model = build_graph(checkpoint, segment_positions=settings.segment_positions, quantised=recorders)
    values = list(dict.fromkeys(recorder.value for recorder in recorders.values()))
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(value) for value in values)
    session = open_session(model.SerializeToString(), threads=0)
    layout = settings.layout(config)
    for window in windows:
        batch = layout.pack([window])
        inputs = dict(zip(values, session.run(values, batch.feeds()), strict=True))
        for recorder in recorders.values():
            recorder.look_at(inputs[recorder.value], _ROWS // len(windows) + 1)
    return {name: quantise(name, recorder.matrix, recorder.observed()) for name, recorder in recorders.items()}


class _Recorder:
    """Multiplies in float32 and remembers what."""

    def __init__(self, name: str, matrix: Array, random: np.random.Generator) -> None:
        self.name = name
        self.matrix = matrix
        self.value = ""
        self._random = random
        self._lowest: list[Array] = []
        self._highest: list[Array] = []
        self._rows: list[Array] = []

    def product(self, g: GraphBuilder, x: str) -> str:
        self.value = x
        return g.op("MatMul", x, g.constant(f"{self.name}.weight", self.matrix))

    def look_at(self, inputs: Array, keep: int) -> None:
        """inputs: [tokens, inputs of the matrix]"""
        self._lowest.append(inputs.min(axis=0))
        self._highest.append(inputs.max(axis=0))
        self._rows.append(inputs[self._random.permutation(len(inputs))[:keep]])

    def observed(self) -> Observed:
        return Observed(np.min(self._lowest, axis=0), np.max(self._highest, axis=0), np.concatenate(self._rows))
