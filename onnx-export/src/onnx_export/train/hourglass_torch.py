"""Hourglass in PyTorch, for training: a language model, or an encoder that classifies.

One file, top to bottom. As a language model it computes what trax's ``HourglassLM`` computes (Nawrot et al. 2021,
arXiv:2110.13711). As an encoder (``causal`` off) it has the same layers without what keeps later symbols from being seen: no
shifts, attention in both directions, padding masked, and the mean of all symbols is classified. Its parameters are called as
``hourglass.config.parameters`` calls them, and ``checkpoint_files`` writes them as an ordinary checkpoint.

Shapes: B windows of L symbols (n elements once shortened), d width, H heads of e numbers, V symbols, C labels, k a factor. Where an
attention looks from n elements at n / k or the other way round, the longer side is split into k *phases*, the places modulo k.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from safetensors.numpy import save_file
from torch import Tensor, nn

from onnx_export.hourglass.config import HourglassConfig, Level, Resampling
from onnx_export.hourglass.trax import converted_tensors, frequencies, hyperparameters

EPSILON = 1e-6


@dataclass(frozen=True)
class Distances:
    """How far keys are from queries, and which keys a query may look at."""

    sinusoids: Tensor
    """[phases, c, d]: of all c distances that there are."""
    seen: Tensor
    """bool, broadcastable to [B, H, phases, n, n]."""
    phases: int


class Attention(nn.Module):
    """Relative attention. The biases of content and position belong to the model and come with each call."""

    def __init__(self, config: HourglassConfig, dropout: float) -> None:
        super().__init__()
        width = config.heads * config.head_width
        self.heads, self.dropout = config.heads, dropout
        self.position = nn.Linear(config.width, width)
        self.query = nn.Linear(config.width, width)
        self.key = nn.Linear(config.width, width)
        self.value = nn.Linear(config.width, width)
        self.output = nn.Linear(width, config.width)

    def forward(self, queries: Tensor, memory: Tensor, distances: Distances, biases: tuple[Tensor, Tensor]) -> Tensor:
        """[B, queries, d], [B, keys, d] -> [B, queries, d]"""
        keys_split = memory.shape[1] > queries.shape[1]
        query_phases, key_phases = (1, distances.phases) if keys_split else (distances.phases, 1)
        query = self.split(self.query(queries), query_phases)
        key, value = (self.split(x, key_phases).flatten(2, 3) for x in (self.key(memory), self.value(memory)))
        content, position = (query + bias[:, None, None] for bias in biases)  # [B, H, query phases, n, e]
        scores = self.by_distance(position, distances) / math.sqrt(query.shape[-1])
        scores = scores.masked_fill(~distances.seen, -math.inf)
        scores = scores.transpose(2, 3).flatten(3) if keys_split else scores.flatten(2, 3)  # [B, H, queries, keys]
        dropout = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(content.flatten(2, 3), key, value, attn_mask=scores, dropout_p=dropout)
        mixed = mixed.unflatten(2, (query_phases, -1)).permute(0, 3, 2, 1, 4)
        return self.output(mixed.reshape(*queries.shape[:2], -1))

    def split(self, x: Tensor, phases: int) -> Tensor:
        """[B, n · phases, a] -> [B, H, phases, n, e]"""
        return x.unflatten(1, (-1, phases)).unflatten(-1, (self.heads, -1)).permute(0, 3, 2, 1, 4)

    def by_distance(self, query: Tensor, distances: Distances) -> Tensor:
        """[B, H, 1 or phases, n, e] -> [B, H, phases, n, n]: row i of queries times distances, moved so that columns are keys."""
        table = self.position(distances.sinusoids).unflatten(-1, (self.heads, -1)).permute(2, 0, 3, 1)  # [H, phases, e, c]
        scores = query @ table
        n, c = scores.shape[-2:]
        moved = F.pad(scores, (1, 0)).reshape(*scores.shape[:3], c + 1, n)[..., 1:, :]
        return moved.reshape(*scores.shape[:3], n, c)[..., :n]


class Block(nn.Module):
    """Attention and feed-forward, each upon a norm and added to what came in."""

    def __init__(self, config: HourglassConfig, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.width, EPSILON)
        self.attention = Attention(config, dropout)
        self.feed_forward_norm = nn.LayerNorm(config.width, EPSILON)
        self.inner = nn.Linear(config.width, config.inner_width)
        self.outer = nn.Linear(config.inner_width, config.width)
        self.activation, self.dropout = config.activation, dropout

    def forward(self, x: Tensor, distances: Distances, biases: tuple[Tensor, Tensor]) -> Tensor:
        h = self.attention_norm(x)
        x = x + F.dropout(self.attention(h, h, distances, biases), self.dropout, self.training)
        return x + F.dropout(feed_forward(self, self.feed_forward_norm(x)), self.dropout, self.training)


def feed_forward(layers: Block | Resampler, x: Tensor) -> Tensor:
    hidden = layers.inner(x)
    if layers.activation == "relu":
        hidden = F.relu(hidden)
    else:
        hidden = F.gelu(hidden, approximate="tanh" if layers.activation == "gelu_tanh" else "none")
    return layers.outer(F.dropout(hidden, layers.dropout, layers.training))


class Stack(nn.Module):
    """Blocks and, after them, a norm."""

    def __init__(self, config: HourglassConfig, layers: int, dropout: float) -> None:
        super().__init__()
        self.layers = layers
        for index in range(layers):
            self.add_module(str(index), Block(config, dropout))
        self.norm = nn.LayerNorm(config.width, EPSILON)

    def forward(self, x: Tensor, distances: Distances, biases: tuple[Tensor, Tensor]) -> Tensor:
        for index in range(self.layers):
            x = self.get_submodule(str(index))(x, distances, biases)
        return self.norm(x)


class Resampler(nn.Module):
    """k elements to one, or one to k: by mean and repetition or a dense layer, and perhaps attention and feed-forward upon that."""

    def __init__(self, config: HourglassConfig, kind: Resampling, factor: int, dropout: float, *, down: bool) -> None:
        super().__init__()
        self.kind, self.factor, self.down = kind, factor, down
        self.activation, self.dropout = config.activation, dropout
        if kind.linear:
            wide, narrow = factor * config.width, config.width
            self.dense = nn.Linear(wide, narrow) if down else nn.Linear(narrow, wide)
        if kind.attention:
            self.memory_norm = nn.LayerNorm(config.width, EPSILON)
            self.query_norm = nn.LayerNorm(config.width, EPSILON)
            self.attention = Attention(config, dropout)
            self.feed_forward_norm = nn.LayerNorm(config.width, EPSILON)
            self.inner = nn.Linear(config.width, config.inner_width)
            self.outer = nn.Linear(config.inner_width, config.width)

    def forward(
        self, x: Tensor, real: Tensor | None, residual: Tensor | None, distances: Distances, biases: tuple[Tensor, Tensor]
    ) -> Tensor:
        """[B, n, d] -> [B, n / k, d], or the other way round with a residual [B, n · k, d]."""
        if not self.kind.attention:
            return self.resize(x, real)
        memory = self.memory_norm(x)
        y = self.query_norm(self.resize(memory, real))
        if residual is not None:
            y = y + residual
        y = y + F.dropout(self.attention(y, memory, distances, biases), self.dropout, self.training)
        return y + F.dropout(feed_forward(self, self.feed_forward_norm(y)), self.dropout, self.training)

    def resize(self, x: Tensor, real: Tensor | None) -> Tensor:
        """``real`` bool [B, n], of an encoder alone: elements that are padding count for nothing."""
        if not self.down:
            return self.dense(x).reshape(x.shape[0], -1, x.shape[2]) if self.kind.linear else x.repeat_interleave(self.factor, 1)
        if real is not None:
            x = x * real[..., None]
        groups = x.unflatten(1, (-1, self.factor))
        if self.kind.linear:
            return self.dense(groups.flatten(2))
        if real is None:
            return groups.mean(2)
        return groups.sum(2) / real.unflatten(1, (-1, self.factor)).sum(2).clamp(min=1)[..., None]


class Valley(nn.Module):
    """One level: down, a stack, perhaps an inner level (which lies beside it in the model) and another stack, up."""

    def __init__(self, config: HourglassConfig, level: Level, dropout: float, *, innermost: bool) -> None:
        super().__init__()
        self.factor = level.factor
        self.down = Resampler(config, level.down, level.factor, dropout, down=True)
        self.stack = Stack(config, level.layers, dropout)
        if not innermost:
            self.stack_after = Stack(config, level.layers, dropout)
        self.up = Resampler(config, level.up, level.factor, dropout, down=False)
        self.norm = nn.LayerNorm(config.width, EPSILON)


class Hourglass(nn.Module):
    """The whole model. ``config`` must be one of trax's structure."""

    frequencies: Tensor

    def __init__(self, config: HourglassConfig, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.config, self.dropout = config, dropout
        self.embedding = nn.Embedding(config.vocabulary_size, config.width)
        self.before = Stack(config, config.before, dropout)
        innermost = len(config.levels) - 1
        self.levels = nn.ModuleList(
            Valley(config, level, dropout, innermost=index == innermost) for index, level in enumerate(config.levels)
        )
        if config.levels:
            self.after = Stack(config, config.after, dropout)
        self.content_bias = nn.Parameter(torch.zeros(config.heads, config.head_width))
        self.position_bias = nn.Parameter(torch.zeros(config.heads, config.head_width))
        self.head = nn.Linear(config.width, config.outputs)
        self.register_buffer("frequencies", torch.from_numpy(frequencies(config)), persistent=False)
        self.apply(_initialise)

    def forward(self, ids: Tensor, real: Tensor | None = None) -> Tensor:
        """Logits of every symbol [B, L, V] given those before it, or of an encoder those of labels [B, C].

        Args:
            ids: int64 [B, L].
            real: bool [B, L], of an encoder alone: False for padding, which stands at the end.
        """
        length = ids.shape[1]
        ids = F.pad(ids, (0, -length % self.config.factor))
        if self.config.causal:
            real = None
            ids = F.pad(ids, (1, -1))  # id 0 begins every window
        else:
            real = torch.ones_like(ids, dtype=torch.bool) if real is None else F.pad(real, (0, ids.shape[1] - length))
        x = F.dropout(self.embedding(ids), self.dropout, self.training)
        distances = self.distances(x.shape[1], real, step=1)
        x = self.before(x, distances, self.biases)
        if self.config.levels:
            x = self.after(self.valley(0, x, real, 1), distances, self.biases)
        if real is None:
            return self.head(x[:, :length])
        return self.head((x * real[..., None]).sum(1) / real.sum(1, keepdim=True))

    def log_likelihood(self, ids: Tensor) -> Tensor:
        """[B, L]: ln p of every symbol given those before it."""
        return self(ids).log_softmax(-1).gather(2, ids[..., None]).squeeze(2)

    @property
    def biases(self) -> tuple[Tensor, Tensor]:
        return self.content_bias, self.position_bias

    def valley(self, index: int, x: Tensor, real: Tensor | None, unit: int) -> Tensor:
        """[B, n, d] -> [B, n, d]; ``unit``: symbols that an element of x stands for."""
        level = cast(Valley, self.levels[index])
        k, n = level.factor, x.shape[1] // level.factor
        below = None if real is None else real.unflatten(1, (-1, k)).any(2)
        shifted = F.pad(x, (0, 0, k - 1, 1 - k)) if self.config.causal else x
        going_down = self.distances(n, real, step=k * unit, phase_step=unit, phases=k, keys_split=True)
        s = level.down(shifted, real, None, going_down, self.biases)
        within = self.distances(n, below, step=k * unit)
        s = level.stack(s, within, self.biases)
        if index + 1 < len(self.levels):
            s = level.stack_after(self.valley(index + 1, s, below, k * unit), within, self.biases)
        going_up = self.distances(n, below, step=k, phase_step=-1, phases=k)  # not in symbols, also in inner levels
        return level.norm(level.up(s, None, x, going_up, self.biases)) + x

    def distances(
        self, n: int, real: Tensor | None, *, step: int, phase_step: int = 0, phases: int = 1, keys_split: bool = False
    ) -> Distances:
        """Of the shorter side's n elements: step · (key − query) + phase_step · phase."""
        device = self.frequencies.device
        apart = torch.arange(1 - n, 1 if real is None else n, device=device)
        offsets = phase_step * torch.arange(phases, device=device)
        phase = (step * apart + offsets[:, None])[..., None].float() * self.frequencies
        sinusoids = torch.cat([phase.sin(), phase.cos()], -1)
        if real is None:
            seen = torch.ones(n, n, dtype=torch.bool, device=device).tril()
        else:
            seen = real.unflatten(1, (-1, phases if keys_split else 1)).transpose(1, 2)[:, None, :, None]  # [B, 1, …, 1, n]
        return Distances(sinusoids, seen, phases)


def _initialise(module: nn.Module) -> None:
    """As trax initialises: dense layers by Glorot's rule with biases near 0, embeddings with a deviation of 1."""
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.normal_(module.bias, std=1e-6)


def checkpoint_files(folder: Path, model: Hourglass, *, extra: Mapping[str, object] | None = None) -> None:
    """Write ``config.json`` and ``model.safetensors`` as ``hourglass.checkpoint`` reads them; ``extra`` goes into the former."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: parameter.detach().float().cpu().numpy() for name, parameter in model.named_parameters()}
    (folder / "config.json").write_text(json.dumps({**hyperparameters(model.config), **(extra or {})}, indent=2) + "\n")
    save_file(converted_tensors(model.config, weights), folder / "model.safetensors")
