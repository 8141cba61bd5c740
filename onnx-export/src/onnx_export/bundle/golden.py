"""``golden.jsonl``: a few inputs of a bundle with everything that a reader must reproduce."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from onnx_export.bundle.classifier import Classifier, SegmentedDocument
from onnx_export.bundle.scoring import combine_embeddings
from onnx_export.bundle.symbol_reader import SymbolReader
from onnx_export.contract import Logits, Task
from onnx_export.export.golden_inputs import GoldenInput
from onnx_export.json_files import read_json_lines
from onnx_export.problems import ExportError

T = TypeVar("T")

_CUTS = ("token_ids", "token_offsets", "segments", "windows")
_CUTS_OF_SYMBOLS = ("symbols", "symbol_offsets", "windows")
_ANSWERS: dict[Task, tuple[str, ...]] = {
    "document-classification": ("scores", "segment_scores"),
    "segment-classification": ("scores", "segment_scores"),
    "token-classification": ("scores", "segment_scores"),
    "multiple-choice": ("scores", "segment_scores"),
    "masked-lm": ("token_logits",),
    "embedding": ("embedding",),
}
_ANSWERS_OF_SYMBOLS: dict[Task, tuple[str, ...]] = {
    "language-model": ("log_likelihoods",),
    "document-classification": ("scores", "window_scores"),
}
_TOKEN_STEP = 5
_VOCABULARY_SAMPLES = 16


_ROUND = 6


def golden_input(record: Mapping[str, Any]) -> GoldenInput:
    """What a golden record was made from."""
    return GoldenInput(record["id"], tuple(record["text_segments"]) if record.get("text_segments") else record["text"])


def read_golden(path: Path, task: Task, *, of_symbols: bool = False) -> list[dict[str, Any]]:
    """Read the golden records of a bundle of a task, whose model reads symbols or else tokens.

    Raises:
        ExportError: naming every line that is no golden record.
    """

    keys = (*_CUTS_OF_SYMBOLS, *_ANSWERS_OF_SYMBOLS[task]) if of_symbols else (*_CUTS, *_ANSWERS[task])

    def parse(_: int, record: dict[str, Any]) -> dict[str, Any]:
        if missing := [key for key in ("id", "text", *keys) if key not in record]:
            raise ValueError(f"{', '.join(missing)} missing")
        if not isinstance(record["text"], str):
            raise ValueError(f"text is {record['text']!r}, expected a text")
        return record

    return read_json_lines(path, parse, empty="is empty, expected at least one record")


def golden_records(reader: Classifier | SymbolReader, inputs: Sequence[GoldenInput]) -> list[dict[str, Any]]:
    """What the bundle makes of each input, each scored alone.

    Raises:
        ExportError: naming every input that cannot be scored.
    """
    records: list[dict[str, Any]] = []
    problems: list[str] = []
    for entry in inputs:
        try:
            records.append(_record(reader, entry) if isinstance(reader, Classifier) else _record_of_symbols(reader, entry))
        except ValueError as error:
            problems.append(f"{entry.id}: {error}")
    if problems:
        raise ExportError("golden inputs", problems)
    return records


def _record(classifier: Classifier, entry: GoldenInput) -> dict[str, Any]:
    document = classifier.cut(entry.text)
    return {
        "id": entry.id,
        **({"text": entry.text} if isinstance(entry.text, str) else {"text": "", "text_segments": list(entry.text)}),
        "token_ids": document.token_ids,
        "token_offsets": [list(span) for span in document.token_offsets],
        "segments": [list(span) for span in document.segments],
        "windows": [list(span) for span in document.windows],
        **_rounded(_answers(classifier, document)),
    }


def _record_of_symbols(reader: SymbolReader, entry: GoldenInput) -> dict[str, Any]:
    document = reader.cut(entry.whole)
    if reader.manifest["task"] == "language-model":
        answers = {"log_likelihoods": reader.log_likelihoods(document)}
    else:
        by_window = reader.window_scores(document)
        answers = {"scores": by_window.max(axis=0), "window_scores": by_window}
    return {
        "id": entry.id,
        "text": entry.whole,
        "symbols": document.symbols,
        "symbol_offsets": [list(span) for span in document.symbol_offsets],
        "windows": [list(span) for span in document.windows],
        **_rounded(answers),
    }


def _rounded(answers: Mapping[str, NDArray[np.float32]]) -> dict[str, Any]:
    return {key: np.round(value.astype(np.float64), _ROUND).tolist() for key, value in answers.items()}


def _answers(classifier: Classifier, document: SegmentedDocument) -> dict[str, NDArray[np.float32]]:
    match classifier.manifest["task"]:
        case "embedding":
            return {"embedding": combine_embeddings(classifier.answer(document))}
        case "masked-lm":
            return {"token_logits": _sampled_logits(document, classifier.answer(document))}
        case _:
            scores = classifier.score(document)
            return {"scores": scores.document, "segment_scores": scores.segments}


def _sampled_logits(document: SegmentedDocument, windows: Sequence[Logits]) -> NDArray[np.float32]:
    """[rows, samples]: of every fifth token of each segment, its CLS first, logits of entries spread over the vocabulary.

    A segment is looked at in the first window that holds it.
    """
    step = max(1, windows[0].segments.shape[-1] // _VOCABULARY_SAMPLES)
    rows = []
    for index, (first, end) in enumerate(document.segments):
        window = next(number for number, span in enumerate(document.windows) if index < span[1])
        logits = windows[window].segments[index - document.windows[window][0]]  # [K, V]
        rows.append(logits[: end - first + 1 : _TOKEN_STEP, ::step])
    return np.concatenate(rows)


def differences(expected: Mapping[str, Any], actual: Mapping[str, Any], tolerance: float) -> tuple[list[str], float]:
    """What of a golden record was not reproduced, and the largest deviation of its scores.

    Of log-likelihoods it is the mean over a text's symbols: what bits per byte, the only use of them, can be off by.
    """
    cuts = (*_CUTS, *_CUTS_OF_SYMBOLS)
    problems = [f"{expected['id']}: {key} differ" for key in dict.fromkeys(cuts) if expected.get(key) != actual.get(key)]
    deviation = 0.0
    known = dict.fromkeys(key for answers in (_ANSWERS, _ANSWERS_OF_SYMBOLS) for keys in answers.values() for key in keys)
    for key in (key for key in known if key in actual):
        after = np.asarray(actual[key], np.float64)
        try:
            before = np.asarray(expected[key], np.float64)
        except (TypeError, ValueError):
            problems.append(f"{expected['id']}: {key} are not numbers in shape {after.shape}")
            continue
        if before.shape != after.shape:
            problems.append(f"{expected['id']}: {key} have shape {after.shape}, expected {before.shape}")
            continue
        gaps = np.abs(before - after)
        gap = float(gaps.mean() if key == "log_likelihoods" else gaps.max(initial=0))
        deviation = max(deviation, math.inf if math.isnan(gap) else gap)
    if deviation > tolerance:
        problems.append(f"{expected['id']}: scores are off by {deviation:.1e}, expected at most {tolerance:.0e}")
    return problems, deviation
