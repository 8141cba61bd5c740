"""Whether a bundle folder keeps what its manifest promises, in lines for a person."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from onnx_export.bundle.golden import differences, golden_input, golden_records, read_golden
from onnx_export.bundle.manifest import manifest_problems
from onnx_export.bundle.reader import Reader, open_reader, windows_of
from onnx_export.checksums import file_sha256
from onnx_export.contract import GOLDEN, MANIFEST, MODEL, SIGNATURE, TOKENIZER
from onnx_export.export.golden_inputs import GoldenInput
from onnx_export.export.precision import GOLDEN_TOLERANCE
from onnx_export.json_files import read_json_object
from onnx_export.onnx.packing import open_session
from onnx_export.problems import ExportError
from onnx_export.text.special_tokens import SpecialTokens
from onnx_export.text.tokenization import TextTokenizer

BATCH_TOLERANCE = 1e-4
"""By how much a logit or log-likelihood may differ between a window alone and the same window in any batch."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, with what was found if it holds or every problem if it does not."""

    name: str
    found: str = ""
    problems: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.problems

    def __str__(self) -> str:
        mark = "✓" if self.passed else "✗"
        lines = [f"{mark} {self.name}{f': {self.found}' if self.found else ''}"]
        return "\n    ".join([*lines, *self.problems])


def checks(folder: Path) -> Iterator[Check]:
    """Check a bundle folder step by step; a check that others need and that fails is the last one."""
    if not folder.is_dir():
        what = "is not a folder; unpack it if it is an archive" if folder.exists() else "is not there"
        yield Check("folder", problems=(f"{folder} {what}: expected a folder written by `python -m onnx_export bundle`",))
        return
    try:
        manifest = read_json_object(folder / MANIFEST)
        problems = manifest_problems(manifest)
    except ExportError as error:
        problems = list(error.problems)
    yield Check("manifest", "fits its schema" if not problems else "", tuple(problems))
    if problems:
        return
    files = _files(folder, manifest)
    yield files
    if not files.passed:
        return
    opened = _opens(folder, manifest)
    yield opened
    if not opened.passed:
        return
    reader = open_reader(folder, manifest)
    try:
        records = read_golden(folder / GOLDEN, manifest["task"], of_symbols=manifest["architecture"] == "hourglass")
        inputs = [golden_input(record) for record in records]
        replayed = golden_records(reader, inputs)
    except ExportError as error:
        yield Check("golden inputs", problems=error.problems)
        return
    yield _golden(records, replayed, GOLDEN_TOLERANCE[manifest["precision"]])
    yield _batch_invariance(reader, inputs)


def _files(folder: Path, manifest: Mapping[str, Any]) -> Check:
    problems = []
    promised = manifest["files"]
    present = {path.name for path in folder.iterdir()} - {MANIFEST, SIGNATURE}
    problems += [f"{name} is missing" for name in sorted(promised.keys() - present)]
    problems += [f"{name} is not in the manifest" for name in sorted(present - promised.keys())]
    for name in sorted(promised.keys() & present):
        path, facts = folder / name, promised[name]
        if not path.is_file():
            problems.append(f"{name} is not a file")
        elif path.stat().st_size != facts["bytes"]:
            problems.append(f"{name} has {path.stat().st_size} bytes, expected {facts['bytes']}")
        elif file_sha256(path) != facts["sha256"]:
            problems.append(f"{name} has another checksum than the manifest says")
    total = sum(facts["bytes"] for facts in promised.values())
    return Check("checksums", f"{len(promised)} files, {total / 1e6:.1f} MB", tuple(problems))


def _opens(folder: Path, manifest: Mapping[str, Any]) -> Check:
    """Graph and, if there is one, tokenizer load, and the graph's inputs and outputs are those of the manifest."""
    problems = [*_problems_of_graph(folder / MODEL, manifest)]
    names = [tensor["name"] for kind in ("inputs", "outputs") for tensor in manifest["graph"][kind]]
    if manifest["architecture"] == "hourglass":
        return Check("graph", ", ".join(names), tuple(problems))
    problems += _problems_of_tokenizer(folder / TOKENIZER, manifest)
    return Check("graph and tokenizer", ", ".join(names), tuple(problems))


def _problems_of_graph(path: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    try:
        session = open_session(path)
    except Exception as error:  # ONNX Runtime's exceptions share no base class of their own
        yield f"{MODEL} is refused by ONNX Runtime: {error}"
        return
    types = {"tensor(int64)": "int64", "tensor(float)": "float32"}
    for kind, offered in (("inputs", session.get_inputs()), ("outputs", session.get_outputs())):
        found = [{"name": value.name, "type": types.get(value.type, value.type), "shape": list(value.shape)} for value in offered]
        if found != manifest["graph"][kind]:
            yield f"{MODEL} has the {kind} {found}, expected {manifest['graph'][kind]}"


def _problems_of_tokenizer(path: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    try:
        vocabulary = TextTokenizer(path).vocabulary_size
    except ExportError as error:
        yield from error.problems
        return
    tokens: Mapping[str, int] = manifest["special_tokens"]
    for name, token in tokens.items():
        if token >= vocabulary:
            yield f"{TOKENIZER} has no token {token}, expected one for special token {name}"
    expected = {name: (f"special_tokens.{name}", token) for name, token in tokens.items() if token < vocabulary}
    for problem in SpecialTokens(path).contradictions(expected):
        yield f"{TOKENIZER}: {problem}"
    if json.loads(path.read_text(encoding="utf-8"))["model"].get("dropout"):
        yield f"{TOKENIZER} drops merges at random (dropout), so that no text has the same tokens twice: export again"


def _golden(records: Sequence[Mapping[str, Any]], replayed: Sequence[Mapping[str, Any]], tolerance: float) -> Check:
    problems: list[str] = []
    largest = 0.0
    for expected, actual in zip(records, replayed, strict=True):
        found, deviation = differences(expected, actual, tolerance)
        problems += found
        largest = max(largest, deviation)
    kind, key = ("symbols", "symbols") if "symbols" in records[0] else ("tokens", "token_ids")
    tokens = sum(len(record[key]) for record in records)
    windows = sum(len(record["windows"]) for record in records)
    found_text = (
        f"{len(records)} texts, {tokens} {kind}, {windows} windows, "
        f"largest deviation of a score {largest:.1e} (at most {tolerance:.0e})"
    )
    return Check("golden inputs", found_text, tuple(problems))


def _batch_invariance(reader: Reader, inputs: Sequence[GoldenInput]) -> Check:
    """Every window of the golden inputs alone, in one batch, and in that batch in another order."""
    windows = windows_of(reader, inputs)
    alone = [reader.answers([window])[0] for window in windows]
    order = np.random.default_rng(1).permutation(len(windows))
    deviation = 0.0
    for arrangement in (np.arange(len(windows)), order):
        batch = reader.answers([windows[index] for index in arrangement])
        for index, together in zip(arrangement, batch, strict=True):
            deviation = float(np.maximum(deviation, np.abs(together - alone[index]).max()))
    limit = f"at most {BATCH_TOLERANCE:.0e}"
    problems = () if deviation <= BATCH_TOLERANCE else (f"scores depend on batch mates, by {deviation:.1e}, expected {limit}",)
    return Check("batch invariance", f"{len(windows)} windows alone, together and shuffled, {deviation:.1e} ({limit})", problems)
