"""The packed graph of an Hourglass model, constructed operator by operator; ``docs/bundle.md`` fixes its inputs and outputs.

W windows of L symbols (n elements once shortened), d width, H heads of e numbers, a = H · e, V symbols of the vocabulary, k a factor.

- A language model is causal, so what stands behind a window's symbols changes none of its scores: windows are padded at the right, to
  the longest of the batch and to a multiple of all factors. Of an encoder, padding is masked, and counts for nothing where elements are
  put together.
- Projections of positions do not depend on the windows and are computed once for a batch.
- Relative scores, whose row i is that of distances, become [n, n] by one column of padding and two looks at the same memory.
- Where an attention looks from n elements at n / k or the other way round, the longer side is split by the place modulo k, its *phase*:
  for each phase the table of distances is square and shifted like that of self-attention.
- Groups are averaged by a matrix of ones and zeros and spread by index. A window with fewer groups than another of its batch has some
  more at its end, which nothing looks at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import onnx

from onnx_export.hourglass.checkpoint import FREQUENCIES, HourglassCheckpoint, stored_as_int8
from onnx_export.hourglass.config import Groups, HourglassConfig, Level, Resampling
from onnx_export.onnx.graph_builder import GraphBuilder, tensor
from onnx_export.onnx.int8 import UNQUANTISED, Quantised
from onnx_export.onnx.layers import Layers
from onnx_export.onnx.storage import Storage
from onnx_export.problems import ExportError

_LARGEST_FILE = 2**31 - 2**20
"""Bytes of weights; protobuf's limit less a little for the operators."""

_MASKED = -1e9
"""In the place of masked scores, as in trax; e to it is 0, as e to PyTorch's −∞ is."""

_LANES = 64
"""Keys that the widest loop of a CPU kernel takes at once: four AVX-512 registers of float32."""

_FLOAT, _INT64 = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64


def build_graph(
    checkpoint: HourglassCheckpoint,
    *,
    storage: Storage = "fp32",
    quantised: Quantised = UNQUANTISED,
    aligned: bool = False,
) -> onnx.ModelProto:
    """Construct the packed graph of a checkpoint.

    Args:
        checkpoint: configuration and weights.
        storage: how the weights that stay float32 lie in the file.
        quantised: matrices to multiply in int8; all others are multiplied in float32.
        aligned: whether lengths are padded to whole lanes, so that not even last bits depend on the longest window of a batch, which
            rounding to int8 or float16 would make a whole step of now and then.

    Raises:
        ExportError: if the graph exceeds what one file can hold.
    """
    if checkpoint.parameters * (4 if storage == "fp32" else 1) > _LARGEST_FILE:
        raise ExportError(
            checkpoint.name,
            [f"{checkpoint.parameters:,} parameters as {storage} exceed the 2 GiB that one ONNX file can hold"],
        )
    return _HourglassGraph(checkpoint, storage, quantised, aligned).build()


def element_matrices(config: HourglassConfig) -> list[tuple[str, ...]]:
    """The linear layers that run on every element, together if they share their input; nearly all of the time goes there.

    Embeddings, head, projections of positions and what decides where groups end stay float32.
    """
    matrices: list[tuple[str, ...]] = []
    for name in _stacks(config):
        attention = f"{name}.attention"
        matrices += [tuple(f"{attention}.{part}" for part in ("query", "key", "value")), (f"{attention}.output",)]
        matrices += [(f"{name}.inner",), (f"{name}.outer",)]
    for index, level in enumerate(config.levels):
        for kind, name in ((level.down, f"levels.{index}.down"), (level.up, f"levels.{index}.up")):
            matrices += _resampling_matrices(kind, name)
    return matrices


def _stacks(config: HourglassConfig) -> list[str]:
    """The name of every block."""
    counts = {"before": config.before}
    for index, level in enumerate(config.levels):
        counts[f"levels.{index}.stack"] = level.layers
        if index + 1 < len(config.levels):
            counts[f"levels.{index}.stack_after"] = level.layers
    if config.groups is not None:
        counts["groups.stack"] = config.groups.layers
    if config.levels or config.groups is not None:
        counts["after"] = config.after
    return [f"{stack}.{index}" for stack, count in counts.items() for index in range(count)]


def _resampling_matrices(kind: Resampling, name: str) -> list[tuple[str, ...]]:
    dense: list[tuple[str, ...]] = [(f"{name}.dense",)] if kind.linear else []
    if not kind.attention:
        return dense
    key_value = (f"{name}.attention.key", f"{name}.attention.value")
    others = [(f"{name}.{part}",) for part in ("attention.query", "attention.output", "inner", "outer")]
    return [*dense, key_value, *others]


@dataclass(frozen=True)
class _Distances:
    """How far keys are from queries in one kind of attention between n and n · phases elements."""

    sinusoids: str
    """float32 [phases, c, d], of the c = n distances −(n−1)…0 in elements of the shorter side; of an encoder to n − 1, so c = 2n − 1."""
    mask: str
    """float32, broadcastable to [W, H, phases, n, n]: 0 where a query may look, else ``_MASKED``."""
    length: str
    """int64 [1]: n."""
    phases: int


class _HourglassGraph:
    def __init__(self, checkpoint: HourglassCheckpoint, storage: Storage, quantised: Quantised, aligned: bool) -> None:
        self.config = checkpoint.config
        self.weights = checkpoint.weights
        self.storage = storage
        self.aligned = aligned
        self.g = GraphBuilder()
        self.layers = Layers(self.g, self.weights, storage=storage, shrinks=stored_as_int8, quantised=quantised)

    def build(self) -> onnx.ModelProto:
        inputs = [tensor(name, np.int64, ["W", "L"]) for name in ("input_ids", "attention_mask")]
        if self.config.has_offset:
            inputs.append(tensor("offset", np.int64, ["W"]))
        metadata = {
            "architecture": "hourglass",
            "implementation": self.config.implementation,
            "layout": self.config.layout,
            "weights": self.storage,
        }
        if self.config.causal:
            outputs = {self._log_likelihood(): tensor("log_likelihood", np.float32, ["W", "L"])}
        else:
            outputs = {self._label_logits(): tensor("logits", np.float32, ["W", self.config.outputs])}
        return self.g.model("hourglass", inputs, outputs, metadata)

    # From symbols to scores

    def _symbols(self) -> tuple[str, str, str]:
        """The ids [W, L]; and padded to L' the ids and where they are no padding, [W, L'] each."""
        g = self.g
        with g.scope("symbols"):
            ids = g.op("Mul", "input_ids", "attention_mask")  # whatever stands in padding, an entry of the vocabulary
            length = g.op("Shape", ids, start=1, end=2)
            real = self._padded("attention_mask", length) if self.config.groups is not None or not self.config.causal else ""
            return ids, self._padded(ids, length), real

    def _label_logits(self) -> str:
        """[W, C]"""
        g = self.g
        _, padded, real = self._symbols()
        real = g.op("Cast", real, to=_FLOAT)
        x = self._elements(padded, real)
        with g.scope("scores"):
            counted = g.op("ReduceSum", g.op("Mul", x, g.op("Unsqueeze", real, g.integers(2))), g.integers(1), keepdims=0)
            mean = g.op("Div", counted, g.op("ReduceSum", real, g.integers(1), keepdims=1))
            return self.layers.linear("head", mean)

    def _log_likelihood(self) -> str:
        """[W, L]"""
        g = self.g
        ids, padded, real = self._symbols()
        x = self._elements(padded, real)
        length = g.op("Shape", ids, start=1, end=2)
        with g.scope("scores"):
            x = g.op("Slice", x, g.integers(0), length, g.integers(1))
            targets = ids if self.config.shifted else self._moved_left(ids)
            rows = g.op("LogSoftmax", self.layers.linear("head", x), axis=-1)  # [W, L, V]
            scores = g.op("GatherElements", rows, g.op("Unsqueeze", targets, g.integers(2)), axis=2)
            scores = g.op("Squeeze", scores, g.integers(2))
            if not self.config.shifted:
                scores = self._moved_right(scores, g.number(0.0))
            return g.op("Mul", scores, g.op("Cast", "attention_mask", to=_FLOAT))

    def _padded(self, ids: str, length: str) -> str:
        """[W, L] -> [W, L'] with zeros at the end, L' a multiple of all factors."""
        g = self.g
        # With a multiple of the widest unrolled loop in every stack, a key's lane does not depend on the longest window of the batch,
        # nor does the last bit of a sum over keys.
        multiple = self.config.factor * (_LANES if self.aligned else 1)
        if multiple == 1:
            return ids
        missing = g.op("Mod", g.op("Neg", length), g.integers(multiple))
        shape = g.op("Concat", g.op("Shape", ids, start=0, end=1), missing, axis=0)
        zeros = g.op("ConstantOfShape", shape, value=onnx.helper.make_tensor("zero", _INT64, [1], [0]))
        return g.op("Concat", ids, zeros, axis=1)

    def _moved_left(self, ids: str) -> str:
        """[W, L]: at each place what stands at the next one."""
        g = self.g
        following = g.op("Slice", ids, g.integers(1), g.integers(2**31), g.integers(1))
        return g.op("Concat", following, g.op("Slice", ids, g.integers(0), g.integers(1), g.integers(1)), axis=1)

    def _moved_right(self, x: str, filling: str) -> str:
        """[W, L]: at each place what stands at the one before."""
        g = self.g
        before = g.op("Slice", x, g.integers(0), g.integers(-1), g.integers(1))
        first = g.op("Slice", x, g.integers(0), g.integers(1), g.integers(1))
        return g.op("Concat", g.op("Mul", first, filling), before, axis=1)

    def _elements(self, ids: str, real: str) -> str:
        """[W, L'] -> [W, L', d]: the model between embeddings and head. ``real``: see ``_distances``; of groups, int64."""
        g, config = self.g, self.config
        with g.scope("embeddings"):
            read = self._moved_right(ids, g.integer(0)) if config.shifted else ids
            x = g.op("Gather", g.constant("embedding.weight", self.weights["embedding.weight"]), read)
        distances = self._self_distances("before", x, 1, "" if config.causal else real)
        x = self._stack("before", x, config.before, distances)
        if config.levels:
            x = self._valley(0, x, 1, real)
        if config.groups is not None:
            x = self._grouped(config.groups, x, ids, real)
        return self._stack("after", x, config.after, distances) if config.levels or config.groups is not None else x

    # Levels

    def _valley(self, index: int, x: str, unit: int, real: str) -> str:
        """[W, n, d] -> [W, n, d]; ``unit``: symbols that an element of x stands for."""
        g, level, name = self.g, self.config.levels[index], f"levels.{index}"
        below = unit * level.factor
        with g.scope(f"level{index}"):
            real_below = g.op("ReduceMax", self._by_group(real, level.factor), g.integers(2), keepdims=0) if real else ""
            read = x if real else self._shifted(x, level.factor)
            s = self._down(f"{name}.down", level, read, unit, real)
            distances = self._self_distances(f"{name}.stack", s, below, real_below)
            s = self._stack(f"{name}.stack", s, level.layers, distances)
            if index + 1 < len(self.config.levels):
                s = self._valley(index + 1, s, below, real_below)
                s = self._stack(f"{name}.stack_after", s, level.layers, distances)
            up = self._up(f"{name}.up", level, s, x, real_below)
            return g.op("Add", self._norm(f"{name}.norm", up), x)

    def _by_group(self, real: str, factor: int) -> str:
        """[W, n] -> [W, n / k, k]"""
        return self.g.op("Reshape", real, self.g.integers(0, -1, factor))

    def _shifted(self, x: str, factor: int) -> str:
        """[W, n, d]: k − 1 vectors of zeros, then x without its last k − 1, so that no element stands for symbols after it."""
        g = self.g
        padded = g.op("Pad", x, g.integers(0, factor - 1, 0, 0, 0, 0))
        return g.op("Slice", padded, g.integers(0), g.integers(1 - factor), g.integers(1))

    def _down(self, name: str, level: Level, x: str, unit: int, real: str) -> str:
        """[W, n, d] -> [W, n / k, d]"""
        g, k, kind = self.g, level.factor, level.down
        with g.scope("down"):
            if not kind.attention:
                return self._pool(name, kind, k, x, real)
            memory = self._norm(f"{name}.memory_norm", x)
            s = self._norm(f"{name}.query_norm", self._pool(name, kind, k, memory, real))
            keys = g.op("Transpose", self._by_group(real, k), perm=[0, 2, 1]) if real else ""  # [W, phases, n]
            distances = self._distances(s, keys, step=k * unit, phase_step=unit, phases=k)
            attended = self._cross_attention(f"{name}.attention", s, memory, distances, keys_split=True)
            s = g.op("Add", s, attended)
            return g.op("Add", s, self._feed_forward(name, self._norm(f"{name}.feed_forward_norm", s)))

    def _up(self, name: str, level: Level, s: str, residual: str, real: str) -> str:
        """[W, n / k, d], [W, n, d] -> [W, n, d]"""
        g, k, kind = self.g, level.factor, level.up
        with g.scope("up"):
            if not kind.attention:
                return self._expand(name, kind, k, s)
            memory = self._norm(f"{name}.memory_norm", s)
            y = g.op("Add", self._norm(f"{name}.query_norm", self._expand(name, kind, k, memory)), residual)
            keys = g.op("Unsqueeze", real, g.integers(1)) if real else ""
            distances = self._distances(s, keys, step=k, phase_step=-1, phases=k)  # not in symbols, also in inner levels
            attended = self._cross_attention(f"{name}.attention", y, memory, distances, keys_split=False)
            y = g.op("Add", y, attended)
            return g.op("Add", y, self._feed_forward(name, self._norm(f"{name}.feed_forward_norm", y)))

    def _pool(self, name: str, kind: Resampling, k: int, x: str, real: str) -> str:
        """Padding of an encoder counts for nothing: zeros for a dense layer, and no part of a mean."""
        g, d = self.g, self.config.width
        if real:
            x = g.op("Mul", x, g.op("Unsqueeze", real, g.integers(2)))
        if kind.linear:
            return self.layers.linear(f"{name}.dense", g.op("Reshape", x, g.integers(0, -1, k * d)))
        groups = g.op("Reshape", x, g.integers(0, -1, k, d))
        if not real:
            return g.op("ReduceMean", groups, g.integers(2), keepdims=0)
        counts = g.op("ReduceSum", self._by_group(real, k), g.integers(2), keepdims=1)
        return g.op("Div", g.op("ReduceSum", groups, g.integers(2), keepdims=0), g.op("Max", counts, g.number(1.0)))

    def _expand(self, name: str, kind: Resampling, k: int, s: str) -> str:
        g, d = self.g, self.config.width
        if kind.linear:
            s = self.layers.linear(f"{name}.dense", s)
        else:
            s = g.op("Expand", g.op("Unsqueeze", s, g.integers(2)), g.integers(1, 1, k, 1))
        return g.op("Reshape", s, g.integers(0, -1, d))

    # Groups

    def _grouped(self, groups: Groups, x: str, ids: str, real: str) -> str:
        """[W, n, d] -> [W, n, d]"""
        g = self.g
        with g.scope("groups"):
            ends = g.op("Mul", self._boundaries(groups, x, ids), real)  # int64 [W, n]
            ended = g.op("CumSum", ends, g.integer(1))  # [W, n]: groups that have ended, that of this symbol included
            means = self._means(x, g.op("Sub", ended, ends), ended)  # [W, G + 1, d], the first of them 0
            s = self._norm("groups.norm", g.op("Add", means, self._null_group(means)))
            s = self._stack("groups.stack", s, groups.layers, self._self_distances("groups.stack", s, 1))
            spread = g.op("GatherND", s, g.op("Unsqueeze", ended, g.integers(2)), batch_dims=1)
            return g.op("Add", spread, x)

    def _boundaries(self, groups: Groups, x: str, ids: str) -> str:
        """int64 [W, n]: 1 where a group ends."""
        g = self.g
        match groups.boundaries:
            case "fixed":
                places = g.op("Range", g.integer(0), g.op("Squeeze", g.op("Shape", ids, start=1, end=2)), g.integer(1))
                places = g.op("Add", g.op("Unsqueeze", "offset", g.integers(1)), places)
                ends = g.op("Equal", g.op("Mod", places, g.integer(groups.every)), g.integer(0))
            case "whitespaces":
                ends = g.op("Equal", ids, g.integer(groups.symbol))
            case "predicted":
                name = "groups.boundary"
                inner = self.layers.product(x, f"{name}.inner")
                inner = self.layers.activation(self.config.activation, inner, self.layers.bias(f"{name}.inner"))
                logits = g.op("Squeeze", self.layers.linear(f"{name}.outer", inner), g.integers(2))
                ends = g.op("Greater", logits, g.number(0.0))
        return g.op("Cast", ends, to=_INT64)

    def _means(self, x: str, group: str, ended: str) -> str:
        """[W, n, d] -> [W, G + 1, d]: of the symbols of each group, G of the batch's window with most; the group before the first is 0."""
        g = self.g
        most = g.op("ReduceMax", ended, g.integers(0, 1), keepdims=0)
        count = g.op("Add", most, g.integer(1))
        if self.aligned:  # as in ``_padded``
            count = g.op("Mul", g.op("Div", g.op("Add", count, g.integer(_LANES - 1)), g.integer(_LANES)), g.integer(_LANES))
        numbers = g.op("Unsqueeze", g.op("Range", g.integer(-1), g.op("Sub", count, g.integer(1)), g.integer(1)), g.integers(1))
        member = g.op("Equal", numbers, g.op("Unsqueeze", group, g.integers(1)))  # [W, G + 1, n]
        member = g.op("Cast", member, to=_FLOAT)
        sizes = g.op("Max", g.op("ReduceSum", member, g.integers(2), keepdims=1), g.number(1.0))
        return g.op("Div", g.op("MatMul", member, x), sizes)

    def _null_group(self, means: str) -> str:
        """[G + 1, d]: the null group's vector, then zeros."""
        g = self.g
        more = g.op("Sub", g.op("Shape", means, start=1, end=2), g.integers(1))
        pads = g.op("Concat", g.integers(0, 0), more, g.integers(0), axis=0)
        return g.op("Pad", g.constant("groups.null", self.weights["groups.null"][None]), pads)

    # Layers

    def _stack(self, name: str, x: str, layers: int, distances: _Distances) -> str:
        for index in range(layers):
            with self.g.scope(f"{name}.{index}"):
                x = self._block(f"{name}.{index}", x, distances)
        return self._norm(f"{name}.norm", x) if self.config.pre_norm else x

    def _block(self, name: str, x: str, distances: _Distances) -> str:
        g = self.g
        attention_norm, feed_forward_norm = f"{name}.attention_norm", f"{name}.feed_forward_norm"
        if self.config.pre_norm:
            x = g.op("Add", x, self._self_attention(f"{name}.attention", self._norm(attention_norm, x), distances))
            return g.op("Add", x, self._feed_forward(name, self._norm(feed_forward_norm, x)))
        x = self._norm(attention_norm, g.op("Add", x, self._self_attention(f"{name}.attention", x, distances)))
        return self._norm(feed_forward_norm, g.op("Add", x, self._feed_forward(name, x)))

    def _feed_forward(self, name: str, x: str) -> str:
        inner = self.layers.product(x, f"{name}.inner")
        inner = self.layers.activation(self.config.activation, inner, self.layers.bias(f"{name}.inner"))
        return self.layers.linear(f"{name}.outer", inner)

    def _norm(self, name: str, x: str) -> str:
        weight = self.g.constant(f"{name}.weight", self.weights[f"{name}.weight"])
        return self.g.op("LayerNormalization", x, weight, self.layers.bias(name), axis=-1, epsilon=self.config.epsilon)

    # Attention

    def _self_distances(self, name: str, x: str, unit: int, real: str = "") -> _Distances:
        """Of a stack on elements [W, n, d] that stand for ``unit`` symbols each."""
        g = self.g
        with g.scope(f"{name}.distances"):
            keys = g.op("Unsqueeze", real, g.integers(1)) if real else ""
            return self._distances(x, keys, step=unit if self.config.pre_norm else -1, phase_step=0, phases=1)

    def _distances(self, x: str, keys: str, *, step: int, phase_step: int, phases: int) -> _Distances:
        """Of the shorter side's n elements x [W, n, d]: step · (key − query) + phase_step · phase.

        ``keys``: of an encoder alone, float32 [W, key phases, n]: 1 where a key is no padding; all of these may be looked at.
        """
        g = self.g
        length = g.op("Shape", x, start=1, end=2)
        n = g.op("Squeeze", length)
        end = n if keys else g.integer(1)
        apart = g.op("Range", g.op("Sub", g.integer(1), n), end, g.integer(1))  # −(n−1)…0, or to n − 1
        offsets = g.integers(*(phase_step * phase for phase in range(phases)))
        all_apart = g.op("Add", g.op("Mul", apart, g.integer(step)), g.op("Unsqueeze", offsets, g.integers(1)))  # [phases, c]
        floats = g.op("Unsqueeze", g.op("Cast", all_apart, to=_FLOAT), g.integers(2))
        phase = g.op("Mul", floats, g.constant(FREQUENCIES, self.weights[FREQUENCIES]))  # [phases, c, d / 2]
        sinusoids = g.op("Concat", g.op("Sin", phase), g.op("Cos", phase), axis=-1)
        return _Distances(sinusoids, self._mask(n, keys), length, phases)

    def _mask(self, n: str, keys: str) -> str:
        """float32 [n, n], or of an encoder [W, 1, key phases, 1, n]: what is added to scores."""
        g = self.g
        if keys:
            hidden = g.op("Equal", g.op("Unsqueeze", keys, g.integers(1, 3)), g.number(0.0))
        else:
            places = g.op("Range", g.integer(0), n, g.integer(1))
            hidden = g.op("Greater", g.op("Unsqueeze", places, g.integers(0)), g.op("Unsqueeze", places, g.integers(1)))
        return g.op("Where", hidden, g.number(_MASKED), g.number(0.0))

    def _self_attention(self, name: str, x: str, distances: _Distances) -> str:
        """[W, n, d] -> [W, n, d]"""
        parts = [f"{name}.{part}" for part in ("query", "key", "value")]
        projected = self.layers.product(x, *parts)
        query, key, value = self.g.split_op("Split", [projected], outputs=3, axis=-1, num_outputs=3)
        return self._attention(name, query, key, value, distances, keys_split=False)

    def _cross_attention(self, name: str, x: str, memory: str, distances: _Distances, *, keys_split: bool) -> str:
        """[W, n, d], [W, m, d] -> [W, n, d]"""
        query = self.layers.product(x, f"{name}.query")
        projected = self.layers.product(memory, f"{name}.key", f"{name}.value")
        key, value = self.g.split_op("Split", [projected], outputs=2, axis=-1, num_outputs=2)
        return self._attention(name, query, key, value, distances, keys_split=keys_split)

    def _attention(self, name: str, query: str, key: str, value: str, distances: _Distances, *, keys_split: bool) -> str:
        """Projections [W, …, a], still without their biases, to [W, queries, d]. ``keys_split``: of which side phases are."""
        g, config = self.g, self.config
        key_phases, query_phases = (distances.phases, 1) if keys_split else (1, distances.phases)
        scale = np.float32(1 / math.sqrt(config.head_width))
        scaled = g.op("Mul", query, g.constant("attention_scale", np.asarray(scale)))
        by_content, by_position = (
            self._heads(g.op("Add", scaled, self._query_bias(name, which)), query_phases, (0, 3, 2, 1, 4))
            for which in ("content_bias", "position_bias")
        )  # [W, H, query phases, n, e]
        key = self._heads(g.op("Add", key, self.layers.bias(f"{name}.key")), key_phases, (0, 3, 2, 4, 1))
        value = self._heads(g.op("Add", value, self.layers.bias(f"{name}.value")), key_phases, (0, 3, 2, 1, 4))
        scores = g.op("Add", g.op("MatMul", by_content, key), self._by_distance(name, by_position, distances))
        scores = g.op("Add", distances.mask, scores)  # [W, H, phases, n, n]
        if key_phases > 1:
            scores = g.op("Transpose", scores, perm=[0, 1, 3, 2, 4])
            scores = g.op("Reshape", scores, g.op("Concat", g.integers(0, 0, 1), distances.length, g.integers(-1), axis=0))
            value = g.op("Reshape", value, g.integers(0, 0, 1, -1, config.head_width))
        context = g.op("MatMul", g.op("Softmax", scores, axis=-1), value)  # [W, H, query phases, n, e]
        context = g.op("Transpose", context, perm=[0, 3, 2, 1, 4])
        context = g.op("Reshape", context, g.integers(0, -1, config.heads * config.head_width))
        return self.layers.linear(f"{name}.output", context)

    def _query_bias(self, name: str, which: str) -> str:
        """[a]: the query's own bias and the model's, scaled."""
        bias = (self.weights[f"{name}.query.bias"] + self.weights[which].ravel()) / np.float32(math.sqrt(self.config.head_width))
        return self.g.constant(f"{name}.query.{which}", bias)

    def _heads(self, x: str, phases: int, axes: tuple[int, ...]) -> str:
        """[W, n · phases, a] -> [W, n, phases, H, e], transposed."""
        g, config = self.g, self.config
        split = g.op("Reshape", x, g.integers(0, -1, phases, config.heads, config.head_width))
        return g.op("Transpose", split, perm=axes)

    def _by_distance(self, name: str, query: str, distances: _Distances) -> str:
        """[W, H, 1 or phases, n, e] -> [W, H, phases, n, n]: what position adds to the score of each query and key."""
        g, config = self.g, self.config
        projected = self.layers.linear(f"{name}.position", distances.sinusoids)  # [phases, c, a]
        table = g.op("Reshape", projected, g.integers(0, 0, config.heads, config.head_width))
        table = g.op("Transpose", table, perm=[2, 0, 3, 1])  # [H, phases, e, c]
        padded = g.op("Pad", g.op("MatMul", query, table), g.integers(0, 0, 0, 0, 1, 0, 0, 0, 0, 0))  # [W, H, phases, n, c + 1]
        turned = g.op("Reshape", padded, g.op("Concat", g.integers(0, 0, 0, -1), distances.length, axis=0))
        moved = g.op("Slice", turned, g.integers(1), g.integers(2**31), g.integers(3))  # [W, H, phases, c, n]
        if config.causal:
            return moved
        by_query = g.op("Reshape", moved, g.op("Concat", g.integers(0, 0, 0), distances.length, g.integers(-1), axis=0))
        return g.op("Slice", by_query, g.integers(0), distances.length, g.integers(4))
