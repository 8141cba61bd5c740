"""From tags of tokens to labelled spans, as transformers' pipeline groups them with the strategy ``simple``; see ``docs/bundle.md``.

``TokenHead`` in Java mirrors this module. C tags.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onnx_export.bundle.scoring import scores

OUTSIDE = "O"
"""The tag of tokens that have no label."""


@dataclass(frozen=True)
class LabelledSpan:
    """A run of tokens of one segment; its score is the mean of those of its tokens' tags."""

    label: str
    segment: int
    first: int
    """Token of the document."""
    end: int
    """Exclusive."""
    score: float


def label_of(tag: str) -> str:
    """What a tag says a token belongs to: ``PER`` of ``B-PER`` and ``I-PER``."""
    return tag[2:] if tag.startswith(("B-", "I-")) else tag


def labels_of_tags(tags: Sequence[str]) -> list[str]:
    """The labels in the order of their first tags."""
    return list(dict.fromkeys(label_of(tag) for tag in tags if label_of(tag) != OUTSIDE))


def labelled_spans(logits: NDArray[np.float32], tags: Sequence[str], *, segment: int, first: int) -> list[LabelledSpan]:
    """The spans of a segment, of whose tokens ``logits`` [tokens, C] are, the first of them the document's token ``first``.

    A token has its best tag. A span goes on with a token of the same label, unless its tag begins a new one (``B-``).
    """
    shares = scores(logits, "single-label")
    best = logits.argmax(axis=1)
    spans: list[LabelledSpan] = []
    start = 0
    for token in range(1, len(best) + 1):
        label = label_of(tags[best[start]])
        if token < len(best) and label_of(tags[best[token]]) == label and not tags[best[token]].startswith("B-"):
            continue
        if label != OUTSIDE:
            score = float(np.mean([shares[place, best[place]] for place in range(start, token)], dtype=np.float64))
            spans.append(LabelledSpan(label, segment, first + start, first + token, score))
        start = token
    return spans


def label_scores(spans: Sequence[LabelledSpan], labels: Sequence[str], segments: int) -> NDArray[np.float32]:
    """[segments, labels]: the score of the best span of each label, 0 where there is none."""
    best = np.zeros((segments, len(labels)), np.float32)
    for span in spans:
        place = span.segment, labels.index(span.label)
        best[place] = max(best[place], span.score)
    return best
