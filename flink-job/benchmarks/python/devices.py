"""Where ONNX Runtime computes, for the scripts beside this one."""

from __future__ import annotations

from pathlib import Path

import onnxruntime


def open_session(graph: Path | str, device: str, options: onnxruntime.SessionOptions) -> onnxruntime.InferenceSession:
    """A graph on ``cpu`` or ``cuda:N``. A GPU that cannot be used is an error, never a silent run on the CPU."""
    provider, its = "CPUExecutionProvider", {}
    if device != "cpu":
        # As in Java without TF32, so that all contenders compute the same.
        provider, its = "CUDAExecutionProvider", {"device_id": device.removeprefix("cuda:"), "use_tf32": "0"}
    session = onnxruntime.InferenceSession(str(graph), options, providers=[(provider, its)])
    if session.get_providers()[0] != provider:
        raise SystemExit(f"ONNX Runtime {onnxruntime.__version__} cannot compute on {device}; the lines above say what it misses")
    session.disable_fallback()
    return session
