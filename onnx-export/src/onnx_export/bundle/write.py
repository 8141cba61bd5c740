"""Writes bundles: the files, then the proof that they keep what the manifest promises, then all in one step into their place."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from onnx_export.bundle.classifier import Classifier
from onnx_export.bundle.golden import golden_records
from onnx_export.bundle.settings import BundleSettings
from onnx_export.bundle.verify import checks
from onnx_export.checksums import file_sha256
from onnx_export.contract import GOLDEN, MANIFEST, MODEL, MODEL_CARD, TOKENIZER
from onnx_export.export.agreement import Agreement
from onnx_export.export.checked_graph import build_checked
from onnx_export.hat.checkpoint import Checkpoint
from onnx_export.hat.tokenizer import check_tokenizer
from onnx_export.json_files import write_json, write_json_lines
from onnx_export.problems import ExportError
from onnx_export.text.coverage import Coverage
from onnx_export.text.special_tokens import SpecialTokens
from onnx_export.text.tokenization import without_truncation


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
    check_tokenizer(folder, checkpoint)
    model, agreement = build_checked(
        folder, checkpoint, settings.graph, calibration=settings.calibration, segmenter=settings.segmenter
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
    records = golden_records(Classifier(draft, settings.manifest(checkpoint, agreement, {})), settings.golden_inputs)
    write_json_lines(draft / GOLDEN, records)
    _print_coverage(draft / TOKENIZER, records)
    files = {path.name: {"sha256": file_sha256(path), "bytes": path.stat().st_size} for path in sorted(draft.iterdir())}
    write_json(draft / MANIFEST, settings.manifest(checkpoint, agreement, files))


def _print_coverage(tokenizer: Path, records: Sequence[Mapping[str, Any]]) -> None:
    unknown = next((token.id for token in SpecialTokens(tokenizer).of("unk")), None)
    coverage = Coverage.of(records, unknown)
    if not coverage.is_complete:
        print(f"warning: {coverage}", file=sys.stderr)
