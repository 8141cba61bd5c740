"""The inputs of a language model's packed graph for a batch of windows."""

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
