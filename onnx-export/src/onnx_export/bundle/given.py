"""What bundles of all architectures say beyond their models, from flags, the checkpoint's files, and defaults."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx_export
from onnx_export.bundle.manifest import FORMAT_VERSION, manifest_problems
from onnx_export.contract import GOLDEN, MODEL, MODEL_CARD, TOKENIZER, PadSegment, Precision
from onnx_export.export.agreement import Agreement
from onnx_export.json_files import read_json_object
from onnx_export.onnx.storage import Storage
from onnx_export.problems import ExportError
from onnx_export.text.cleaning import CLEANINGS, CleaningName
from onnx_export.text.cutting import TOKENIZATIONS, TokenizationName
from onnx_export.text.segmentation import SEGMENTERS, SegmenterName

CHECKPOINT_SETTINGS = "bundle.json"
"""Beside a checkpoint."""

NO_MODEL_CARD = (
    "Nobody has written down yet what it was trained on, how well it works, where it fails and under which licence it "
    "may be used. Put that into `MODEL_CARD.md` beside the checkpoint and export again.\n"
)
"""What a model card says that nobody has written."""


@dataclass(frozen=True)
class Flags:
    """What the command line says; ``None`` where it says nothing."""

    name: str | None = None
    version: str | None = None
    thresholds: Path | None = None
    metrics: Path | None = None
    cleaning: CleaningName | None = None
    tokenization: TokenizationName | None = None
    segmenter: SegmenterName | None = None
    segment_length: int | None = None
    pooling: str | None = None
    window_length: int | None = None
    window_overlap: int | None = None
    window_gap: int | None = None
    pad_segment: PadSegment | None = None
    segment_positions: bool | None = None
    storage: Storage = "fp32"
    precision: Precision = "fp32"
    calibration: Path | None = None
    model_card: Path | None = None
    golden: Path | None = None


@dataclass(frozen=True)
class Identity:
    """Who a bundle is and what its maker says of it."""

    name: str
    version: str
    metrics: Mapping[str, Any] | None

    def first_part(self) -> dict[str, Any]:
        """The beginning of a manifest."""
        return {"format_version": FORMAT_VERSION, "name": self.name, "version": self.version}

    def provenance(self, checkpoint: str, sha256: str, agreement: Agreement) -> dict[str, Any]:
        """The end of a manifest."""
        return {
            "checkpoint": {"name": checkpoint, "sha256": sha256},
            "exporter_version": onnx_export.__version__,
            "agreement": {
                "documents": agreement.documents,
                "largest_deviation": agreement.deviation,
                "largest_effect": agreement.effect,
            },
            **({"metrics": dict(self.metrics)} if self.metrics is not None else {}),
        }


def checkpoint_settings(folder: Path, known: Collection[str]) -> dict[str, Any]:
    """The checkpoint's ``bundle.json``; empty if there is none.

    Raises:
        ExportError: if it cannot be read or holds a setting that is not known.
    """
    path = folder / CHECKPOINT_SETTINGS
    if not path.exists():
        return {}
    settings = read_json_object(path)
    if unknown := sorted(settings.keys() - known):
        raise ExportError(str(path), [f"{key} is not a setting, expected one of {', '.join(sorted(known))}" for key in unknown])
    return settings


def identity(given: Mapping[str, Any], flags: Flags, checkpoint: str, problems: list[str]) -> Identity:
    """Name, version and metrics; without any, the name is made of the checkpoint's."""
    metrics = read_json_object(flags.metrics) if flags.metrics else given.get("metrics")
    problems += _metrics_problems(metrics)
    name = flags.name or given.get("name") or re.sub(r"[^a-z0-9._-]+", "-", checkpoint.lower()).lstrip("._-") or "model"
    return Identity(name, flags.version or given.get("version") or "1", metrics)


def model_card_path(folder: Path, flags: Flags, problems: list[str]) -> Path | None:
    """The model card that somebody has written, if anybody has."""
    card = flags.model_card or folder / "MODEL_CARD.md"
    if flags.model_card and not card.is_file():
        problems.append(f"--model-card {card} is missing")
    return card if card.is_file() else None


def label_thresholds(given: object, labels: Sequence[str], default: float, problems: list[str]) -> dict[str, float]:
    """A threshold for every label: those given, else the default."""
    if not isinstance(given, Mapping):
        problems.append(f"thresholds is {given!r}, expected an object of a threshold for each label")
        return {}
    if given and not labels:
        problems.append("thresholds are given, but this model has no labels")
        return {}
    for label, threshold in given.items():
        if label not in labels:
            problems.append(f"thresholds: {label!r} is not a label, expected one of {', '.join(labels)}")
        if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not math.isfinite(threshold):
            problems.append(f"thresholds: {label!r} has {threshold!r}, expected a number")
    return {label: given.get(label, default) for label in labels}


def segmenter_of(given: Mapping[str, Any], flags: Flags, problems: list[str]) -> SegmenterName:
    """How texts are cut."""
    segmenter: SegmenterName = flags.segmenter or given.get("segmenter", "sentence")
    if segmenter not in SEGMENTERS:
        problems.append(f"segmenter is {segmenter!r}, expected one of {', '.join(SEGMENTERS)}")
    return segmenter


def text_of(given: object, flags: Flags, tokenization: TokenizationName, problems: list[str]) -> dict[str, str]:
    """What is done with a text before it is cut: the manifest's ``text``."""
    if not isinstance(given, Mapping) or given.keys() - {"cleaning", "tokenization"}:
        problems.append(f"text is {given!r}, expected an object of cleaning and tokenization")
        return {}
    text: dict[str, str] = {
        "cleaning": flags.cleaning or given.get("cleaning", CLEANINGS[0]),
        "tokenization": flags.tokenization or given.get("tokenization", tokenization),
    }
    for (name, value), choices in zip(text.items(), (CLEANINGS, TOKENIZATIONS), strict=True):
        if value not in choices:
            problems.append(f"text.{name} is {value!r}, expected one of {', '.join(choices)}")
    return text


def check_manifest(manifest: Mapping[str, Any]) -> None:
    """Refuse settings of which no valid manifest can be made; the manifest's schema knows what names and versions look like.

    Args:
        manifest: what it will be, whatever files it lists.

    Raises:
        ExportError: with everything that the schema refuses.
    """
    files = {name: {"sha256": "0" * 64, "bytes": 0} for name in (MODEL, TOKENIZER, GOLDEN, MODEL_CARD)}
    if problems := manifest_problems({**manifest, "files": files}):
        raise ExportError("bundle settings", problems)


def _metrics_problems(metrics: object) -> Iterator[str]:
    if metrics is not None and not isinstance(metrics, Mapping):
        yield f"metrics is {metrics!r}, expected an object"
    elif not _is_strict_json(metrics):
        yield "metrics holds NaN or Infinity, which JSON does not have"


def _is_strict_json(value: object) -> bool:
    """Whether readers other than Python's understand ``value`` once it is written."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True
