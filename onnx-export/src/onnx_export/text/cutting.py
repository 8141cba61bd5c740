"""From a text to its tokens and segments, as a bundle asks for them; ``TextCutter`` in Java mirrors this module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from onnx_export.text.cleaning import CleaningName, clean
from onnx_export.text.segmentation import SegmenterName, Span, segment, sentences
from onnx_export.text.tokenization import Tokens

TokenizationName = Literal["whole-text", "per-sentence"]
TOKENIZATIONS: tuple[TokenizationName, ...] = ("whole-text", "per-sentence")
Tokenize = Callable[[str], Tokens]

BETWEEN_SEGMENTS = "\n"
"""What joins the segments of a text that came in segments."""


@dataclass(frozen=True)
class TextCutter:
    """Cleaning, tokenization and segmentation of a bundle; ``tokenize`` is its tokenizer's."""

    tokenize: Tokenize
    cleaning: CleaningName
    tokenization: TokenizationName
    segmenter: SegmenterName
    segment_length: int
    """K, less the token that ends a segment where one does."""

    @classmethod
    def of(cls, manifest: Mapping[str, Any], tokenize: Tokenize) -> TextCutter:
        """What cuts texts as a valid manifest says."""
        text, segmentation = manifest.get("text", {}), manifest["segmentation"]
        return cls(
            tokenize,
            text.get("cleaning", "none"),
            text.get("tokenization", "whole-text"),
            segmentation["segmenter"],
            segmentation["segment_length"] - ("sep" in manifest["special_tokens"]),
        )

    def cut(self, text: str) -> tuple[Tokens, list[Span]]:
        """Tokens, with places in the text as received, and segments of tokens."""
        cleaned = clean(text, self.cleaning)
        tokens, segments = self._cut(cleaned.text)
        return Tokens(tokens.ids, [cleaned.original(span) for span in tokens.offsets]), segments

    def cut_segments(self, given: Sequence[str]) -> tuple[Tokens, list[Span]]:
        """The same of a text that came in segments: each is cut as a text of its own, and none is cleaned.

        Places are those in the given segments joined by ``BETWEEN_SEGMENTS``.
        """
        ids: list[int] = []
        offsets: list[Span] = []
        segments: list[Span] = []
        place = 0
        for text in given:
            tokens, own = self._cut(text)
            segments += [(len(ids) + first, len(ids) + end) for first, end in own]
            ids += tokens.ids
            offsets += [(place + start, place + end) for start, end in tokens.offsets]
            place += len(text) + len(BETWEEN_SEGMENTS)
        return Tokens(ids, offsets), segments

    def _cut(self, text: str) -> tuple[Tokens, list[Span]]:
        tokens = self.tokenize(text) if self.tokenization == "whole-text" else self._sentence_by_sentence(text)
        return tokens, segment(text, tokens.offsets, segmenter=self.segmenter, segment_length=self.segment_length)

    def _sentence_by_sentence(self, text: str) -> Tokens:
        ids: list[int] = []
        offsets: list[Span] = []
        for start, end in sentences(text):
            tokens = self.tokenize(text[start:end])
            ids += tokens.ids
            offsets += [(start + first, start + last) for first, last in tokens.offsets]
        return Tokens(ids, offsets)
