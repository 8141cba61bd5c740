"""What the bundle of an Hourglass model says beyond its model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnx_export.bundle.given import (
    Flags,
    Identity,
    check_manifest,
    checkpoint_settings,
    identity,
    label_thresholds,
    model_card_path,
)
from onnx_export.bundle.manifest import hourglass_part
from onnx_export.bundle.scoring import default_threshold
from onnx_export.contract import GARBLED_LABELS, Precision
from onnx_export.export.agreement import Agreement
from onnx_export.export.checked_graph import build_checked
from onnx_export.export.golden_inputs import DEFAULT_INPUTS, GOLDEN_INPUTS, GoldenInput, long_text, read_inputs
from onnx_export.export.hourglass_model import HourglassModel, calibration_windows, known_part, precision_problems
from onnx_export.export.precision import precision_problems as contradictions
from onnx_export.hourglass.checkpoint import HourglassCheckpoint
from onnx_export.hourglass.config import BYTES, HourglassConfig
from onnx_export.json_files import read_json_object
from onnx_export.onnx.storage import Storage
from onnx_export.problems import ExportError

DEFAULT_LENGTH = 512
"""Symbols of a window, where the checkpoint does not say how long those were that it was trained on."""

FOREIGN_TEXT = 1.0
"""Surprise, in bits per byte: from there on a text is garbled, unless thresholds are given. Base64 has more, a damaged text has less."""

_SETTINGS = {"name", "version", "metrics", "thresholds", "window_length", "window_overlap", "window_gap"}
_FOREIGN = ("cleaning", "tokenization", "segmenter", "segment_length", "pad_segment", "segment_positions")
MOST_GAP = 1 << 20
"""Symbols; as in the schema of manifests."""
_CHEAP_LENGTH = 1024
"""Windows up to this length are cheap enough to replay two of them at every open."""


@dataclass(frozen=True)
class SymbolSettings:
    """How a text is cut into windows, and in which numbers to compute."""

    identity: Identity
    thresholds: Mapping[str, float]
    """For every label."""
    window_length: int
    """Symbols."""
    window_overlap: int
    """Symbols that neighbouring windows share; 0 where they leave gaps."""
    window_gap: int | None
    """Symbols between neighbouring windows; None where they overlap."""
    storage: Storage
    precision: Precision
    calibration: Path | None
    model_card: str
    golden_inputs: Sequence[GoldenInput]

    def manifest(self, checkpoint: HourglassCheckpoint, agreement: Agreement, files: Mapping[str, Any]) -> dict[str, Any]:
        """The manifest of a bundle with these settings; ``files`` by name, with checksum and size."""
        apart = {"overlap": self.window_overlap} if self.window_gap is None else {"gap": self.window_gap}
        return {
            **self.identity.first_part(),
            **hourglass_part(checkpoint.config),
            "labels": [{"name": label, "threshold": threshold} for label, threshold in self.thresholds.items()],
            "windows": {"length": self.window_length, **apart},
            "precision": self.precision,
            "files": dict(files),
            "provenance": self.identity.provenance(checkpoint.name, checkpoint.sha256, agreement),
        }

    def build(self, folder: Path, checkpoint: HourglassCheckpoint) -> tuple[bytes, Agreement]:
        """The checked graph; ``folder`` is the checkpoint's, for its golden inputs."""
        return build_checked(
            HourglassModel(checkpoint, self.storage, self.precision),
            lambda: calibration_windows(folder, checkpoint, self.calibration),
        )

    def tokenizer(self, folder: Path, checkpoint: HourglassCheckpoint) -> None:
        """There is none: symbols are bytes or characters."""


def resolve_symbol_settings(folder: Path, checkpoint: HourglassCheckpoint, flags: Flags) -> SymbolSettings:
    """Settle every setting: flags win over the files of the checkpoint folder, and these over the defaults.

    Raises:
        ExportError: with every unusable value.
    """
    given = checkpoint_settings(folder, _SETTINGS)
    config = checkpoint.config
    problems = [*foreign_flags(flags), *_problems_of_symbols(config), *graph_problems(config, flags)]
    length = _length(given, flags, config, problems)
    gap = _gap(given, flags, config, problems)
    overlap = _overlap(given, flags, config, length, problems) if gap is None else 0
    thresholds = read_json_object(flags.thresholds) if flags.thresholds else given.get("thresholds", {})
    all_thresholds = label_thresholds(thresholds, *_labels(config), problems)
    named = identity(given, flags, checkpoint.name, problems)
    card = model_card_path(folder, flags, problems)
    if problems:
        raise ExportError("bundle settings", problems)
    settings = SymbolSettings(
        identity=named,
        thresholds=all_thresholds,
        window_length=length,
        window_overlap=overlap,
        window_gap=gap,
        storage=flags.storage,
        precision=flags.precision,
        calibration=flags.calibration,
        model_card=card.read_text(encoding="utf-8") if card else _plain_model_card(named.name, checkpoint),
        golden_inputs=_golden_inputs(folder, config, flags, length, gap),
    )
    check_manifest(settings.manifest(checkpoint, Agreement(1, 0.0, 0.0), {}))
    return settings


def graph_problems(config: HourglassConfig, flags: Flags) -> list[str]:
    """Options of the graph that contradict each other or the model."""
    return [
        *contradictions(flags.precision, flags.storage, flags.calibration),
        *precision_problems(config, flags.precision),
    ]


def foreign_flags(flags: Flags) -> list[str]:
    """Options that say something about other models."""
    return [
        f"--{name.replace('_', '-')} is for {'ordinary encoders' if name == 'segment_length' else 'HAT models'}, and this checkpoint holds an Hourglass model: leave it out"
        for name in _FOREIGN
        if getattr(flags, name) is not None
    ]


def _problems_of_symbols(config: HourglassConfig) -> list[str]:
    """What keeps a text from being cut into the model's symbols."""
    if config.vocabulary is None and config.vocabulary_size != BYTES:
        return [
            f"the model has {config.vocabulary_size} ids, and no file says which characters they are: expected {BYTES}, which are bytes, "
            'or the character of each id as a list "vocab" in config.json'
        ]
    long = [symbol for symbol in config.vocabulary or () if len(symbol) != 1]
    return [f"vocab holds {long[0]!r}, expected single characters"] if long else []


def _length(given: Mapping[str, Any], flags: Flags, config: HourglassConfig, problems: list[str]) -> int:
    default = config.trained_length or DEFAULT_LENGTH
    value = flags.window_length if flags.window_length is not None else given.get("window_length", default)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 2:
        return value
    problems.append(f"window_length is {value!r}, expected a whole number of symbols of at least 2")
    return DEFAULT_LENGTH


def _labels(config: HourglassConfig) -> tuple[Sequence[str], float]:
    """Their names, and their threshold where none is given."""
    if config.causal:
        return GARBLED_LABELS, FOREIGN_TEXT
    return config.labels, default_threshold(len(config.labels), config.problem_type)


def _gap(given: Mapping[str, Any], flags: Flags, config: HourglassConfig, problems: list[str]) -> int | None:
    """None where windows overlap; what the command line says of one of the two stands in the place of both in the file."""
    flagged = {"window_gap": flags.window_gap, "window_overlap": flags.window_overlap}
    said = {key: value for key, value in flagged.items() if value is not None} or given
    if "window_gap" not in said:
        return None
    value = said["window_gap"]
    if "window_overlap" in said:
        problems.append("window_gap and window_overlap are both given, expected one: windows share symbols or leave some out")
    elif not config.causal:
        problems.append(
            "window_gap is for language models: a classifier would miss the label of what stands in a gap; leave it out"
        )
    elif not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_GAP:
        problems.append(f"window_gap is {value!r}, expected 0 to {MOST_GAP} symbols")
    return value if isinstance(value, int) else 0


def _overlap(given: Mapping[str, Any], flags: Flags, config: HourglassConfig, length: int, problems: list[str]) -> int:
    """Of a language model half a window by default, so that each symbol but a document's first ones has at least as much context."""
    default = max(1, length // (2 if config.causal else 4))
    value = flags.window_overlap if flags.window_overlap is not None else given.get("window_overlap", default)
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value < length:
        return value
    problems.append(f"window_overlap is {value!r}, expected 1 to {length - 1} symbols (below window_length)")
    return 1


def _golden_inputs(folder: Path, config: HourglassConfig, flags: Flags, length: int, gap: int | None) -> Sequence[GoldenInput]:
    own = flags.golden or folder / GOLDEN_INPUTS
    if flags.golden or own.is_file():
        return read_inputs(own)
    # Two windows, if that is cheap: it is replayed at every open. With a gap between them, though not one of a million symbols.
    two = length + length // 4 + 1 if gap is None else 2 * length + min(gap, length)
    long = [GoldenInput("long", known_part(long_text(2 * two), config.vocabulary)[:two])] if length <= _CHEAP_LENGTH else []
    return [
        GoldenInput(entry.id, text) for entry in (*DEFAULT_INPUTS, *long) if (text := known_part(entry.whole, config.vocabulary))
    ]


def _plain_model_card(name: str, checkpoint: HourglassCheckpoint) -> str:
    config = checkpoint.config
    return (
        f"# {name}\n\n"
        f"An Hourglass {'language model' if config.causal else 'classifier of documents'} ({config.layout}, width {config.width}, {checkpoint.parameters / 1e6:.1f} M parameters) over "
        f"{'bytes' if config.vocabulary is None else f'{len(config.vocabulary)} characters'}, exported from `{checkpoint.name}`.\n\n"
        "Nobody has written down yet what it was trained on, how well it works, where it fails and under which licence it "
        "may be used. Put that into `MODEL_CARD.md` beside the checkpoint and export again.\n"
    )
