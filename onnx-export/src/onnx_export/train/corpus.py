"""What a training shows its model: tokenized texts cut into segments, windows of segments, batches of windows."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from onnx_export.text.segmentation import Span, segment
from onnx_export.train.hat_torch import Packed
from onnx_export.train.labelled_texts import LabelledText
from onnx_export.train.recipe import Recipe


@dataclass(frozen=True)
class SegmentedDocument:
    """A document as the model sees it."""

    token_ids: list[NDArray[np.int64]]
    targets: NDArray[np.float32]
    """[segments, C]; NaN for a label of the whole text, which any of its segments may carry."""
    truth: NDArray[np.bool_]
    """[C], which labels the whole text carries."""
    text: LabelledText
    places: NDArray[np.int32]
    """[segments, 2], begin and end of each in the text."""

    def piece(self, segment: int) -> str:
        begin, end = self.places[segment]
        return self.text.text[begin:end]


class Corpus:
    """Tokenized documents of all splits, and their segments."""

    def __init__(
        self, texts: Sequence[LabelledText], labels: Sequence[str], tokenizer: Tokenizer, recipe: Recipe, cls: int
    ) -> None:
        """``cls``: the id that begins a segment."""
        self.labels, self.recipe, self.cls = labels, recipe, cls
        self.tokens: dict[str, tuple[NDArray[np.int32], NDArray[np.int32]]] = {}
        """By id, int32 [T] token ids and [T, 2] offsets."""
        self.documents: dict[str, SegmentedDocument] = {}
        segments = 0
        for done, text in enumerate(texts, start=1):
            encoding = tokenizer.encode(text.text, add_special_tokens=False)
            if not encoding.ids:
                raise ValueError(
                    f"document {text.id!r} has no tokens: nothing in its text is a word to this tokenizer; leave it out"
                )
            self.tokens[text.id] = (np.array(encoding.ids, np.int32), np.array(encoding.offsets, np.int32))
            self.documents[text.id] = self._cut(text, recipe.segment_length)
            segments += len(self.documents[text.id].token_ids)
            if done % 50 == 0 or done == len(texts):
                print(f"segmented {done}/{len(texts)} documents, {segments} segments", flush=True)

    def of(self, texts: Sequence[LabelledText]) -> list[SegmentedDocument]:
        return [self.documents[text.id] for text in texts]

    def varied(self, texts: Sequence[LabelledText], chance: random.Random) -> list[SegmentedDocument]:
        """The texts cut for one pass, each with its own segment length, see ``Recipe.vary_segments``."""
        longest = self.recipe.segment_length
        shortest = max(2, round((1 - self.recipe.vary_segments) * longest))
        return [self._cut(text, chance.randint(shortest, longest)) for text in texts]

    def _cut(self, text: LabelledText, segment_length: int) -> SegmentedDocument:
        offsets = self.tokens[text.id][1].tolist()
        return self.cut_at(text, segment(text.text, offsets, segmenter=self.recipe.segmenter, segment_length=segment_length))

    def cut_at(self, text: LabelledText, spans: Sequence[Span]) -> SegmentedDocument:
        """A text whose segments are these, by first and end token."""
        token_ids, offsets = self.tokens[text.id]
        places = np.array([(offsets[begin, 0], offsets[end - 1, 1]) for begin, end in spans], np.int32)
        held = [text.labels_within(int(begin), int(end)) for begin, end in places]
        targets = np.array([[label in present for label in self.labels] for present in held], np.float32)
        targets[:, [label in text.unplaced for label in self.labels]] = np.nan
        ids = [np.concatenate([[self.cls], token_ids[begin:end]]).astype(np.int64) for begin, end in spans]
        truth = np.array([label in text.labels for label in self.labels])
        return SegmentedDocument(ids, targets, truth, text, places)


@dataclass(frozen=True)
class Frequencies:
    """How often labels occur in documents; ``in_segments`` and ``in_documents`` are [C], at least 1."""

    segments: int
    in_segments: NDArray[np.float32]
    in_documents: NDArray[np.float64]

    @staticmethod
    def of(documents: Sequence[SegmentedDocument]) -> Frequencies:
        # Of a label of the whole text, one segment is sure to carry it.
        targets = np.concatenate([np.nan_to_num(document.targets, nan=1 / len(document.targets)) for document in documents])
        in_documents = sum((document.truth for document in documents), np.zeros(targets.shape[1]))
        return Frequencies(len(targets), np.maximum(targets.sum(axis=0), 1), np.maximum(in_documents, 1))

    def positive_weight(self, largest: float) -> NDArray[np.float32]:
        """[C], how much more a segment that carries a label weighs than one that does not."""
        weight = np.clip(np.sqrt((self.segments - self.in_segments) / self.in_segments), 1, largest)
        return weight.astype(np.float32)

    @property
    def rarity(self) -> NDArray[np.float64]:
        """[C], see ``training_windows``."""
        rarity: NDArray[np.float64] = np.clip(np.sqrt(np.median(self.in_documents) / self.in_documents), 1, 2)
        return rarity

    @property
    def prior_logits(self) -> NDArray[np.float32]:
        """[C], what a model should say that knows no more than these frequencies."""
        return np.log(self.in_segments / self.segments).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Window:
    """The segments ``shown`` (ascending) of those from ``begin`` on that the model may look at together."""

    document: SegmentedDocument
    begin: int
    shown: NDArray[np.int64]

    @property
    def targets(self) -> NDArray[np.float32]:
        """[segments shown, C]"""
        return self.document.targets[self.shown]


def masked(batch: Packed, cls: int, mask: int, share: float) -> Packed:
    """The batch with this share of its tokens, never the CLS, replaced by the mask token."""
    hidden = (torch.rand(batch.token_ids.shape, device=batch.token_ids.device) < share) & (batch.token_ids != cls)
    return replace(batch, token_ids=torch.where(hidden, mask, batch.token_ids))


def packed(batch: Sequence[Window]) -> Packed:
    ids = [w.document.token_ids[i] for w in batch for i in w.shown]
    sizes = torch.tensor([len(w.shown) for w in batch])
    return Packed(
        torch.from_numpy(np.concatenate(ids)),
        torch.tensor([len(i) for i in ids]),
        torch.repeat_interleave(torch.arange(len(batch)), sizes),
        torch.cat([torch.from_numpy(w.shown - w.begin + 1) for w in batch]),
    )


def training_windows(
    documents: Sequence[SegmentedDocument], rarity: NDArray[np.float64], recipe: Recipe, chance: random.Random
) -> list[Window]:
    """One pass: every document cut at random into windows of N/8…N/2 segments, longer ones if segments are left out, and the longest
    there can be if somewhere in the document is a label of the whole text.

    Windows that hold a rare label come more than once (``rarity`` [C] is the expected number of copies); most windows that
    hold none are left out, because nearly all segments of a long document hold none.
    """
    chosen: list[Window] = []
    longest = recipe.max_segments if recipe.negative_segments_kept < 1 else max(1, recipe.max_segments // 2)
    for document in documents:
        begin, count = 0, len(document.token_ids)
        while begin < count:
            drawn = chance.randint(max(1, recipe.max_segments // 8), longest)
            end = min(count, begin + (recipe.max_segments if document.text.unplaced else drawn))
            possible = document.targets[begin:end] != 0
            labelled, present = possible.any(axis=1), possible.any(axis=0)
            copies = float(rarity[present].max()) if present.any() else recipe.negative_windows_kept
            for _ in range(int(copies) + (chance.random() < copies % 1)):
                shown = [begin + i for i in range(end - begin) if labelled[i] or _kept(recipe, chance)]
                if shown:
                    chosen.append(Window(document, begin, np.array(shown)))
            begin = end
    chance.shuffle(chosen)
    return chosen


def _kept(recipe: Recipe, chance: random.Random) -> bool:
    return recipe.negative_segments_kept == 1 or chance.random() < recipe.negative_segments_kept


def batches(chosen: Sequence[Window], batch_segments: int) -> Iterator[list[Window]]:
    batch: list[Window] = []
    size = 0
    for window in chosen:
        if batch and size + len(window.shown) > batch_segments:
            yield batch
            batch, size = [], 0
        batch.append(window)
        size += len(window.shown)
    if batch:
        yield batch
