"""Writes bundles: the files, then the proof that they keep what the manifest promises, then all in one step into their place."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from onnx_export.bundle.golden import golden_records
from onnx_export.bundle.reader import open_reader
from onnx_export.bundle.verify import checks
from onnx_export.checksums import file_sha256
from onnx_export.contract import GOLDEN, MANIFEST, MODEL, MODEL_CARD, TOKENIZER
from onnx_export.export.agreement import Agreement
from onnx_export.export.golden_inputs import GoldenInput
from onnx_export.json_files import write_json, write_json_lines
from onnx_export.problems import ExportError
from onnx_export.text.coverage import Coverage
from onnx_export.text.special_tokens import SpecialTokens

C = TypeVar("C", contravariant=True)


class Settings(Protocol[C]):
    """What a bundle of one architecture says beyond its model, and what is made of a checkpoint by that."""

    @property
    def model_card(self) -> str: ...

    @property
    def golden_inputs(self) -> Sequence[GoldenInput]: ...

    def build(self, folder: Path, checkpoint: C) -> tuple[bytes, Agreement]: ...

    def tokenizer(self, folder: Path, checkpoint: C) -> str | None: ...

    def manifest(self, checkpoint: C, agreement: Agreement, files: Mapping[str, Any]) -> dict[str, Any]: ...


def write_bundle(folder: Path, checkpoint: C, settings: Settings[C], target: Path) -> Agreement:
    """Write the bundle of a checkpoint, verify it, and only then put it at ``target``, in place of the bundle that may be there.

    Args:
        folder: the checkpoint's folder, for its tokenizer.
        checkpoint: the same, read.
        settings: see ``resolve_settings`` and ``resolve_symbol_settings``.
        target: the bundle's folder.

    Raises:
        ExportError: if ``target`` is something else than a bundle or an empty folder, or the bundle fails its verification.
    """
    target = target.absolute()
    _refuse_to_overwrite(target)
    tokenizer = settings.tokenizer(folder, checkpoint)
    model, agreement = settings.build(folder, checkpoint)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}.partial")
    draft.mkdir()
    try:
        (draft / MODEL).write_bytes(model)
        _write_texts(draft, tokenizer, settings.model_card)
        _write_records(draft, settings.golden_inputs, partial(settings.manifest, checkpoint, agreement))
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


def _write_texts(draft: Path, tokenizer: str | None, model_card: str) -> None:
    if tokenizer is not None:
        (draft / TOKENIZER).write_bytes(tokenizer.encode("utf-8"))
    (draft / MODEL_CARD).write_text(model_card, encoding="utf-8", newline="")


def _write_records(draft: Path, inputs: Sequence[GoldenInput], manifest: Callable[[Mapping[str, Any]], dict[str, Any]]) -> None:
    """Golden records and the manifest, which is made of the files that it lists."""
    # Scoring needs a manifest before the golden records are there to be listed in it.
    records = golden_records(open_reader(draft, manifest({})), inputs)
    write_json_lines(draft / GOLDEN, records)
    if (draft / TOKENIZER).is_file():
        _print_coverage(draft / TOKENIZER, records)
    files = {path.name: {"sha256": file_sha256(path), "bytes": path.stat().st_size} for path in sorted(draft.iterdir())}
    write_json(draft / MANIFEST, manifest(files))


def _print_coverage(tokenizer: Path, records: Sequence[Mapping[str, Any]]) -> None:
    unknown = next((token.id for token in SpecialTokens(tokenizer).of("unk")), None)
    coverage = Coverage.of(records, unknown)
    if not coverage.is_complete:
        print(f"warning: {coverage}", file=sys.stderr)
