"""Outputs of the layers that do not learn, so that a pass costs little more than those that do."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from onnx_export.corpus import Corpus, Window
from onnx_export.hat_torch import Packed, SegmentClassifier


class LowerLayers:
    """Outputs of the frozen layers, computed when a segment is first met, kept in a file as float16."""

    def __init__(self, corpus: Corpus, model: SegmentClassifier, layer_count: int, path: Path) -> None:
        self.model, self.layer_count = model, layer_count
        lengths = np.array(corpus.lengths)
        self.ends = np.cumsum(lengths)
        self.starts = self.ends - lengths
        shape = (int(self.ends[-1]), model.shape.hidden_size)
        self.known_path = path.with_suffix(".known.npy")
        fresh = not (path.exists() and self.known_path.exists() and path.stat().st_size == 2 * shape[0] * shape[1])
        self.values = np.memmap(path, np.float16, "w+" if fresh else "r+", shape=shape)
        self.known = np.zeros(len(lengths), bool) if fresh else np.load(self.known_path)

    def save(self) -> None:
        self.values.flush()
        part = self.known_path.with_suffix(".part.npy")
        np.save(part, self.known)
        os.replace(part, self.known_path)

    def of(self, batch: Sequence[Window]) -> Tensor:
        """Float32 [T, H] for all tokens of the windows, in order."""
        segments = [(window.document, int(i)) for window in batch for i in window.shown]
        if any(document.first is None for document, _ in segments):
            return self._compute([document.token_ids[i] for document, i in segments])
        numbered = {cast(int, document.first) + i: document.token_ids[i] for document, i in segments}
        missing = {index: ids for index, ids in numbered.items() if not self.known[index]}
        if missing:
            outputs = self._compute(list(missing.values())).split([len(ids) for ids in missing.values()])
            for index, part in zip(missing, outputs, strict=True):
                self.values[self.starts[index] : self.ends[index]] = part.half().cpu().numpy()
                self.known[index] = True
        parts = [self.values[self.starts[index] : self.ends[index]] for index in (d.first + i for d, i in segments)]  # type: ignore[operator]
        return torch.from_numpy(np.concatenate(parts)).to(self.model.device).float()

    @torch.no_grad()
    def _compute(self, token_ids: Sequence[NDArray[np.int64]]) -> Tensor:
        lengths = torch.tensor([len(ids) for ids in token_ids])
        zeros = torch.zeros_like(lengths)
        training = self.model.training
        self.model.eval()
        batch = Packed(torch.from_numpy(np.concatenate(token_ids)), lengths, zeros, zeros)
        outputs = self.model.lower(batch.to(self.model.device), self.layer_count)
        self.model.train(training)
        return outputs
