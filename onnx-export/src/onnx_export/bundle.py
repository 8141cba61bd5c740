"""Writes model bundles: settings from flags, the checkpoint's ``bundle.json`` and defaults; then the files; then the proof."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx_export
from onnx_export.agreement import Agreement, check_agreement
from onnx_export.calibration import GOLDEN_INPUTS, calibrate, calibration_windows
from onnx_export.checkpoint import Checkpoint, file_sha256
from onnx_export.classifier import Classifier
from onnx_export.config import PAD_SEGMENTS, PROBLEM_TYPES, PadSegment, special_token_ids
from onnx_export.coverage import Coverage
from onnx_export.cutting import TokenizationName
from onnx_export.golden import (
    DEFAULT_INPUTS,
    GoldenInput,
    golden_records,
    long_input,
    read_inputs,
    write_json_lines,
)
from onnx_export.json_files import read_json_object
from onnx_export.manifest import (
    FORMAT_VERSION,
    GOLDEN,
    MANIFEST,
    MODEL,
    MODEL_CARD,
    TOKENIZER,
    manifest_problems,
    model_part,
)
from onnx_export.precision import Precision, build_model, precision_problems
from onnx_export.problems import ExportError
from onnx_export.scoring import always_reached
from onnx_export.segmentation import SegmenterName
from onnx_export.special_tokens import SpecialTokens, check_special_tokens
from onnx_export.storage import Storage
from onnx_export.text_cleaning import CleaningName
from onnx_export.tokenization import TextTokenizer, without_truncation
from onnx_export.verify import checks

SEGMENTERS: tuple[SegmenterName, ...] = ("sentence", "uniform")
CLEANINGS: tuple[CleaningName, ...] = ("none", "pdf")
TOKENIZATIONS: tuple[TokenizationName, ...] = ("whole-text", "per-sentence")
CHECKPOINT_SETTINGS = "bundle.json"
DEFAULT_THRESHOLD = 0.5
"""Of labels that may hold together."""
DEFAULT_SEGMENT_POSITIONS = True

_SETTINGS = {
    "name", "version", "thresholds", "metrics", "text", "segmenter", "pad_segment", "segment_positions", "window_overlap",
}  # fmt: skip
_SMALL_N = 8
_SPARE_ROWS = 1000
"""Embeddings beyond the vocabulary that say nothing: tables are rounded up, and published vocabularies leave gaps."""
_NO_CLS = "nobody says which id begins a segment: config.json has neither cls_token_id nor bos_token_id, and tokenizer.json no [CLS] or <s>"


@dataclass(frozen=True)
class BundleSettings:
    """What a bundle says beyond the model itself. ``thresholds`` has one for every label."""

    name: str
    version: str
    thresholds: Mapping[str, float]
    text: Mapping[str, str]
    segmenter: SegmenterName
    window_overlap: int
    pad_segment: PadSegment
    segment_positions: bool
    storage: Storage
    precision: Precision
    calibration: Path | None
    metrics: Mapping[str, Any] | None
    model_card: str
    golden_inputs: Sequence[GoldenInput]


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
    window_overlap: int | None = None
    pad_segment: PadSegment | None = None
    segment_positions: bool | None = None
    storage: Storage = "fp32"
    precision: Precision = "fp32"
    calibration: Path | None = None
    model_card: Path | None = None
    golden: Path | None = None


def default_pad_segment(checkpoint: Checkpoint) -> PadSegment:
    """``pad``, as the original pads, where a head looks at pad segments; ``none`` where none does.

    Real segments never see pad segments, which are masked as keys, so answers for segments and tokens and the first segment's
    head are the same with and without them.
    """
    return "pad" if checkpoint.config.head.pools and checkpoint.config.pooling != "first" else "none"


def graph_settings(folder: Path, checkpoint: Checkpoint, flags: Flags) -> tuple[PadSegment, bool]:
    """Pad segment and segment positions: from flags, else the checkpoint's ``bundle.json``, else the defaults."""
    given = _checkpoint_settings(folder)
    return _graph_settings(given, checkpoint, flags)


def given_segmenter(folder: Path) -> SegmenterName:
    """The segmenter that the checkpoint's ``bundle.json`` names, else the default."""
    given: SegmenterName = _checkpoint_settings(folder).get("segmenter", "sentence")
    if given not in SEGMENTERS:
        raise ExportError(CHECKPOINT_SETTINGS, [f"segmenter is {given!r}, expected one of {', '.join(SEGMENTERS)}"])
    return given


def resolve_settings(folder: Path, checkpoint: Checkpoint, flags: Flags) -> BundleSettings:
    """Settle every setting: flags win over the files of the checkpoint folder, and these over the defaults.

    Raises:
        ExportError: with every unusable value.
    """
    given = _checkpoint_settings(folder)
    problems: list[str] = []
    config = checkpoint.config
    if config.head.classifies and config.problem_type is None:
        problems.append(
            f"problem_type is missing in config.json, expected one of {', '.join(PROBLEM_TYPES)}: "
            f"{len(config.labels)} labels may exclude each other or not, and the weights do not tell"
        )
    pad_segment, segment_positions = _graph_settings(given, checkpoint, flags)
    if config.cls_id is None:
        problems.append(f"cls_token_id is missing: {_NO_CLS}")
    overlap = flags.window_overlap if flags.window_overlap is not None else given.get("window_overlap", config.max_segments // 4)
    if not isinstance(overlap, int) or isinstance(overlap, bool) or not 0 <= overlap < config.max_segments:
        problems.append(f"window_overlap is {overlap!r}, expected 0 to {config.max_segments - 1} (below max_sentences)")
    segmenter = flags.segmenter or given.get("segmenter", "sentence")
    if segmenter not in SEGMENTERS:
        problems.append(f"segmenter is {segmenter!r}, expected one of {', '.join(SEGMENTERS)}")
    text = _text(given.get("text", {}), flags, default_tokenization(folder), problems)
    thresholds = read_json_object(flags.thresholds) if flags.thresholds else given.get("thresholds", {})
    metrics = read_json_object(flags.metrics) if flags.metrics else given.get("metrics")
    if metrics is not None and not isinstance(metrics, Mapping):
        problems.append(f"metrics is {metrics!r}, expected an object")
    elif not _is_strict_json(metrics):
        problems.append("metrics holds NaN or Infinity, which JSON does not have")
    card = flags.model_card or folder / "MODEL_CARD.md"
    if flags.model_card and not card.is_file():
        problems.append(f"--model-card {card} is missing")
    problems += precision_problems(flags.precision, flags.storage, flags.calibration)
    default = always_reached(len(config.labels)) if config.problem_type == "single-label" else DEFAULT_THRESHOLD
    all_thresholds = _thresholds(thresholds, config.labels, default, problems)
    if problems:
        raise ExportError("bundle settings", problems)
    name = flags.name or given.get("name") or re.sub(r"[^a-z0-9._-]+", "-", checkpoint.name.lower()).lstrip("._-") or "model"
    settings = BundleSettings(
        name=name,
        version=flags.version or given.get("version") or "1",
        thresholds=all_thresholds,
        text=text,
        segmenter=segmenter,
        window_overlap=overlap,
        pad_segment=pad_segment,
        segment_positions=segment_positions,
        storage=flags.storage,
        precision=flags.precision,
        calibration=flags.calibration,
        metrics=metrics,
        model_card=card.read_text(encoding="utf-8") if card.is_file() else _plain_model_card(name, checkpoint),
        golden_inputs=_golden_inputs(folder, checkpoint, flags),
    )
    # The manifest's own schema knows what names and versions look like; files are listed later.
    files = {name: {"sha256": "0" * 64, "bytes": 0} for name in (MODEL, TOKENIZER, GOLDEN, MODEL_CARD)}
    if problems := manifest_problems(_manifest(checkpoint, settings, Agreement(1, 0.0, 0.0), files)):
        raise ExportError("bundle settings", problems)
    return settings


def write_bundle(folder: Path, checkpoint: Checkpoint, settings: BundleSettings, target: Path) -> Agreement:
    """Write the bundle of a checkpoint, verify it, and only then put it at ``target``, in place of the bundle that may be there.

    Args:
        folder: the checkpoint's folder, for its tokenizer.
        checkpoint: the same, read.
        settings: see ``resolve_settings``.
        target: the bundle's folder.

    Raises:
        ExportError: if ``target`` is something else than a bundle or an empty folder, or the bundle fails its verification.
    """
    target = target.absolute()
    _refuse_to_overwrite(target)
    _check_tokenizer(folder, checkpoint)
    model, agreement = build_checked(
        folder,
        checkpoint,
        pad_segment=settings.pad_segment,
        segment_positions=settings.segment_positions,
        storage=settings.storage,
        precision=settings.precision,
        calibration=settings.calibration,
        segmenter=settings.segmenter,
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}.partial")
    draft.mkdir()
    try:
        _write_files(draft, folder, checkpoint, settings, model, agreement)
        failed = [f"{check.name}: {problem}" for check in checks(draft) for problem in check.problems]
        if failed:
            raise ExportError("the new bundle", failed)
        _replace(target, draft)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return agreement


def build_checked(
    folder: Path,
    checkpoint: Checkpoint,
    *,
    pad_segment: PadSegment,
    segment_positions: bool,
    storage: Storage,
    precision: Precision,
    calibration: Path | None,
    segmenter: SegmenterName,
) -> tuple[bytes, Agreement]:
    """The packed graph in the precision asked for, for int8 calibrated, and how well it computes what it should.

    Raises:
        ExportError: see ``calibration_windows``, ``calibrate``, ``build_model``, ``check_agreement``.
    """
    quantised, samples = {}, []
    if precision == "int8":
        if (folder / TOKENIZER).is_file():
            _check_tokenizer(folder, checkpoint)
        samples = calibration_windows(folder, checkpoint, calibration, segmenter)
        quantised = calibrate(checkpoint, samples, pad_segment=pad_segment, segment_positions=segment_positions)
    model = build_model(
        checkpoint, precision, segment_positions=segment_positions, storage=storage, quantised=quantised
    ).SerializeToString()
    agreement = check_agreement(
        checkpoint,
        model,
        pad_segment=pad_segment,
        segment_positions=segment_positions,
        storage=storage,
        precision=precision,
        quantised=quantised,
        samples=samples[:4],
    )
    return model, agreement


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that its name never shows half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _checkpoint_settings(folder: Path) -> dict[str, Any]:
    path = folder / CHECKPOINT_SETTINGS
    if not path.exists():
        return {}
    settings = read_json_object(path)
    if unknown := sorted(settings.keys() - _SETTINGS):
        raise ExportError(
            str(path), [f"{key} is not a setting, expected one of {', '.join(sorted(_SETTINGS))}" for key in unknown]
        )
    return settings


def _graph_settings(given: Mapping[str, Any], checkpoint: Checkpoint, flags: Flags) -> tuple[PadSegment, bool]:
    problems = []
    pad_segment = flags.pad_segment or given.get("pad_segment", default_pad_segment(checkpoint))
    if pad_segment not in PAD_SEGMENTS:
        problems.append(f"pad_segment is {pad_segment!r}, expected one of {', '.join(PAD_SEGMENTS)}")
    if pad_segment == "cls" and checkpoint.config.cls_id is None:
        problems.append(f"pad_segment is 'cls', but {_NO_CLS}")
    positions = flags.segment_positions
    if positions is None:
        positions = given.get("segment_positions", DEFAULT_SEGMENT_POSITIONS)
    if not isinstance(positions, bool):
        problems.append(f"segment_positions is {positions!r}, expected true or false")
    if problems:
        raise ExportError(CHECKPOINT_SETTINGS, problems)
    return pad_segment, positions


def default_tokenization(folder: Path) -> TokenizationName:
    """``per-sentence`` where the checkpoint names the original's ``HATTokenizer``, which strips each sentence and tokenizes it alone."""
    files = (folder / name for name in ("config.json", "tokenizer_config.json"))
    named = any(path.is_file() and b"HATTokenizer" in path.read_bytes() for path in files)
    return "per-sentence" if named else "whole-text"


def _text(given: object, flags: Flags, tokenization: TokenizationName, problems: list[str]) -> dict[str, str]:
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


def _thresholds(given: object, labels: Sequence[str], default: float, problems: list[str]) -> dict[str, float]:
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


def _is_strict_json(value: object) -> bool:
    """Whether readers other than Python's understand ``value`` once it is written."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


def _golden_inputs(folder: Path, checkpoint: Checkpoint, flags: Flags) -> Sequence[GoldenInput]:
    own = flags.golden or folder / GOLDEN_INPUTS
    if flags.golden or own.is_file():
        return read_inputs(own)
    N, K = checkpoint.config.max_segments, checkpoint.config.segment_length
    # Several segments, so that they are seen to look at each other, and windows too if that is cheap: it is replayed at every open.
    return (*DEFAULT_INPUTS, long_input(N if N <= _SMALL_N else 3, K))


def _check_tokenizer(folder: Path, checkpoint: Checkpoint) -> None:
    path = folder / TOKENIZER
    vocabulary, rows = TextTokenizer(path).vocabulary_size, checkpoint.config.vocabulary_size
    if vocabulary > rows:
        raise ExportError(
            str(path), [f"gives ids up to {vocabulary - 1}, but vocab_size in config.json is {rows}: not this model's tokenizer"]
        )
    if rows - vocabulary > max(_SPARE_ROWS, rows // 20):
        print(
            f"warning: {TOKENIZER} has {vocabulary:,} tokens, and the model embeddings of {rows:,}, so {rows - vocabulary:,} are never "
            "used; is this the tokenizer that it was trained with?",
            file=sys.stderr,
        )
    check_special_tokens(path, special_token_ids(read_json_object(folder / "config.json")))


def _refuse_to_overwrite(target: Path) -> None:
    if target.is_dir() and (not any(target.iterdir()) or (target / MANIFEST).is_file()):
        return
    if target.exists() or target.is_symlink():
        raise ExportError(str(target), ["exists and is not a bundle: choose another place or remove it"])


def _replace(target: Path, draft: Path) -> None:
    """Put ``draft`` in the place of ``target``; between two renames ``target`` is absent for a moment, but never half written."""
    if not target.exists():
        draft.rename(target)
        return
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    target.rename(old)
    try:
        draft.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old)


def _write_files(
    draft: Path, folder: Path, checkpoint: Checkpoint, settings: BundleSettings, model: bytes, agreement: Agreement
) -> None:
    (draft / MODEL).write_bytes(model)
    tokenizer = (folder / TOKENIZER).read_bytes().decode("utf-8")
    (draft / TOKENIZER).write_bytes(without_truncation(tokenizer).encode("utf-8"))
    (draft / MODEL_CARD).write_text(settings.model_card, encoding="utf-8", newline="")
    # The classifier needs a manifest before the golden records are there to be listed in it.
    records = golden_records(Classifier(draft, _manifest(checkpoint, settings, agreement, {})), settings.golden_inputs)
    write_json_lines(draft / GOLDEN, records)
    _print_coverage(draft / TOKENIZER, records)
    files = {path.name: {"sha256": file_sha256(path), "bytes": path.stat().st_size} for path in sorted(draft.iterdir())}
    manifest = json.dumps(_manifest(checkpoint, settings, agreement, files), ensure_ascii=False, indent=2)
    (draft / MANIFEST).write_text(f"{manifest}\n", encoding="utf-8", newline="")


def _print_coverage(tokenizer: Path, records: Sequence[Mapping[str, Any]]) -> None:
    unknown = next((token.id for token in SpecialTokens(tokenizer).of("unk")), None)
    coverage = Coverage.of(records, unknown)
    if not coverage.is_complete:
        print(f"warning: {coverage}", file=sys.stderr)


def _manifest(checkpoint: Checkpoint, settings: BundleSettings, agreement: Agreement, files: Mapping[str, Any]) -> dict[str, Any]:
    config = checkpoint.config
    labels = [{"name": label, "threshold": settings.thresholds[label]} for label in config.labels]
    return {
        "format_version": FORMAT_VERSION,
        "name": settings.name,
        "version": settings.version,
        **model_part(config),
        "precision": settings.precision,
        **({"labels": labels} if config.head.classifies else {}),
        "text": dict(settings.text),
        "segmentation": {
            "segmenter": settings.segmenter,
            "segment_length": config.segment_length,
            "max_segments": config.max_segments,
            "window_overlap": settings.window_overlap,
        },
        "pad_segment": settings.pad_segment,
        "segment_positions": settings.segment_positions,
        "files": dict(files),
        "provenance": {
            "checkpoint": {"name": checkpoint.name, "sha256": checkpoint.sha256},
            "exporter_version": onnx_export.__version__,
            "agreement": {
                "documents": agreement.documents,
                "largest_deviation": agreement.deviation,
                "largest_effect": agreement.effect,
            },
            **({"metrics": dict(settings.metrics)} if settings.metrics is not None else {}),
        },
    }


def _plain_model_card(name: str, checkpoint: Checkpoint) -> str:
    config = checkpoint.config
    return (
        f"# {name}\n\n"
        f"A Hierarchical Attention Transformer ({config.layout}, width {config.hidden_size}, "
        f"{checkpoint.parameters / 1e6:.1f} M parameters) for {config.head.task}, exported from `{checkpoint.name}`.\n\n"
        "Nobody has written down yet what it was trained on, how well it works, where it fails and under which licence it "
        "may be used. Put that into `MODEL_CARD.md` beside the checkpoint and export again.\n"
    )
