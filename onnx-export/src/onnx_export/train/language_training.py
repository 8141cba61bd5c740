"""The training of an Hourglass language model over bytes; cut off, it goes on after its last measurement."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from onnx_export.hourglass.config import HourglassConfig
from onnx_export.json_files import write_json
from onnx_export.train.clean_texts import CleanTexts, Windows
from onnx_export.train.hourglass_torch import Hourglass, checkpoint_files
from onnx_export.train.language_recipe import LanguageRecipe
from onnx_export.train.learning_curve import save_bits_curve
from onnx_export.train.state import read_state, write_state

MEASURED_WINDOWS = 128
"""Of the texts held out, the same at every measurement."""

_MEASUREMENTS = 40
"""Most over a training, evenly."""

_STEPS_BETWEEN = 25
"""Least from one to the next."""


class LanguageTraining:
    """Trains in ``output``, which in the end holds a checkpoint, ``metrics.json`` and ``learning-curve.png``."""

    def __init__(
        self, config: HourglassConfig, recipe: LanguageRecipe, texts: CleanTexts, output: Path, device: torch.device
    ) -> None:
        self.recipe, self.output, self.device = recipe, output, device
        torch.manual_seed(recipe.seed)
        self.model = Hourglass(config, dropout=recipe.dropout).to(device)
        self.windows = Windows(texts.learned, recipe.window_length, recipe.seed)
        self.measured = Windows(texts.held_out, recipe.window_length, seed=0).draw(0, MEASURED_WINDOWS)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), weight_decay=recipe.weight_decay, betas=(0.9, 0.98), fused=True
        )
        self.steps_done = 0
        self.seconds = 0.0
        self.history: list[dict[str, float]] = []

    def run(self) -> Mapping[str, Any]:
        """Train to the end, and return what ``metrics.json`` says."""
        self._resume()
        between = max(_STEPS_BETWEEN, math.ceil(self.recipe.steps / _MEASUREMENTS))
        while self.steps_done < self.recipe.steps:
            self._steps(min(between, self.recipe.steps - self.steps_done))
            self._save()
        metrics = self._metrics()
        checkpoint_files(self.output, self.model, extra={"tgt_len": self.recipe.window_length})
        write_json(self.output / "metrics.json", metrics)
        return metrics

    def _steps(self, count: int) -> None:
        self.model.train()
        begun, bits = time.monotonic(), []
        for _ in range(count):
            bits.append(self._step())
            self.steps_done += 1
        self.seconds += time.monotonic() - begun
        learned, (held_out, with_context) = float(np.mean(bits)), self._measure()
        megabytes = self.steps_done * self._bytes_of_step / 1e6
        self.history.append(
            {
                "megabytes": megabytes,
                "seconds": self.seconds,
                "learned": learned,
                "held_out": held_out,
                "with_context": with_context,
            }
        )
        rate = count * self._bytes_of_step / 1000 / (time.monotonic() - begun)
        left = (self.recipe.steps - self.steps_done) / self.steps_done * self.seconds / 60
        print(
            f"{megabytes:.1f} of {self.recipe.steps * self._bytes_of_step / 1e6:.1f} MB: {learned:.3f} bits per byte learned, "
            f"{held_out:.3f} on texts held out ({with_context:.3f} with half a window of context), {rate:.0f} kB/s, "
            f"{left:.0f} min left",
            flush=True,
        )

    @property
    def _bytes_of_step(self) -> int:
        return self.recipe.batch_windows * self.recipe.window_length

    def _step(self) -> float:
        """Learn from a batch; returns its bits per byte before."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate(self.steps_done)
        bits, real = self._bits(*self.windows.draw(self.steps_done, self.recipe.batch_windows))
        loss = bits.sum() / real.sum()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return loss.item()

    def _bits(self, ids: np.ndarray[Any, Any], real: np.ndarray[Any, Any]) -> tuple[Tensor, Tensor]:
        """[W, L] each: the bits of every byte, 0 for padding, and what is no padding."""
        symbols, counted = torch.from_numpy(ids).to(self.device), torch.from_numpy(real).to(self.device)
        # Products alone: norms, sums and the loss stay in float32.
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.mixed_precision == "bf16"):
            logits = self.model(symbols)
        bits = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), symbols.flatten(), reduction="none")
        return bits.view_as(symbols) * counted / math.log(2), counted

    @torch.no_grad()
    def _measure(self) -> tuple[float, float]:
        """Bits per byte on windows held out: of all bytes, and of those with at least half a window before them."""
        self.model.eval()
        all_bits, all_real = [], []
        for first in range(0, MEASURED_WINDOWS, self.recipe.batch_windows):
            rows = slice(first, first + self.recipe.batch_windows)
            bits, real = self._bits(self.measured[0][rows], self.measured[1][rows])
            all_bits.append(bits)
            all_real.append(real)
        bits, real = torch.cat(all_bits), torch.cat(all_real)
        half = self.recipe.window_length // 2
        return float(bits.sum() / real.sum()), float(bits[:, half:].sum() / real[:, half:].sum().clamp(min=1))

    def _metrics(self) -> dict[str, Any]:
        return {
            "parameters": sum(parameter.numel() for parameter in self.model.parameters()),
            "megabytes": round(self.steps_done * self._bytes_of_step / 1e6, 4),
            "training_minutes": round(self.seconds / 60, 1),
            "bits_per_byte": round(self.history[-1]["held_out"], 4),
            "bits_per_byte_with_context": round(self.history[-1]["with_context"], 4),
            "history": self.history,
        }

    def _save(self) -> None:
        """Everything that going on needs."""
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "steps_done": self.steps_done,
            "seconds": self.seconds,
            "history": self.history,
        }
        write_state(self.output, state)
        save_bits_curve(self.history, self.output / "learning-curve.png")

    def _resume(self) -> None:
        state = read_state(self.output, self.device)
        if state is None:
            return
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.steps_done, self.seconds, self.history = state["steps_done"], state["seconds"], state["history"]
        print(f"going on after step {self.steps_done} ({self.seconds / 60:.0f} min of training so far)", flush=True)
