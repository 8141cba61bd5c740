"""``golden.jsonl``: a few inputs of a bundle with everything that a reader must reproduce."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from onnx_export.classifier import Classifier, SegmentedDocument
from onnx_export.config import Task
from onnx_export.json_files import read_json_lines
from onnx_export.problems import ExportError, reason
from onnx_export.scoring import Logits, combine_embeddings

T = TypeVar("T")

_CUTS = ("token_ids", "token_offsets", "segments", "windows")
_ANSWERS: dict[Task, tuple[str, ...]] = {
    "document-classification": ("scores", "segment_scores"),
    "segment-classification": ("scores", "segment_scores"),
    "multiple-choice": ("scores", "segment_scores"),
    "masked-lm": ("token_logits",),
    "embedding": ("embedding",),
}
_TOKEN_STEP = 5
_VOCABULARY_SAMPLES = 16


@dataclass(frozen=True)
class GoldenInput:
    """A text, or the segments that one came in."""

    id: str
    text: str | tuple[str, ...]

    def record(self) -> dict[str, Any]:
        """As a file of inputs has it."""
        return {"id": self.id, "text": self.text} if isinstance(self.text, str) else {"id": self.id, "segments": list(self.text)}


DEFAULT_INPUTS = (
    GoldenInput("word", "Agreed"),
    GoldenInput(
        "clause",
        "Either party may end this agreement by sixty days' written notice. Fees paid before that day are not returned; "
        "those due remain due. No. 4 of the schedule says how notice is given.",
    ),
    GoldenInput(
        "letter",
        "Dear Ms. Okafor,\r\n\r\nThank you for your call on 3 March. We have looked into the delay (it was ours) and will "
        "refund the freight of U.S. $48.50!\r\n\r\nKind regards,\r\nThe Harbour Office",
    ),
    GoldenInput(
        "beyond-the-basic-plane",
        "The parcel came 📦🚚 two days late 😡. 𝒲hat now? Ça ne va pas… 荷物は届きました。しかし箱が壊れていた！ شكرا لكم.",
    ),
    GoldenInput(
        "from-a-pdf",
        "The oﬃce ﬁlls the ﬁrst oﬀer; eﬀects and aﬄuent ﬆaﬀ are conﬁ-\ndential. The soft\u00adware is a\u200bn ﬅored work.\n\n- 3 -\n\n"
        "Ｔｈｅ｟ｓｕｍ｠ｉｓ\u00a012½\u202f€ … “paid”&nbsp;at once",
    ),
    GoldenInput(
        "numbered",
        "1. Scope\n1.1. The seller delivers the goods at the quay.\n1.2. The buyer unloads them within 4 hours.\n\n"
        "2. Price\nThe price is fixed for a year; thereafter it follows the index of the Port Authority.",
    ),
)
"""Written for this purpose: one word, full stops that end no sentence, Windows line breaks, characters of two UTF-16 units."""

_ROUND = 6


def long_input(segments: int, segment_length: int) -> GoldenInput:
    """A text that needs more than so many segments with any usual tokenizer."""
    sentences = [
        f"On day {day} the crew moved {day * 7} crates from the quay to shed {day % 5} and wrote it in the log."
        for day in range(1, segments * segment_length // 16 + 3)
    ]
    return GoldenInput("long", " ".join(sentences))


def read_inputs(path: Path) -> list[GoldenInput]:
    """Read inputs, one JSON object {"id", "text"} per line, or {"id", "segments"} with a list of texts.

    Raises:
        ExportError: naming every line that is something else.
    """
    taken: set[str] = set()

    def parse(_: int, record: dict[str, Any]) -> GoldenInput:
        match record:
            # Golden records are inputs too: their segments are runs of tokens.
            case {"id": str(id), "text": str(text)} if not _are_texts(record.get("segments")):
                given = GoldenInput(id, text)
            case {"id": str(id), "segments": list(segments)} if "text" not in record and _are_texts(segments):
                given = GoldenInput(id, tuple(segments))
            case _:
                raise ValueError("expected an object with the texts id and text, or id and a list of texts, segments")
        if given.id in taken:
            raise ValueError(f"id {given.id!r} is taken")
        taken.add(given.id)
        return given

    problems: list[str] = []
    inputs = _read_lines(path, problems, parse)
    if not inputs and not problems:
        problems.append("is empty, expected at least one input")
    if problems:
        raise ExportError(str(path), problems)
    return inputs


def _are_texts(given: object) -> bool:
    return isinstance(given, list) and bool(given) and all(isinstance(each, str) for each in given)


def golden_input(record: Mapping[str, Any]) -> GoldenInput:
    """What a golden record was made from."""
    return GoldenInput(record["id"], tuple(record["text_segments"]) if record.get("text_segments") else record["text"])


def read_golden(path: Path, task: Task) -> list[dict[str, Any]]:
    """Read the golden records of a bundle of a task.

    Raises:
        ExportError: naming every line that is no golden record.
    """

    def parse(_: int, record: dict[str, Any]) -> dict[str, Any]:
        if missing := [key for key in ("id", "text", *_CUTS, *_ANSWERS[task]) if key not in record]:
            raise ValueError(f"{', '.join(missing)} missing")
        if not isinstance(record["text"], str):
            raise ValueError(f"text is {record['text']!r}, expected a text")
        return record

    problems: list[str] = []
    records = _read_lines(path, problems, parse)
    if not records and not problems:
        problems.append("is empty, expected at least one record")
    if problems:
        raise ExportError(str(path), problems)
    return records


def golden_records(classifier: Classifier, inputs: Sequence[GoldenInput]) -> list[dict[str, Any]]:
    """What the bundle makes of each input, each scored alone.

    Raises:
        ExportError: naming every input that cannot be classified.
    """
    records: list[dict[str, Any]] = []
    problems: list[str] = []
    for entry in inputs:
        try:
            records.append(_record(classifier, entry))
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
        **{key: np.round(value.astype(np.float64), _ROUND).tolist() for key, value in _answers(classifier, document).items()},
    }


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
    """What of a golden record was not reproduced, and the largest deviation of its scores."""
    problems = [f"{expected['id']}: {key} differ" for key in _CUTS if expected[key] != actual[key]]
    deviation = 0.0
    for key in (key for keys in _ANSWERS.values() for key in keys if key in actual):
        after = np.asarray(actual[key], np.float64)
        try:
            before = np.asarray(expected[key], np.float64)
        except (TypeError, ValueError):
            problems.append(f"{expected['id']}: {key} are not numbers in shape {after.shape}")
            continue
        if before.shape != after.shape:
            problems.append(f"{expected['id']}: {key} have shape {after.shape}, expected {before.shape}")
            continue
        gap = float(np.abs(before - after).max(initial=0))
        deviation = max(deviation, math.inf if math.isnan(gap) else gap)
    if deviation > tolerance:
        problems.append(f"{expected['id']}: scores are off by {deviation:.1e}, expected at most {tolerance:.0e}")
    return problems, deviation


def write_json_lines(path: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Write one JSON object per line, in UTF-8."""
    lines = (json.dumps(record, ensure_ascii=False, separators=(",", ":")) for record in records)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")


def _read_lines(path: Path, problems: list[str], parse: Callable[[int, dict[str, Any]], T]) -> list[T]:
    try:
        return read_json_lines(path, problems, parse)
    except OSError as error:
        raise ExportError(str(path), [f"cannot be read: {reason(error)}"]) from error
    except ValueError as error:
        raise ExportError(str(path), [str(error)]) from error
