"""What a bundle promises those who open it, in the words of its manifest: files, tasks, and what a graph answers.

``docs/bundle.md`` says what they mean. All packages speak these words, so they stand where each may import them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

MANIFEST, MODEL, TOKENIZER, GOLDEN, MODEL_CARD = (
    "manifest.json",
    "model.onnx",
    "tokenizer.json",
    "golden.jsonl",
    "README.md",
)
# Beside a bundle that somebody has signed, see docs/bundle.md; the manifest cannot name what signs it.
SIGNATURE = "manifest.json.sig"

Task = Literal[
    "document-classification",
    "segment-classification",
    "token-classification",
    "multiple-choice",
    "masked-lm",
    "embedding",
    "language-model",
]
ProblemType = Literal["single-label", "multi-label", "regression"]
PadSegment = Literal["none", "pad", "cls"]
SegmentPooling = Literal["max", "mean", "logsumexp"]
"""Of the logits of an encoder's segments, to those of their document."""
Precision = Literal["fp32", "fp16", "int8"]

PAD_SEGMENTS: tuple[PadSegment, ...] = ("none", "pad", "cls")
SEGMENT_POOLINGS: tuple[SegmentPooling, ...] = ("max", "mean", "logsumexp")
PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16", "int8")

GARBLED_LABELS = ("garbled", "garbled-passage")
"""Of a language model: scored by the surprise of all that was seen of a document, and by that of its worst passage."""


@dataclass(frozen=True)
class Logits:
    """What a model gives for one window of n segments: [C], or None where it pools no documents, and [n, C].

    Of token classification they are None and [n, K, C]. Without labels the same places hold vectors, [H] and [n, H], or the logits of every token, None and [n, K, V].
    """

    document: NDArray[np.float32] | None
    segments: NDArray[np.float32]
