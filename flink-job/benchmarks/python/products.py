"""What a machine's matrix products can do, by library and precision: the ceiling under every benchmark.

python products.py [--threads N] [--seconds S]     prints a table; the best of the runs within S seconds each, by turns

The shapes are those of a full batch of 15 segments of 64 tokens through the shipped model: its projections and its feed-forward layers.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

ROWS, WIDTH, INNER = 960, 384, 1536
SHAPES = {"projection": (ROWS, WIDTH, WIDTH), "feed-forward, up": (ROWS, WIDTH, INNER), "feed-forward, down": (ROWS, INNER, WIDTH)}
ROUNDS = 20


def onnx_product(op: str, shape: tuple[int, int, int], threads: int) -> Callable[[], object]:
    """One run of a graph with a constant right side, as weights are."""
    rows, inner, columns = shape
    random = np.random.default_rng(0)
    weights = random.standard_normal((inner, columns)).astype(np.float32)
    x = random.standard_normal((rows, inner)).astype(np.float32)
    kind, constants, inputs = TensorProto.FLOAT, {"w": weights}, ["x", "w"]
    if op == "MatMulIntegerToFloat":
        x, kind = random.integers(0, 255, (rows, inner), dtype=np.uint8), TensorProto.UINT8
        constants = {
            "w": random.integers(-64, 64, (inner, columns), dtype=np.int8),
            "x_scale": np.float32(0.02),
            "w_scale": np.full(columns, 0.01, np.float32),
            "zero": np.uint8(128),
        }
        inputs = ["x", "w", "x_scale", "w_scale", "zero"]
    node = helper.make_node(op, inputs, ["y"], domain="" if op == "MatMul" else "com.microsoft")
    graph = helper.make_graph(
        [node],
        "product",
        [helper.make_tensor_value_info("x", kind, [rows, inner])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [rows, columns])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    binding.bind_cpu_input("x", x)
    binding.bind_output("y", "cpu")
    return lambda: session.run_with_iobinding(binding)


def torch_product(kind: torch.dtype, shape: tuple[int, int, int]) -> Callable[[], object]:
    """float32 is MKL's, bfloat16 oneDNN's, int8 fbgemm's, with the inputs quantised beforehand."""
    rows, inner, columns = shape
    x, weights = torch.randn(rows, inner), torch.randn(inner, columns)
    if kind is torch.qint8:
        layer = torch.ao.nn.quantized.Linear(inner, columns)
        layer.set_weight_bias(torch.quantize_per_tensor(weights.T.contiguous(), 0.05, 0, torch.qint8), torch.zeros(columns))
        quantised = torch.quantize_per_tensor(x, 0.02, 128, torch.quint8)
        return lambda: layer(quantised)
    x, weights = x.to(kind), weights.to(kind)
    out = torch.empty(rows, columns, dtype=kind)
    return lambda: torch.mm(x, weights, out=out)


def contenders(threads: int) -> dict[str, Callable[[tuple[int, int, int]], Callable[[], object]]]:
    return {
        "fp32, ONNX Runtime": lambda shape: onnx_product("MatMul", shape, threads),
        "fp32, MKL (PyTorch)": lambda shape: torch_product(torch.float32, shape),
        "bf16, oneDNN (PyTorch)": lambda shape: torch_product(torch.bfloat16, shape),
        "int8, ONNX Runtime": lambda shape: onnx_product("MatMulIntegerToFloat", shape, threads),
        "int8, fbgemm (PyTorch)": lambda shape: torch_product(torch.qint8, shape),
    }


def best(run: Callable[[], object], seconds: float) -> float:
    shortest, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        begun = time.perf_counter()
        run()
        shortest = min(shortest, time.perf_counter() - begun)
    return shortest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seconds", type=float, default=2.0, help="for each product (default: 2)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"{options.threads} threads, ONNX Runtime {onnxruntime.__version__}, PyTorch {torch.__version__}; GFLOP/s (int8: GOP/s)\n")
    print(f"| {' | '.join(['product', *(f'{name}: {m} × {k} × {n}' for name, (m, k, n) in SHAPES.items())])} |")
    print(f"| --- |{' ---: |' * len(SHAPES)}")
    runs = {name: {shape: make(size) for shape, size in SHAPES.items()} for name, make in contenders(options.threads).items()}
    times = {(name, shape): float("inf") for name in runs for shape in SHAPES}
    for _ in range(ROUNDS):  # by turns, so that a moment in which the machine is busy hits all of them
        for name, shapes in runs.items():
            for shape, run in shapes.items():
                times[name, shape] = min(times[name, shape], best(run, options.seconds / ROUNDS))
    for name in runs:
        rates = [f"{2 * m * k * n / times[name, shape] / 1e9:,.0f}" for shape, (m, k, n) in SHAPES.items()]
        print(f"| {name} | {' | '.join(rates)} |", flush=True)


if __name__ == "__main__":
    main()
