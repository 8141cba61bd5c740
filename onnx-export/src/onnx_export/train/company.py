"""How often a clause loses its score because of what else is in its segment, and whether cutting texts more than once helps.

Asks a trained checkpoint about the texts that its training held out. Each annotated clause is scored where it is, in segments of its own
at the same place of the same text, and as a text of its own. Then whole texts are scored in cuts other than the usual one, and by the best
or the mean of several cuts. ``docs/models.md`` has the figures.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onnx_export.text.segmentation import Span, segment, sentences
from onnx_export.train.corpus import Corpus, SegmentedDocument
from onnx_export.train.hat_torch import SegmentClassifier
from onnx_export.train.held_out import F1InHalves, Scored, Tuned
from onnx_export.train.labelled_texts import LabelledText
from onnx_export.train.metrics import average_precision
from onnx_export.train.recipe import Recipe
from onnx_export.train.whole_documents import segment_logits


@dataclass(frozen=True)
class Clause:
    """An annotated span, and its label's place among the labels."""

    text: LabelledText
    label: int
    start: int
    end: int

    def overlaps(self, places: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Which of the pieces [n, 2] of the text share characters with it."""
        return (places[:, 0] < self.end) & (places[:, 1] > self.start)


class Company:
    """A trained model, its recipe, and the texts that it is asked about."""

    def __init__(self, model: SegmentClassifier, recipe: Recipe, corpus: Corpus, texts: Sequence[LabelledText]) -> None:
        self.model, self.recipe, self.corpus, self.texts = model, recipe, corpus, texts

    def logits(self, documents: Sequence[SegmentedDocument]) -> list[NDArray[np.float32]]:
        """[segments, C] for each document."""
        return segment_logits(self.model, documents, self.recipe)

    def clauses(self) -> list[Clause]:
        return [
            Clause(text, self.corpus.labels.index(label), start, end) for text in self.texts for label, start, end in text.spans
        ]

    def usual(self, text: LabelledText, length: int) -> list[Span]:
        """The segments of a text, of so many tokens, by first and end token."""
        offsets = self.corpus.tokens[text.id][1].tolist()
        return segment(text.text, offsets, segmenter=self.recipe.segmenter, segment_length=length)

    def shifted(self, text: LabelledText, length: int) -> list[Span]:
        """The segments of a text but that the first one is half as long, so that all others begin elsewhere."""
        offsets = self.corpus.tokens[text.id][1].tolist()
        first = self.usual(text, length // 2)[0][1]
        rest = segment(text.text, offsets[first:], segmenter=self.recipe.segmenter, segment_length=length)
        return [(0, first), *((begin + first, end + first) for begin, end in rest)]

    def apart(self, clause: Clause) -> tuple[list[Span], Span]:
        """The usual segments but for those that the clause's sentences are in, which begin and end with those sentences; and which of
        them hold the clause."""
        text, room = clause.text, self.recipe.segment_length
        offsets = self.corpus.tokens[text.id][1]
        own = [(a, b) for a, b in sentences(text.text) if a < clause.end and b > clause.start]
        begin = int(np.searchsorted(offsets[:, 0], own[0][0])) if own else 0
        end = int(np.searchsorted(offsets[:, 0], own[-1][1])) if own else len(offsets)
        usual = self.usual(text, room)
        before = [(a, min(b, begin)) for a, b in usual if a < begin]
        after = [(max(a, end), b) for a, b in usual if b > end]
        width = room - 1
        inner = [(a, min(a + width, end)) for a in range(begin, end, width)]
        return [*before, *inner, *after], (len(before), len(before) + len(inner))


def in_place(company: Company, clauses: Sequence[Clause], usual: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """[clauses], the best logit for its label of the segments that a clause is in."""
    rows = dict(zip((text.id for text in company.texts), usual, strict=True))
    found = []
    for clause in clauses:
        places = company.corpus.documents[clause.text.id].places
        found.append(rows[clause.text.id][clause.overlaps(places), clause.label].max())
    return np.array(found, np.float32)


def in_segments_of_its_own(company: Company, clauses: Sequence[Clause]) -> NDArray[np.float32]:
    """[clauses], the same where no sentence but the clause's own is in these segments. Of the text, one window around them is shown."""
    found = []
    for done, clause in enumerate(clauses, start=1):
        spans, (first, end) = company.apart(clause)
        middle, most = (first + end) // 2, company.recipe.max_segments
        begin = max(0, min(middle - most // 2, len(spans) - most))
        document = company.corpus.cut_at(clause.text, spans[begin : begin + most])
        rows = company.logits([document])[0][max(0, first - begin) : end - begin]
        found.append(rows[:, clause.label].max())
        _progress("clauses in segments of their own", done, len(clauses))
    return np.array(found, np.float32)


def alone(company: Company, clauses: Sequence[Clause]) -> NDArray[np.float32]:
    """[clauses], the same where there is no other text."""
    found = []
    for done, clause in enumerate(clauses, start=1):
        spans, (first, end) = company.apart(clause)
        document = company.corpus.cut_at(clause.text, spans[first : min(end, first + company.recipe.max_segments)])
        found.append(company.logits([document])[0][:, clause.label].max())
        _progress("clauses alone", done, len(clauses))
    return np.array(found, np.float32)


def _progress(what: str, done: int, count: int) -> None:
    if done % 200 == 0 or done == count:
        print(f"{what}: {done}/{count}", file=sys.stderr, flush=True)


def report_clauses(company: Company, usual: Sequence[NDArray[np.float32]], tuned: Tuned) -> None:
    """A line for each of the two ways to be without neighbours."""
    clauses = company.clauses()
    labels = np.array([clause.label for clause in clauses])
    thresholds = np.array(tuned.thresholds, np.float32)[labels]

    def present(logits: NDArray[np.float32]) -> NDArray[np.bool_]:
        calibrated = logits * tuned.calibration.slopes[labels] + tuned.calibration.offsets[labels]
        reached: NDArray[np.bool_] = 1 / (1 + np.exp(-calibrated)) >= thresholds
        return reached

    there = present(in_place(company, clauses, usual))
    print(f"\n{len(clauses)} clauses in {len(company.texts)} texts; {there.sum()} reach their label's threshold where they are\n")
    print("| without neighbours | reaches it | lost by its company | owed to its company |\n| --- | ---: | ---: | ---: |")
    for name, ask in (("in segments of its own", in_segments_of_its_own), ("as a text of its own", alone)):
        without = present(ask(company, clauses))
        print(f"| {name} | {without.sum()} | {(without & ~there).sum()} | {(there & ~without).sum()} |", flush=True)
        pairs: dict[tuple[str, int], list[int]] = {}
        for i, clause in enumerate(clauses):
            pairs.setdefault((clause.text.id, clause.label), []).append(i)
        lost = [key for key, rows in pairs.items() if without[rows].any() and not there[rows].any()]
        print(f"| … pairs of a text and a label ({len(pairs)}) | | {len(lost)} | |", flush=True)


CUTS: dict[str, Callable[[Company, LabelledText, int], list[Span]]] = {
    "as usual": lambda company, text, length: company.usual(text, length),
    "shifted by half a segment": lambda company, text, length: company.shifted(text, length),
    "segments of three quarters": lambda company, text, length: company.usual(text, 3 * length // 4),
    "segments of half the length": lambda company, text, length: company.usual(text, length // 2),
}


def report_cuts(company: Company, usual: Sequence[NDArray[np.float32]]) -> None:
    """Average precision and F1 in halves of each cut, and of the best and the mean of the usual one and another."""
    truth = np.stack([company.corpus.documents[text.id].truth for text in company.texts])
    of_cuts = {}
    for name, cut in CUTS.items():
        documents = [company.corpus.cut_at(text, cut(company, text, company.recipe.segment_length)) for text in company.texts]
        rows = usual if name == "as usual" else company.logits(documents)
        of_cuts[name] = np.stack([each.max(axis=0) for each in rows])
        print(f"scored: {name}", file=sys.stderr, flush=True)
    scored: dict[str, NDArray[np.float32]] = dict(of_cuts)
    for name in list(CUTS)[1:]:
        scored[f"best of the usual and {name}"] = np.maximum(of_cuts["as usual"], of_cuts[name])
        scored[f"mean of the usual and {name}"] = np.mean([of_cuts["as usual"], of_cuts[name]], axis=0, dtype=np.float32)
    scored["mean of all four"] = np.mean(list(of_cuts.values()), axis=0, dtype=np.float32)
    print("\n| cut | AP, pairs | AP, per label | micro-F1 in halves | macro-F1 |\n| --- | ---: | ---: | ---: | ---: |")
    for name, logits in scored.items():
        pairs, per_label = average_precision(logits, truth)
        halves = F1InHalves.of(Scored(logits, truth))
        print(f"| {name} | {pairs:.3f} | {per_label:.3f} | {halves.micro_f1:.3f} | {halves.macro_f1:.3f} |", flush=True)


def read_recipe(checkpoint: Path) -> Recipe:
    """What a training in this folder was asked for."""
    options = json.loads((checkpoint / "training.json").read_text(encoding="utf-8"))
    known = {field.name for field in fields(Recipe)}
    return replace(Recipe(**{name: value for name, value in options.items() if name in known}), dropout=0.0)
