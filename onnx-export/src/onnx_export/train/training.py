"""A training from its first pass to the checkpoint that it leaves; cut off, it goes on where it last saved what it had."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from onnx_export.json_files import write_json
from onnx_export.train.corpus import Corpus, Frequencies, SegmentedDocument, Window, batches, masked, packed, training_windows
from onnx_export.train.hat_torch import Packed, SegmentClassifier
from onnx_export.train.held_out import HeldOut, Report, Scored, Tuned, probabilities
from onnx_export.train.labelled_texts import LabelledText
from onnx_export.train.lexical import LexicalTeacher
from onnx_export.train.loss import loss_of
from onnx_export.train.metrics import Metrics, average_precision, document_metrics, save_learning_curve, tune_thresholds
from onnx_export.train.outcome import bundle_settings, write_checkpoint
from onnx_export.train.recipe import Recipe
from onnx_export.train.split import Split
from onnx_export.train.start import Start, model_for
from onnx_export.train.state import read_state, write_state
from onnx_export.train.whole_documents import segment_logits

_SAVE_AFTER = 300.0
"""Seconds of training within a pass, so that not much is lost where a pass takes an hour."""


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
        self.teacher: LexicalTeacher | None = None
        if recipe.teacher_share:
            characters = recipe.teacher_characters
            self.teacher = LexicalTeacher.of(split.train, labels, output, recipe.seed, characters=characters)

        frequencies = Frequencies.of(self.corpus.of(split.train))
        self.positive_weight = torch.from_numpy(frequencies.positive_weight(recipe.largest_positive_weight)).to(device)
        self.rarity = frequencies.rarity
        if not same_labels:
            with torch.no_grad():
                self.model.classifier.bias.copy_(torch.from_numpy(frequencies.prior_logits))

        self.optimizer = _optimizer(self.model, recipe)
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.averaged: AveragedModel | None = None
        if recipe.weight_average:
            self.averaged = AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(recipe.weight_average))
        self.passes_done = 0
        self.steps_done = 0
        """Of the pass after those."""
        self.seconds = 0.0
        self.history: list[Evaluation] = []
        self.validation: Scored | None = None
        """By the last evaluation, which follows the last pass."""
        self.precision_of_segments: float | None = None
        """Average precision over all pairs of segment and label of the test documents; None if this training holds none out."""

    @property
    def progress(self) -> float:
        """From 0 to 1."""
        return self._progress_after(self.passes_done)

    def _progress_after(self, passes: float) -> float:
        return max(passes / self.recipe.passes, self.seconds / 3600 / self.recipe.hours)

    def run(self) -> None:
        self._resume()
        train = self.corpus.of(self.split.train)
        while self.progress < 1:
            chance = random.Random(self.recipe.seed * 1000 + self.passes_done)
            if self.recipe.vary_segments:
                train = self.corpus.varied(self.split.train, chance)
            chosen = training_windows(train, self.rarity, self.recipe, chance)
            loss = self._one_pass(list(batches(chosen, self.recipe.batch_segments)))
            self.passes_done, self.steps_done = self.passes_done + 1, 0
            if self.before is None and (self.passes_done % self.recipe.evaluate_every == 0 or self.progress >= 1):
                self._evaluate(loss)
            self._save()
        self._finish()

    def _one_pass(self, steps: Sequence[Sequence[Window]]) -> float:
        begun, before, losses, seen, saved = time.monotonic(), self.seconds, [], 0, self.seconds
        for number, batch in enumerate(steps):
            if number < self.steps_done:  # before it was cut off
                continue
            part = self._progress_after(self.passes_done + number / len(steps))
            if part >= 1:
                break
            losses.append(self._step(batch, part))
            seen += sum(len(window.shown) for window in batch)
            self.seconds = before + time.monotonic() - begun
            if number % 20 == 19 or number + 1 == len(steps):
                rate = seen / (time.monotonic() - begun)
                print(
                    f"pass {self.passes_done + 1}: step {number + 1}/{len(steps)}, loss {np.mean(losses[-40:]):.4f}, "
                    f"{rate:.0f} segments/s, {100 * part:.0f} % of training done",
                    flush=True,
                )
            if self.seconds - saved > _SAVE_AFTER:
                self.steps_done, saved = number + 1, self.seconds
                self._save()
        return float(np.mean(losses)) if losses else 0.0

    def _step(self, batch: Sequence[Window], part: float) -> float:
        """Learn from a batch after this part of the training; returns the loss before."""
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
        return loss.item()

    def _shown(self, batch: Sequence[Window]) -> Packed:
        shown = packed(batch).to(self.model.device)
        if self.recipe.mask_tokens:
            # Start.read has found a mask token where tokens are masked.
            shown = masked(shown, self.start.cls_id, cast(int, self.start.mask_id), self.recipe.mask_tokens)
        return shown

    def _taught(self, batch: Sequence[Window]) -> NDArray[np.float32] | None:
        if self.teacher is None:
            return None
        shown = [(w.document.text.id, w.document.piece(i)) for w in batch for i in w.shown]
        asked = [text_id not in self.split.sure for text_id, _ in shown]
        taught = np.concatenate([w.targets for w in batch])
        taught[asked] = self.teacher.probabilities([piece for piece, ask in zip(shown, asked, strict=True) if ask])
        return taught

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
        return _of_documents(*self._with_segments(texts))

    def _with_segments(self, texts: Sequence[LabelledText]) -> tuple[list[SegmentedDocument], list[NDArray[np.float32]]]:
        documents = self.corpus.of(texts)
        return documents, segment_logits(self.result, documents, self.recipe)

    def _save(self) -> None:
        """Everything that going on needs."""
        state = {
            "model": self.model.state_dict(),
            "averaged": None if self.averaged is None else self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "passes_done": self.passes_done,
            "steps_done": self.steps_done,
            "seconds": self.seconds,
            "history": [(e.progress, e.hours, e.loss, asdict(e.metrics)) for e in self.history],
        }
        write_state(self.output, state)
        if self.history:
            save_learning_curve([(e.hours, e.loss, e.metrics) for e in self.history], self.output / "learning-curve.png")

    def _resume(self) -> None:
        state = read_state(self.output, self.model.device)
        if state is None:
            return
        self.model.load_state_dict(state["model"])
        if self.averaged is not None:
            self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.passes_done, self.steps_done, self.seconds = state["passes_done"], state.get("steps_done", 0), state["seconds"]
        self.history = [Evaluation(p, h, loss, Metrics(**m)) for p, h, loss, m in state["history"]]
        within = f" and {self.steps_done} steps" if self.steps_done else ""
        print(f"going on after pass {self.passes_done}{within} ({self.seconds / 60:.0f} min of training so far)", flush=True)

    def _finish(self) -> None:
        """Measure on the documents held out, by this training or the one before it; calibrate; write the checkpoint."""
        held_out = self._held_out() if self.before is None else self.before
        report = Report.of(held_out)
        report.draw_reliability(held_out.test, self.output / "reliability.png")
        tuned = report.tuned if self.before is None else Tuned.on(held_out.everything())
        write_checkpoint(self.output, self.result.cpu(), self.labels, self.start, tuned.calibration)
        write_json(self.output / "metrics.json", self._summary(report))
        write_json(self.output / "bundle.json", bundle_settings(self.recipe, self.labels, tuned, report, held_out))
        for line in report.lines():
            print(line)
        if self.before is not None:
            print("(all of it by the training before, which had not seen these documents)")

    def _held_out(self) -> HeldOut:
        validation = self.validation or self._scored(self.split.validation)  # not evaluated if it had ended before
        documents, logits = self._with_segments(self.split.test)
        targets = np.concatenate([document.targets for document in documents])
        # Of a label of the whole text nobody knows in which segments it is.
        self.precision_of_segments, _ = average_precision(np.concatenate(logits), np.nan_to_num(targets, nan=0) > 0)
        held_out = HeldOut(self.labels, validation, _of_documents(documents, logits))
        held_out.write(self.output)
        return held_out

    def _summary(self, report: Report) -> dict[str, Any]:
        return {
            "split": {"train": len(self.split.train), "validation": len(self.split.validation), "test": len(self.split.test)},
            "learned_from": {label: sum(label in text.labels for text in self.split.train) for label in self.labels},
            "passes": self.passes_done,
            "training_hours": round(self.seconds / 3600, 2),
            "measured": "on the test texts"
            if self.before is None
            else "before the last training, on texts that it has now learned from",
            **report.as_json(),
            "average_precision_of_segments": self.precision_of_segments,
            "validation_history": [
                {"hours": round(e.hours, 3), "loss": e.loss, "micro_f1": e.metrics.micro_f1, "macro_f1": e.metrics.macro_f1}
                for e in self.history
            ],
        }


def _of_documents(documents: Sequence[SegmentedDocument], logits: Sequence[NDArray[np.float32]]) -> Scored:
    """A document's logit is the maximum over its segments'."""
    return Scored(np.stack([rows.max(axis=0) for rows in logits]), np.stack([document.truth for document in documents]))


def _optimizer(model: SegmentClassifier, recipe: Recipe) -> torch.optim.AdamW:
    """The head learns faster than the rest."""
    head = [*model.sentencizer.parameters(), *model.classifier.parameters()]
    in_head = {id(parameter) for parameter in head}
    body = [p for p in model.parameters() if id(p) not in in_head]
    return torch.optim.AdamW(
        [{"params": body, "lr": recipe.learning_rate}, {"params": head, "lr": recipe.head_learning_rate}],
        weight_decay=recipe.weight_decay,
        fused=True,
    )


def check_same_training(output: Path, options: dict[str, Any], may_change: str = "") -> None:
    """Refuse to go on in a folder whose state came about with other options: what it keeps would silently be wrong.

    Args:
        output: folder of the training.
        options: that must be the same as before.
        may_change: says which others need not be.
    """
    path = output / "training.json"
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        changed = [f"{key} was {before.get(key)!r}, is {value!r}" for key, value in options.items() if before.get(key) != value]
        if changed:
            raise ValueError(
                f"{output} holds a training with other options ({'; '.join(changed)}). Give the same ones to go on"
                f"{may_change}, or another folder"
            )
    write_json(path, options)
