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
from itertools import pairwise
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
        self._sentences = {text.id: sentences(text.text) for text in texts}

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

    def apart(self, text: LabelledText) -> list[Span]:
        """The segments of a text but that the sentences of each annotated clause begin a segment and end one: in no segment is a clause
        beside a sentence without one."""
        offsets = self.corpus.tokens[text.id][1]
        breaks = {0, len(offsets)}
        for _, start, end in text.spans:
            breaks |= set(self._tokens_of_sentences(text, start, end))
        spans: list[Span] = []
        for begin, end in pairwise(sorted(breaks)):
            part = segment(
                text.text,
                offsets[begin:end].tolist(),
                segmenter=self.recipe.segmenter,
                segment_length=self.recipe.segment_length,
            )
            spans += [(a + begin, b + begin) for a, b in part]
        return spans

    def alone(self, clause: Clause) -> list[Span]:
        """The segments of the clause's sentences, by first and end token of its text."""
        begin, last = self._tokens_of_sentences(clause.text, clause.start, clause.end)
        width = self.recipe.segment_length - 1
        return [(a, min(a + width, last)) for a in range(begin, last, width)]

    def _tokens_of_sentences(self, text: LabelledText, start: int, end: int) -> Span:
        """The tokens of the sentences that share characters with a span of the text."""
        own = [span for span in self._sentences[text.id] if span[0] < end and span[1] > start]
        begin, last = np.searchsorted(self.corpus.tokens[text.id][1][:, 0], (own[0][0], own[-1][1]))
        return int(begin), int(last)


def within(
    clauses: Sequence[Clause], documents: Sequence[SegmentedDocument], logits: Sequence[NDArray[np.float32]]
) -> NDArray[np.float32]:
    """[clauses], the best logit for its label of the segments that a clause is in; of each text its document and [segments, C]."""
    of_text = {document.text.id: (document, rows) for document, rows in zip(documents, logits, strict=True)}
    found = []
    for clause in clauses:
        document, rows = of_text[clause.text.id]
        found.append(rows[clause.overlaps(document.places), clause.label].max())
    return np.array(found, np.float32)


def in_segments_of_its_own(company: Company, clauses: Sequence[Clause]) -> NDArray[np.float32]:
    """[clauses], the same where no sentence without a clause is in these segments."""
    documents = [company.corpus.cut_at(text, company.apart(text)) for text in company.texts]
    return within(clauses, documents, company.logits(documents))


def alone(company: Company, clauses: Sequence[Clause]) -> NDArray[np.float32]:
    """[clauses], the same where there is no other text."""
    documents = [company.corpus.cut_at(clause.text, company.alone(clause)) for clause in clauses]
    return np.array(
        [rows[:, clause.label].max() for clause, rows in zip(clauses, company.logits(documents), strict=True)], np.float32
    )


def report_clauses(company: Company, usual: Sequence[NDArray[np.float32]], tuned: Tuned) -> None:
    """A line for each of the two ways to be without neighbours."""
    clauses = company.clauses()
    labels = np.array([clause.label for clause in clauses])
    thresholds = np.array(tuned.thresholds, np.float32)[labels]

    def present(logits: NDArray[np.float32]) -> NDArray[np.bool_]:
        calibrated = logits * tuned.calibration.slopes[labels] + tuned.calibration.offsets[labels]
        reached: NDArray[np.bool_] = 1 / (1 + np.exp(-calibrated)) >= thresholds
        return reached

    there = present(within(clauses, company.corpus.of(company.texts), usual))
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
