"""onnxruntime, nothing around it: batches of windows, each padded to the longest of its batch."""

from __future__ import annotations

import numpy as np
import onnxruntime
import protocol
from devices import open_session
from numpy.typing import NDArray

options = protocol.arguments()
session_options = onnxruntime.SessionOptions()
session_options.intra_op_num_threads = options.threads
session = open_session(options.graph, options.device, session_options)


def run(ids: NDArray[np.int64]) -> NDArray[np.float32]:
    (logits,) = session.run(None, {"input_ids": ids})
    return logits


protocol.serve_batches(options.batch, run)
