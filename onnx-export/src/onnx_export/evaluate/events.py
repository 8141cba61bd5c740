"""How well a bundle does on annotated texts.

Compares what ``deploy/hatflow score`` wrote with the annotation, document by document: which labels were found, and whether the
best evidence for each is where the annotation says. Present is what the bundle's own thresholds made so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from onnx_export.json_files import read_data_lines
from onnx_export.text.segmentation import Span
from onnx_export.text.tokenization import utf16_offsets
from onnx_export.train.labelled_texts import LabelledText, label_names
from onnx_export.train.metrics import Metrics, document_metrics


@dataclass(frozen=True)
class Finding:
    """What an event says about one label. ``evidence`` is the best span, in UTF-16 code units; None where none was given."""

    present: bool
    score: float
    evidence: Span | None


Findings = Mapping[str, Finding]
"""By label."""


@dataclass(frozen=True)
class LabelResult:
    """``documents`` carry the label, ``marked`` were given it, ``hits`` both. Of the hits whose place is annotated, ``with_evidence`` came
    with a span and ``located`` with one that overlaps an annotated span of the label. ``covered`` is the sum, over those with a span, of
    the share of the text that it covers."""

    label: str
    documents: int
    marked: int
    hits: int
    precision: float
    recall: float
    f1: float
    with_evidence: int
    located: int
    covered: float


@dataclass(frozen=True)
class Report:
    """Macro-F1 is the mean over the labels that occur. ``missing`` texts have no event and count as if nothing had been found in
    them; ``superfluous`` events have no text and count for nothing."""

    documents: int
    micro_f1: float
    macro_f1: float
    located_share: float | None
    """Of the hits that came with evidence; None where none did."""
    covered_share: float | None
    """Mean share of its text that the best evidence of such a hit covers: evidence that is all of a text is always right."""
    labels: list[LabelResult]
    missing: list[str]
    superfluous: list[str]

    def lines(self) -> Iterator[str]:
        yield "| label | documents | precision | recall | F1 | evidence right |"
        yield "| --- | ---: | ---: | ---: | ---: | ---: |"
        for label in self.labels:
            located = f"{label.located}/{label.with_evidence}"
            yield f"| {label.label} | {label.documents} | {label.precision:.2f} | {label.recall:.2f} | {label.f1:.2f} | {located} |"
        yield ""
        yield f"{self.documents} documents: micro-F1 {self.micro_f1:.3f}, macro-F1 {self.macro_f1:.3f}"
        if self.located_share is None:
            yield "no label found rightly came with evidence, or none of them is annotated with a place"
        else:
            yield f"labels found rightly whose best evidence overlaps an annotated span: {100 * self.located_share:.1f} %"
            yield f"that evidence covers {100 * (self.covered_share or 0):.0f} % of its text on average"
        if self.missing:
            yield f"{len(self.missing)} without an event, counted as if nothing had been found: {', '.join(self.missing)}"
        if self.superfluous:
            yield f"{len(self.superfluous)} events without a text, left out: {', '.join(self.superfluous)}"


def read_events(path: Path) -> dict[str, dict[str, Finding]]:
    """Read events, one JSON object per line, by document id. Of several for one document the first counts, as for any consumer.

    Raises:
        OSError: if the file cannot be read.
        ValueError: names every line that is no event.
    """
    events: dict[str, dict[str, Finding]] = {}
    for id, findings in read_data_lines(path, lambda _, event: _parse(event)):
        events.setdefault(id, findings)
    return events


def _parse(event: Any) -> tuple[str, dict[str, Finding]]:
    match event:
        case {"document_id": str(id), "answers": [{"labels": list(labels)}]}:
            return id, dict(_parse_label(label) for label in labels)
    raise ValueError("expected 'document_id' and 'answers' with the labels of one model, as deploy/hatflow score writes them")


def _parse_label(label: Any) -> tuple[str, Finding]:
    match label:
        case {"name": str(name), "above_threshold": bool(present), "score": int(score) | float(score)} if isinstance(
            label.get("evidence", []), list
        ):
            spans = [_parse_span(span) for span in label.get("evidence", [])]
            best = max(spans, key=lambda span: span[1], default=None)
            return name, Finding(present, score, best[0] if best else None)
    raise ValueError(f"label {label} needs a string 'name', a number 'score' and true or false as 'above_threshold'")


def _parse_span(span: Any) -> tuple[Span, float]:
    match span:
        case {"start": int(start), "end": int(end), "score": int(score) | float(score)}:
            return (start, end), score
    raise ValueError(f"evidence {span} needs whole numbers 'start' and 'end' and a number 'score'")


def compare(texts: Sequence[LabelledText], events: Mapping[str, Findings]) -> Report:
    """Compare annotated texts with the events of the same ids."""
    found = [events.get(text.id, {}) for text in texts]
    labels = sorted({*label_names(texts), *(label for findings in found for label in findings)})
    truth = np.array([[label in text.labels for label in labels] for text in texts])
    marked = np.array([[label in findings and findings[label].present for label in labels] for findings in found])
    metrics = document_metrics(labels, [0.5] * len(labels), marked.astype(np.float32), truth)
    results = []
    for column, label in enumerate(labels):
        hits = [
            (text, findings[label].evidence)
            for text, findings, hit in zip(texts, found, (truth & marked)[:, column], strict=True)
            if hit
        ]
        results.append(_label_result(metrics, column, int(marked[:, column].sum()), hits))
    with_evidence = sum(result.with_evidence for result in results)
    known = {text.id for text in texts}
    return Report(
        documents=len(texts),
        micro_f1=metrics.micro_f1,
        macro_f1=metrics.macro_f1,
        located_share=sum(result.located for result in results) / with_evidence if with_evidence else None,
        covered_share=sum(result.covered for result in results) / with_evidence if with_evidence else None,
        labels=results,
        missing=[text.id for text in texts if text.id not in events],
        superfluous=[id for id in events if id not in known],
    )


def _label_result(metrics: Metrics, column: int, marked: int, hits: Sequence[tuple[LabelledText, Span | None]]) -> LabelResult:
    label = metrics.labels[column]
    # Of a label of the whole text nobody can say whether its evidence is in place.
    placed = [(text, evidence) for text, evidence in hits if evidence is not None and label not in text.unplaced]
    return LabelResult(
        label=label,
        documents=metrics.positives[column],
        marked=marked,
        hits=len(hits),
        precision=metrics.precision[column],
        recall=metrics.recall[column],
        f1=metrics.f1[column],
        with_evidence=len(placed),
        located=sum(_overlaps(text, label, evidence) for text, evidence in placed),
        covered=sum((end - start) / _units(text.text) for text, (start, end) in placed),
    )


def _overlaps(text: LabelledText, label: str, evidence: Span) -> bool:
    spans = utf16_offsets(text.text, [(start, end) for name, start, end in text.spans if name == label])
    return any(overlap(span, evidence) for span in spans)


def overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _units(text: str) -> int:
    """Of UTF-16."""
    return len(text.encode("utf-16-le")) // 2
