"""What to do next for a better model: rules that read a report as somebody would who has trained a few."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from onnx_export.evaluate.events import LabelResult, Report

_FEW_TO_LEARN_FROM = 30
_FEW_TO_MEASURE_ON = 5
_GOOD = 0.8
"""F1 from which on a label needs no advice."""
_LOPSIDED = 0.15
"""Distance of precision and recall from which on it matters which of them is low."""
_TAKEN_FOR_EACH_OTHER = 3
_EVIDENCE_RIGHT = 0.7
_STILL_RISING = 0.005
"""Gain in micro-F1 by the last pass that was evaluated."""
_MOST_LABELS = 8


def advice(
    report: Report, learned_from: Mapping[str, int], confused: Counter[tuple[str, str]], curve: Sequence[float]
) -> list[str]:
    """Sentences, the most useful first.

    Args:
        report: of the held-out texts.
        learned_from: of how many texts the training learned each label.
        confused: see :func:`onnx_export.evaluate.mistakes.confusions`.
        curve: micro-F1 on the validation texts, evaluation by evaluation.
    """
    weak = [label for label in report.labels if label.documents >= _FEW_TO_MEASURE_ON and label.f1 < _GOOD]
    weak.sort(key=lambda label: (1 - label.f1) * label.documents, reverse=True)
    sentences = [_of_label(label, learned_from.get(label.label, 0)) for label in weak[:_MOST_LABELS]]
    sentences += _confused(confused)
    sentences += _misplaced(report.labels)
    if len(curve) > 1 and curve[-1] - curve[-2] > _STILL_RISING:
        sentences.append("The last pass still made the model better: train longer, with more --passes.")
    unsure = [label.label for label in report.labels if label.documents < _FEW_TO_MEASURE_ON]
    if unsure:
        sentences.append(
            f"Fewer than {_FEW_TO_MEASURE_ON} held-out texts carry {', '.join(unsure)}: their figures say little, good or bad. "
            "Annotate more texts with them, or hold out more (--test)."
        )
    return sentences or ["Nothing stands out. Look at the mistakes below; some may be mistakes of the annotation."]


def _of_label(label: LabelResult, learned_from: int) -> str:
    is_missed = label.precision - label.recall > _LOPSIDED
    is_overused = label.recall - label.precision > _LOPSIDED
    if learned_from < _FEW_TO_LEARN_FROM:
        remedy = f"it learned from {learned_from} texts that carry it: annotate more of them, {_FEW_TO_LEARN_FROM} at least"
    elif is_missed:
        remedy = "it is missed more often than it is given wrongly: annotate texts that say it in other words, as those that were missed"
    elif is_overused:
        remedy = (
            "it is given wrongly more often than it is missed: see whether it was forgotten in the annotation, and add texts that look "
            "as if they carried it and do not"
        )
    else:
        remedy = "say more exactly what it means, annotate its texts again, and add more"
    return f"{label.label}: F1 {label.f1:.2f} (precision {label.precision:.2f}, recall {label.recall:.2f}); {remedy}."


def _confused(confused: Counter[tuple[str, str]]) -> Iterator[str]:
    for (carried, given), times in confused.most_common(3):
        if times >= _TAKEN_FOR_EACH_OTHER:
            yield f"{carried} was taken for {given} {times} times: say in the annotation's rules what tells them apart, and annotate both."


def _misplaced(labels: Sequence[LabelResult]) -> Iterator[str]:
    misplaced = [
        f"{label.label} ({label.located} of {label.with_evidence})"
        for label in labels
        if label.with_evidence >= _FEW_TO_MEASURE_ON and label.located < _EVIDENCE_RIGHT * label.with_evidence
    ]
    if misplaced:
        yield f"Found in the right texts, but often in a place that is not annotated: {', '.join(misplaced)}. Annotate every place, not the first alone."
