"""What a model in training says of whole documents, window by window as a bundle would ask it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from onnx_export.text.segmentation import windows
from onnx_export.train.corpus import SegmentedDocument, Window, batches, packed
from onnx_export.train.hat_torch import SegmentClassifier
from onnx_export.train.recipe import Recipe


@torch.no_grad()
def segment_logits(model: SegmentClassifier, documents: Sequence[SegmentedDocument], recipe: Recipe) -> list[NDArray[np.float32]]:
    """Logits of the segments of whole documents, float32 [segments, C] each, as the bundle computes them: the maximum over windows."""
    model.eval()
    logits = [np.full((len(document.token_ids), model.shape.num_labels), -np.inf, np.float32) for document in documents]
    owners = {id(document): i for i, document in enumerate(documents)}
    cut = [
        Window(document, begin, np.arange(begin, end))
        for document in documents
        for begin, end in windows(len(document.token_ids), max_segments=recipe.max_segments, overlap=recipe.window_overlap)
    ]
    for batch in batches(cut, 2 * recipe.max_segments):
        of_segments = model(packed(batch).to(model.device))
        for window, part in zip(batch, of_segments.split([len(window.shown) for window in batch]), strict=True):
            rows = logits[owners[id(window.document)]][window.begin : window.begin + len(part)]
            np.maximum(rows, part.cpu().numpy(), out=rows)
    model.train()
    return logits
