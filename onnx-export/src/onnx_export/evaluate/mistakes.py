"""What a bundle gets wrong on annotated texts: where, how surely, and what it took for what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from onnx_export.evaluate.events import Finding, Findings, overlap
from onnx_export.text.segmentation import Span
from onnx_export.text.tokenization import utf16_offsets
from onnx_export.train.labelled_texts import LabelledText

_LONGEST_QUOTE = 400
_CONTEXT = 120


@dataclass(frozen=True)
class Quote:
    """A passage with what stands around it; in code points at most ``_LONGEST_QUOTE`` and ``_CONTEXT`` on either side."""

    before: str
    passage: str
    after: str

    @staticmethod
    def of(text: str, start: int, end: int) -> Quote:
        cut = min(end, start + _LONGEST_QUOTE)
        return Quote(
            ("…" if start > _CONTEXT else "") + text[max(0, start - _CONTEXT) : start],
            text[start:cut] + ("…" if cut < end else ""),
            text[end : end + _CONTEXT] + ("…" if end + _CONTEXT < len(text) else ""),
        )


@dataclass(frozen=True)
class Mistake:
    """A label that a text was given and does not carry, or carries and was not given (``missed``).

    ``quote`` is the evidence of a label that was given, the annotated place of one that was missed; None where there is neither.
    """

    text_id: str
    label: str
    missed: bool
    score: float
    quote: Quote | None

    @property
    def confidence(self) -> float:
        """How sure the bundle was, 0 to 1."""
        return 1 - self.score if self.missed else self.score


def mistakes(texts: Sequence[LabelledText], events: Mapping[str, Findings]) -> list[Mistake]:
    """All mistakes in the texts that have events, the most confident first."""
    found = [mistake for text in texts if text.id in events for mistake in _of_text(text, events[text.id])]
    return sorted(found, key=lambda mistake: (-mistake.confidence, mistake.text_id, mistake.label))


def confusions(texts: Sequence[LabelledText], events: Mapping[str, Findings]) -> Counter[tuple[str, str]]:
    """How often a label was given in the place of another, by (label that the text carries, label that it was given).

    What a wrong label was taken for is what is annotated where its evidence lies; where nothing is, the labels of the whole text
    that were missed.
    """
    counted: Counter[tuple[str, str]] = Counter()
    for text in texts:
        findings = events.get(text.id, {})
        missed = {label for label in text.unplaced if label not in findings or not findings[label].present}
        for given in _wrongly_given(text, findings):
            evidence = findings[given].evidence
            there = {label for label, span in _placed(text) if evidence is not None and overlap(span, evidence)}
            counted.update((carried, given) for carried in sorted(there or missed))
    return counted


def _of_text(text: LabelledText, findings: Findings) -> Iterator[Mistake]:
    for label in _wrongly_given(text, findings):
        finding = findings[label]
        yield Mistake(text.id, label, False, finding.score, _evidence(text.text, finding))
    for label in sorted(text.labels):
        if label in findings and not findings[label].present:
            annotated = next(((start, end) for name, start, end in text.spans if name == label), None)
            quote = Quote.of(text.text, *annotated) if annotated else None
            yield Mistake(text.id, label, True, findings[label].score, quote)


def _wrongly_given(text: LabelledText, findings: Findings) -> list[str]:
    return [label for label, finding in findings.items() if finding.present and label not in text.labels]


def _evidence(text: str, finding: Finding) -> Quote | None:
    if finding.evidence is None:
        return None
    # Events count UTF-16 units, and Python code points.
    units = text.encode("utf-16-le")
    start, end = (len(units[: 2 * unit].decode("utf-16-le", "ignore")) for unit in finding.evidence)
    return Quote.of(text, start, end)


def _placed(text: LabelledText) -> Iterator[tuple[str, Span]]:
    """Labels with their spans in UTF-16 units."""
    spans = utf16_offsets(text.text, [(start, end) for _, start, end in text.spans])
    yield from zip((label for label, _, _ in text.spans), spans, strict=True)
