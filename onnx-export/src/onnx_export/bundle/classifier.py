"""From text to answers with the graph, tokenizer and manifest of a bundle: the path that Java takes, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export.bundle.manifest import packed_layout
from onnx_export.bundle.scoring import DocumentScores, combine_segments, combine_windows
from onnx_export.bundle.tagging import LabelledSpan, label_scores, labelled_spans
from onnx_export.contract import MODEL, TOKENIZER, Logits
from onnx_export.onnx.packing import Segments, in_a_row, open_session, run
from onnx_export.text.cutting import BETWEEN_SEGMENTS, TextCutter
from onnx_export.text.segmentation import Span, windows
from onnx_export.text.tokenization import TextTokenizer, utf16_offsets


@dataclass(frozen=True)
class SegmentedDocument:
    """A text cut up: its token ids, their offsets in UTF-16 code units, segments of tokens, windows of segments."""

    token_ids: list[int]
    token_offsets: list[Span]
    segments: list[Span]
    windows: list[Span]


class Classifier:
    """Puts texts to the model of a bundle folder, of any task, with its manifest, which must be valid."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        """Open tokenizer and graph; an unusable file raises what its library raises."""
        self.manifest = manifest
        self.layout = packed_layout(manifest)
        self.cutter = TextCutter.of(manifest, TextTokenizer(folder / TOKENIZER).tokenize)
        self.session = open_session(folder / MODEL, threads=0)

    def cut(self, text: str | Sequence[str]) -> SegmentedDocument:
        """Tokenize, segment and window a text, or one that came in segments.

        Raises:
            ValueError: if the text has no tokens.
        """
        if isinstance(text, str):
            joined = text
            tokens, segments = self.cutter.cut(text)
        else:
            joined = BETWEEN_SEGMENTS.join(text)
            tokens, segments = self.cutter.cut_segments(text)
        if not tokens.ids:
            raise ValueError("the text has no tokens, expected at least one")
        overlap = self.manifest["segmentation"]["window_overlap"]
        return SegmentedDocument(
            tokens.ids,
            utf16_offsets(joined, tokens.offsets),
            segments,
            windows(len(segments), max_segments=self.layout.max_segments, overlap=overlap),
        )

    def window_inputs(self, document: SegmentedDocument) -> list[Segments]:
        """The token ids, CLS first, of each segment of each window; SEP last, where the model has segments end so."""
        sep = self.manifest["special_tokens"].get("sep")
        last = [] if sep is None else [sep]
        segments = [[self.layout.cls_id, *document.token_ids[first:end], *last] for first, end in document.segments]
        return [segments[first:end] for first, end in document.windows]

    def answer(self, document: SegmentedDocument) -> list[Logits]:
        """The model's answer for each window of a document, all of them in one batch."""
        return run(self.session, self.layout.pack(self.window_inputs(document)))

    def answers(self, batch: Sequence[Segments]) -> list[NDArray[np.float32]]:
        """All numbers that the model gives for each window, all windows in one batch."""
        return [in_a_row(logits) for logits in run(self.session, self.layout.pack(batch))]

    def score(self, document: SegmentedDocument) -> DocumentScores:
        """Scores of a document; a choice of a multiple choice has one, its logit."""
        if self.manifest["task"] == "token-classification":
            return self._label_scores(document)
        if self.manifest["architecture"] == "encoder":
            return combine_segments(self.answer(document), self.manifest["problem_type"], self.manifest["pooling"])
        return combine_windows(document.windows, self.answer(document), self.manifest.get("problem_type", "regression"))

    def spans(self, document: SegmentedDocument) -> list[LabelledSpan]:
        """Of token classification: the runs of a document's tokens that have a label, in their order."""
        tags, spans = self.manifest["tags"], []
        for index, logits in enumerate(self.answer(document)):
            first, end = document.segments[index]  # a window is a segment
            spans += labelled_spans(logits.segments[0][1 : 1 + end - first], tags, segment=index, first=first)
        return spans

    def _label_scores(self, document: SegmentedDocument) -> DocumentScores:
        labels = [label["name"] for label in self.manifest["labels"]]
        segments = label_scores(self.spans(document), labels, len(document.segments))
        return DocumentScores(segments.max(axis=0), segments)
