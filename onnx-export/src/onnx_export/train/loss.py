"""What training makes small."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from onnx_export.train.corpus import Window
from onnx_export.train.recipe import Recipe


def loss_of(
    logits: Tensor,
    batch: Sequence[Window],
    positive_weight: Tensor,
    recipe: Recipe,
    taught: NDArray[np.float32] | None = None,
) -> Tensor:
    """Binary cross-entropy per segment, rare labels weighted, plus that of each window's best segment.

    A label of the whole text (NaN) says nothing of a single segment, and all there is to know of the window's best one, whose loss
    then counts in full.

    A segment without a label stands for all those that were left out. The second term is what a document's score is made of;
    it holds down the single false segment that would mark a document. ``taught`` [S, C] are the teacher's probabilities, if any.
    """
    targets = torch.from_numpy(np.concatenate([w.targets for w in batch])).to(logits.device)
    somewhere = targets.isnan()
    stands_for = torch.where(targets.any(dim=1), 1.0, 1 / recipe.negative_segments_kept)
    if taught is not None:
        targets = torch.lerp(targets, torch.from_numpy(taught).to(logits.device), recipe.teacher_share)
    targets = targets.masked_fill(somewhere, 1.0)
    per_segment = F.binary_cross_entropy_with_logits(logits, targets, pos_weight=positive_weight, reduction="none")
    per_segment = per_segment.masked_fill(somewhere, 0.0)
    sizes = [len(w.shown) for w in batch]
    best = torch.stack([part.max(dim=0).values for part in logits.split(sizes)])
    present = torch.stack([part.max(dim=0).values for part in targets.split(sizes)])
    weight = torch.stack([part.any(dim=0) for part in somewhere.split(sizes)]).float().clamp(min=recipe.document_loss)
    per_window = F.binary_cross_entropy_with_logits(best, present, weight, reduction="none")
    mean_of_segments = (stands_for * per_segment.sum(dim=1)).sum() / stands_for.sum()
    return mean_of_segments + per_window.sum(dim=1).mean()
