"""PyTorch, nothing around it: batches of windows, each padded to the longest of its batch.

Its own attention kernels (scaled_dot_product_attention), and on a GPU its compiler, for batches of any shape.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import protocol
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from plain_graph import PackedGraph, PlainHat
from torch import Tensor


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v, attn_mask=bias)


options = protocol.arguments(bundle=None)
torch.set_num_threads(options.threads)
model = PlainHat(PackedGraph(Path(options.bundle)), attend).eval().to(options.device)
if options.device != "cpu":
    model = torch.compile(model, dynamic=True)


@torch.inference_mode()
def run(ids: NDArray[np.int64]) -> NDArray[np.float32]:
    return model(torch.from_numpy(ids).to(options.device)).cpu().numpy()


protocol.serve_batches(options.batch, run)
