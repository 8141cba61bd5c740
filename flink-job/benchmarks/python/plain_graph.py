"""The graph that the other contenders run: a HAT written down plainly in PyTorch, exported by torch.onnx.export.

    python plain_graph.py --bundle BUNDLE --output plain.onnx

Its weights are those of the bundle's own packed graph, so that all contenders compute the same scores. It takes what a user
of the original would give it, documents padded to equal numbers of segments: input_ids [B, N, K], the pad id wherever there is
nothing; masks are made of that inside. B and N may be anything, K is the bundle's. It gives segment_logits [B, N, C]. It computes in
float16 where the bundle does.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import Tensor, nn

ACTIVATIONS = {"BiasGelu": F.gelu, "FastGelu": lambda x: F.gelu(x, approximate="tanh"), "Relu": F.relu}


class PackedGraph:
    """What a bundle's graph says about its model."""

    def __init__(self, bundle: Path) -> None:
        self.manifest = json.loads((bundle / "manifest.json").read_text())
        task, precision = self.manifest["task"], self.manifest["precision"]
        if task != "segment-classification" or precision not in ("fp32", "fp16") or self.manifest["pad_segment"] != "none":
            raise SystemExit(
                f"{bundle} is a bundle for {task}, precision {precision}, pad segment {self.manifest['pad_segment']}; the plain graph "
                "is written for segment-classification, fp32 or fp16, none. Give such a bundle, or write its head in plain_graph.py."
            )
        model = onnx.load(bundle / "model.onnx")
        self.metadata = {entry.key: entry.value for entry in model.metadata_props}
        self.constants = {each.name.removesuffix(".fp16"): numpy_helper.to_array(each) for each in model.graph.initializer}
        operators = {node.op_type: node for node in model.graph.node}
        attributes = {
            each.name: onnx.helper.get_attribute_value(each)
            for name in ("MultiHeadAttention", "LayerNormalization", "SkipLayerNormalization")  # the last one in graphs for GPUs
            if name in operators
            for each in operators[name].attribute
        }
        self.attention_heads: int = attributes["num_heads"]
        self.epsilon: float = attributes["epsilon"]
        self.activation = next(function for name, function in ACTIVATIONS.items() if name in operators)
        self.dtype = torch.float16 if precision == "fp16" else torch.float32

    def tensor(self, name: str) -> Tensor:
        """A weight in float32; where the file holds int8, widened as ONNX Runtime does."""
        if f"{name}.int8" in self.constants:
            prefix = name.removesuffix(".weight") if f"{name}.scale" not in self.constants else name
            return torch.from_numpy(self.constants[f"{name}.int8"].astype(np.float32) * self.constants[f"{prefix}.scale"])
        return torch.from_numpy(self.constants[name].astype(np.float32))

    def has(self, name: str) -> bool:
        return f"{name}.int8" in self.constants or f"{name}.weight" in self.constants

    def matrix(self, *names: str) -> Tensor:
        """[inputs, outputs] of linear layers side by side, however the graph has put them together."""
        together = "+".join(names)
        if self.has(together):
            return self.tensor(together if f"{together}.int8" in self.constants else f"{together}.weight")
        return torch.cat([self.matrix(names[0]), self.matrix(*names[1:])], dim=1)


class Linear(nn.Module):
    def __init__(self, graph: PackedGraph, *names: str, bias: str = "") -> None:
        super().__init__()
        self.weight = nn.Parameter(graph.matrix(*names))
        self.bias = nn.Parameter(graph.tensor(bias or f"{names[0]}.bias"))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight + self.bias


class LayerNorm(nn.LayerNorm):
    def __init__(self, graph: PackedGraph, name: str) -> None:
        weight = graph.tensor(f"{name}.weight")
        super().__init__(len(weight), eps=graph.epsilon)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(graph.tensor(f"{name}.bias"))


Attention = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""Of queries, keys and values [rows, heads, length, width], and a bias added to the scores."""


def plain_attention(q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
    return torch.softmax(q @ k.transpose(2, 3) / q.shape[3] ** 0.5 + bias, dim=-1) @ v


class Block(nn.Module):
    """A post-norm transformer block."""

    def __init__(self, graph: PackedGraph, name: str, attend: Attention) -> None:
        super().__init__()
        self.attend = attend
        attention = f"{name}.attention.self"
        self.heads = graph.attention_heads
        self.activation = graph.activation
        self.qkv = Linear(graph, *(f"{attention}.{part}" for part in ("query", "key", "value")), bias=f"{attention}.bias")
        self.attended = Linear(graph, f"{name}.attention.output.dense")
        self.attended_norm = LayerNorm(graph, f"{name}.attention.output.LayerNorm")
        self.inner = Linear(graph, f"{name}.intermediate.dense")
        self.outer = Linear(graph, f"{name}.output.dense")
        self.outer_norm = LayerNorm(graph, f"{name}.output.LayerNorm")

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """x [rows, length, H], bias [rows, 1, 1, length] added to the scores of the keys."""
        rows, length, hidden = x.shape
        width = hidden // self.heads
        q, k, v = (part.reshape(rows, length, self.heads, width).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1))
        context = self.attend(q, k, v, bias).transpose(1, 2).reshape(rows, length, hidden)
        x = self.attended_norm(self.attended(context) + x)
        return self.outer_norm(self.outer(self.activation(self.inner(x))) + x)


def shortened(x: Tensor, present: Tensor, factor: int) -> tuple[Tensor, Tensor]:
    """x [rows, length, H], present bool [rows, length]: the first place, and the mean of every ``factor`` real tokens behind it."""
    behind = -(x.shape[1] - 1) % factor
    real = F.pad(present[:, 1:], (0, behind)).unflatten(1, (-1, factor))
    groups = F.pad(x[:, 1:], (0, 0, 0, behind)).unflatten(1, (-1, factor)) * real[..., None]
    means = groups.sum(dim=2) / real.sum(dim=2).clamp(min=1)[..., None]
    return torch.cat([x[:, :1], means], dim=1), torch.cat([present[:, :1], real.any(dim=2)], dim=1)


class PlainHat(nn.Module):
    def __init__(self, graph: PackedGraph, attend: Attention = plain_attention) -> None:
        super().__init__()
        self.pad: int = graph.manifest["special_tokens"]["pad"]
        self.words = nn.Parameter(graph.tensor("embeddings.word_embeddings.weight"))
        self.positions = nn.Parameter(graph.tensor("embeddings.position_and_type"))
        self.norm = LayerNorm(graph, "embeddings.LayerNorm")
        parts = graph.metadata["layout"].split("|")
        self.layout = [part for part in parts if not part.startswith("/")]
        steps = (before for before, part in zip(["", *parts], parts) if not part.startswith("/"))
        self.factors = [int(step[1:]) if step.startswith("/") else 1 for step in steps]
        self.within = nn.ModuleDict()
        self.across = nn.ModuleDict()
        for index, kind in enumerate(self.layout):
            if "S" in kind:
                self.within[str(index)] = Block(graph, f"encoder.layer.{index}.sentence_encoder", attend)
            if "D" in kind:
                self.across[str(index)] = Block(graph, f"encoder.layer.{index}.document_encoder", attend)
        has_positions = graph.metadata["segment_positions"] == "true"
        self.segment_positions = nn.Parameter(graph.tensor("encoder.segment_positions")) if has_positions else None
        self.dense = Linear(graph, "sentencizer.dense")
        self.classifier = Linear(graph, "classifier")
        self.to(graph.dtype)

    def bias(self, present: Tensor) -> Tensor:
        """0 where something is. Elsewhere so low that its share is 0, and half as low as there is: a score beside it stays finite."""
        dtype = self.words.dtype
        return torch.where(present, 0.0, torch.finfo(dtype).min / 2).to(dtype)

    def forward(self, input_ids: Tensor) -> Tensor:
        documents, segments, length = input_ids.shape
        real = input_ids != self.pad  # [B, N, K]
        present = real.reshape(documents * segments, length)
        token_bias = self.bias(present)[:, None, None]
        segment_bias = self.bias(real[:, :, 0]).reshape(documents, 1, 1, segments)
        position_ids = torch.where(real, torch.arange(length, device=real.device) + self.pad + 1, 0)
        x = self.norm(F.embedding(input_ids, self.words) + F.embedding(position_ids, self.positions))  # [B, N, K, H]
        for index, kind in enumerate(self.layout):
            if self.factors[index] > 1:
                x, present = shortened(x.flatten(0, 1), present, self.factors[index])
                x = x.reshape(documents, segments, x.shape[1], -1)
                token_bias = self.bias(present)[:, None, None]
            if "S" in kind:
                x = self.within[str(index)](x.reshape(documents * segments, x.shape[2], -1), token_bias)
                x = x.reshape(documents, segments, x.shape[1], -1)
            if "D" in kind:
                heads = x[:, :, 0]
                if self.segment_positions is not None:
                    heads = heads + self.segment_positions[1 + torch.arange(segments, device=real.device)]
                heads = self.across[str(index)](heads, segment_bias)
                x = torch.cat([heads[:, :, None], x[:, :, 1:]], dim=2)
        return self.classifier(torch.tanh(self.dense(x[:, :, 0]))).float()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    graph = PackedGraph(arguments.bundle)
    segmentation = graph.manifest["segmentation"]
    example = torch.full((2, 3, segmentation["segment_length"]), graph.manifest["special_tokens"]["pad"])
    example[:, :2, :5] = graph.manifest["special_tokens"]["cls"]
    axes = {0: torch.export.Dim("B", min=1), 1: torch.export.Dim("N", min=1, max=segmentation["max_segments"])}
    with torch.no_grad():
        program = torch.onnx.export(
            PlainHat(graph).eval(),
            (example,),
            input_names=["input_ids"],
            output_names=["segment_logits"],
            dynamic_shapes={"input_ids": axes},
            dynamo=True,
            verbose=False,
        )
    model = program.model_proto
    for node in model.graph.node:  # which line of this file made it, with the path of this machine
        del node.metadata_props[:]
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, arguments.output)


if __name__ == "__main__":
    main()
