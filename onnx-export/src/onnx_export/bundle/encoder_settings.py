"""What the bundle of an encoder says beyond its model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnx_export.bundle.given import (
    CHECKPOINT_SETTINGS,
    NO_MODEL_CARD,
    Flags,
    Identity,
    check_manifest,
    checkpoint_settings,
    identity,
    label_thresholds,
    model_card_path,
    segmenter_of,
    text_of,
)
from onnx_export.bundle.manifest import encoder_part
from onnx_export.bundle.scoring import always_reached, default_threshold
from onnx_export.bundle.tagging import labels_of_tags
from onnx_export.contract import SEGMENT_POOLINGS, TOKENIZER, Precision, SegmentPooling
from onnx_export.encoder.checkpoint import EncoderCheckpoint
from onnx_export.encoder.config import EncoderConfig
from onnx_export.encoder.tokenizer import TextIds, text_ids
from onnx_export.export.agreement import Agreement
from onnx_export.export.checked_graph import build_checked
from onnx_export.export.encoder_model import EncoderModel, calibration_segments
from onnx_export.export.golden_inputs import DEFAULT_INPUTS, GOLDEN_INPUTS, GoldenInput, long_input, read_inputs
from onnx_export.export.precision import precision_problems
from onnx_export.json_files import read_json_object
from onnx_export.onnx.storage import Storage
from onnx_export.problems import ExportError
from onnx_export.text.segmentation import SegmenterName
from onnx_export.text.tokenization import without_truncation

_SETTINGS = {"name", "version", "thresholds", "metrics", "text", "segmenter", "segment_length", "pooling"}
_FOREIGN = ("pad_segment", "segment_positions", "window_length", "window_overlap", "window_gap")


@dataclass(frozen=True)
class EncoderSettings:
    """How a text is cut into segments, what is made of theirs, and in which numbers to compute."""

    identity: Identity
    thresholds: Mapping[str, float]
    """For every label."""
    text: Mapping[str, str]
    segmenter: SegmenterName
    pooling: SegmentPooling | None
    """None of a head for tokens."""
    ids: TextIds
    storage: Storage
    precision: Precision
    calibration: Path | None
    model_card: str
    golden_inputs: Sequence[GoldenInput]

    def manifest(self, checkpoint: EncoderCheckpoint, agreement: Agreement, files: Mapping[str, Any]) -> dict[str, Any]:
        """The manifest of a bundle with these settings; ``files`` by name, with checksum and size."""
        return {
            **self.identity.first_part(),
            **encoder_part(checkpoint.config, self.pooling),
            "precision": self.precision,
            "labels": [{"name": label, "threshold": threshold} for label, threshold in self.thresholds.items()],
            "text": dict(self.text),
            "segmentation": {
                "segmenter": self.segmenter,
                "segment_length": checkpoint.config.segment_length,
                "max_segments": 1,
                "window_overlap": 0,
            },
            "special_tokens": {"cls": self.ids.cls, "sep": self.ids.sep, "pad": self.ids.pad},
            "files": dict(files),
            "provenance": self.identity.provenance(checkpoint.name, checkpoint.sha256, agreement),
        }

    def build(self, folder: Path, checkpoint: EncoderCheckpoint) -> tuple[bytes, Agreement]:
        """The checked graph; ``folder`` is the checkpoint's, for its tokenizer and golden inputs."""
        return build_checked(
            EncoderModel(checkpoint, self.storage, self.precision),
            lambda: calibration_segments(folder, checkpoint, self.calibration, self.segmenter),
        )

    def tokenizer(self, folder: Path, checkpoint: EncoderCheckpoint) -> str:
        """The ``tokenizer.json`` of the bundle."""
        return without_truncation((folder / TOKENIZER).read_bytes().decode("utf-8"))


def given_settings(folder: Path) -> dict[str, Any]:
    """What the checkpoint's ``bundle.json`` says.

    Raises:
        ExportError: if it cannot be read or holds a setting that is not known.
    """
    return checkpoint_settings(folder, _SETTINGS)


def given_segment_length(folder: Path, flags: Flags) -> int | None:
    """K, if the command line or the checkpoint's ``bundle.json`` says it.

    Raises:
        ExportError: see ``given_settings``; or if it is no whole number.
    """
    length = flags.segment_length if flags.segment_length is not None else given_settings(folder).get("segment_length")
    if length is not None and (not isinstance(length, int) or isinstance(length, bool)):
        raise ExportError(CHECKPOINT_SETTINGS, [f"segment_length is {length!r}, expected a whole number of tokens"])
    return length


def encoder_segmenter(folder: Path, flags: Flags) -> SegmenterName:
    """How texts are cut.

    Raises:
        ExportError: see ``given_settings``; or if there is no such segmenter.
    """
    problems: list[str] = []
    segmenter = segmenter_of(given_settings(folder), flags, problems)
    if problems:
        raise ExportError(CHECKPOINT_SETTINGS, problems)
    return segmenter


def resolve_encoder_settings(folder: Path, checkpoint: EncoderCheckpoint, flags: Flags) -> EncoderSettings:
    """Settle every setting: flags win over the files of the checkpoint folder, and these over the defaults.

    Raises:
        ExportError: with every unusable value.
    """
    given, config = given_settings(folder), checkpoint.config
    problems = [*foreign_to_encoders(flags), *precision_problems(flags.precision, flags.storage, flags.calibration)]
    pooling = _pooling(given, flags, config, problems)
    segmenter = segmenter_of(given, flags, problems)
    text = text_of(given.get("text", {}), flags, "whole-text", problems)
    thresholds = read_json_object(flags.thresholds) if flags.thresholds else given.get("thresholds", {})
    all_thresholds = label_thresholds(thresholds, *_labels(config, problems), problems)
    named = identity(given, flags, checkpoint.name, problems)
    card = model_card_path(folder, flags, problems)
    if problems:
        raise ExportError("bundle settings", problems)
    settings = EncoderSettings(
        identity=named,
        thresholds=all_thresholds,
        text=text,
        segmenter=segmenter,
        pooling=pooling,
        ids=text_ids(folder, checkpoint),
        storage=flags.storage,
        precision=flags.precision,
        calibration=flags.calibration,
        model_card=card.read_text(encoding="utf-8") if card else _plain_model_card(named.name, checkpoint),
        golden_inputs=_golden_inputs(folder, config, flags),
    )
    check_manifest(settings.manifest(checkpoint, Agreement(1, 0.0, 0.0), {}))
    return settings


def foreign_to_encoders(flags: Flags) -> Iterator[str]:
    """Options that say something about other models."""
    for name in _FOREIGN:
        if getattr(flags, name) is not None:
            yield f"--{name.replace('_', '-')} is for other models, and this checkpoint holds an ordinary encoder: leave it out"


def _labels(config: EncoderConfig, problems: list[str]) -> tuple[Sequence[str], float]:
    """Their names, and their threshold where none is given; that of spans is what the best tag always reaches."""
    if not config.answers_for_tokens:
        return config.classes, default_threshold(len(config.classes), config.problem_type)
    labels = labels_of_tags(config.classes)
    if not labels:
        problems.append("id2label has the tag O alone, expected one that is a label's")
    return labels, always_reached(len(config.classes))


def _pooling(given: Mapping[str, Any], flags: Flags, config: EncoderConfig, problems: list[str]) -> SegmentPooling | None:
    """By default the largest logit of labels that may hold together, else the mean."""
    value = flags.pooling or given.get("pooling")
    if config.answers_for_tokens:
        if value is not None:
            problems.append(f"pooling is {value!r}, but this model answers for tokens and pools nothing: leave it out")
        return None
    if value is None:
        return "max" if config.problem_type == "multi-label" else "mean"
    for known in SEGMENT_POOLINGS:
        if value == known:
            return known
    problems.append(f"pooling is {value!r}, expected one of {', '.join(SEGMENT_POOLINGS)}")
    return "max"


def _golden_inputs(folder: Path, config: EncoderConfig, flags: Flags) -> Sequence[GoldenInput]:
    own = flags.golden or folder / GOLDEN_INPUTS
    if flags.golden or own.is_file():
        return read_inputs(own)
    return (*DEFAULT_INPUTS, long_input(1, config.segment_length))


def _plain_model_card(name: str, checkpoint: EncoderCheckpoint) -> str:
    config = checkpoint.config
    return (
        f"# {name}\n\n"
        f"An encoder ({config.architecture}, width {config.hidden_size}, {checkpoint.parameters / 1e6:.1f} M parameters) for "
        f"{config.task}, exported from `{checkpoint.name}`.\n\n{NO_MODEL_CARD}"
    )
