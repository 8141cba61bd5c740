"""The inputs and outputs of a packed graph over windows of symbols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SymbolWindow:
    """Consecutive symbols of a document, by their ids, and the place of the first one in it."""

    ids: Sequence[int]
    offset: int = 0


def numbers_of(outputs: Mapping[str, NDArray[np.float32]], windows: Sequence[SymbolWindow]) -> list[NDArray[np.float32]]:
    """What a graph gives for each window of a batch: a number for each symbol, or a logit for each label."""
    if "logits" in outputs:
        return [*outputs["logits"]]
    return [row[: len(window.ids)] for row, window in zip(outputs["log_likelihood"], windows, strict=True)]


def pack_windows(windows: Sequence[SymbolWindow], *, offsets: bool) -> Mapping[str, NDArray[np.int64]]:
    """Windows as rows, padded at their end to the longest.

    Args:
        windows: of one symbol at least each.
        offsets: whether the graph asks where windows begin.
    """
    shape = len(windows), max(len(window.ids) for window in windows)
    input_ids, attention_mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for row, window in enumerate(windows):
        input_ids[row, : len(window.ids)] = window.ids
        attention_mask[row, : len(window.ids)] = 1
    feeds = {"input_ids": input_ids, "attention_mask": attention_mask}
    return {**feeds, "offset": np.array([window.offset for window in windows], np.int64)} if offsets else feeds
