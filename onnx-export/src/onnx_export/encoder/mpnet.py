"""MPNet (Song et al. 2020, arXiv:2004.09297): RoBERTa without token types, with a bias of attention by distance, as T5 has it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from onnx_export.encoder.bert import DEFAULTS
from onnx_export.encoder.family import Family

BUCKETS = 32
"""Of distances. transformers computes with as many whatever ``relative_attention_num_buckets`` says."""

_FARTHEST = 128
"""The distance from which on all are alike."""

MPNET = Family(
    name="MPNet",
    classes=["MPNet"],
    model_types=["mpnet"],
    prefix="mpnet.",
    names=[
        (".attention.attn.q.", ".attention.self.query."),
        (".attention.attn.k.", ".attention.self.key."),
        (".attention.attn.v.", ".attention.self.value."),
        (".attention.attn.o.", ".attention.output.dense."),
        (".attention.LayerNorm.", ".attention.output.LayerNorm."),
    ],
    defaults={**DEFAULTS, "vocab_size": 30527, "relative_attention_num_buckets": BUCKETS},
    token_types=False,
    counts_positions=True,
    pad_id=1,
    relative_positions=True,
)


def buckets(length: int) -> NDArray[np.int64]:
    """[2 · length − 1]: the bucket of the distance from a token to another, from ``length`` − 1 before it to as many behind it.

    Half of the buckets are for either direction; of these, half are for single distances, and the others grow with the distance.
    """
    distance = np.arange(-(length - 1), length)
    half, exact = BUCKETS // 2, BUCKETS // 4
    far = np.abs(distance).astype(np.float32)
    with np.errstate(divide="ignore"):
        growing = np.log(far / np.float32(exact)) / np.float32(math.log(_FARTHEST / exact)) * np.float32(half - exact)
    large = np.minimum(exact + np.nan_to_num(growing, neginf=0).astype(np.int64), half - 1)
    return np.where(far < exact, np.abs(distance), large) + np.where(distance > 0, half, 0)
