"""What a bundle says beyond its model: settings from flags, the checkpoint's ``bundle.json``, and defaults."""

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
from onnx_export.bundle.manifest import model_part
from onnx_export.bundle.scoring import default_threshold
from onnx_export.checkpoints.labels import PROBLEM_TYPES
from onnx_export.contract import PAD_SEGMENTS, TOKENIZER, PadSegment
from onnx_export.export.agreement import Agreement
from onnx_export.export.checked_graph import build_checked
from onnx_export.export.golden_inputs import DEFAULT_INPUTS, GOLDEN_INPUTS, GoldenInput, long_input, read_inputs
from onnx_export.export.graph_settings import GraphSettings
from onnx_export.export.hat_model import HatModel, calibration_windows
from onnx_export.export.precision import precision_problems
from onnx_export.hat.checkpoint import Checkpoint
from onnx_export.hat.config import HatConfig
from onnx_export.hat.tokenizer import check_tokenizer, default_tokenization
from onnx_export.json_files import read_json_object
from onnx_export.problems import ExportError
from onnx_export.text.segmentation import SegmenterName
from onnx_export.text.tokenization import without_truncation

DEFAULT_SEGMENT_POSITIONS = True

_SETTINGS = {
    "name", "version", "thresholds", "metrics", "text", "segmenter", "pad_segment", "segment_positions", "window_overlap",
}  # fmt: skip
_SMALL_N = 8
_NO_CLS = "no file says which id begins a segment: config.json has neither cls_token_id nor bos_token_id, and tokenizer.json no [CLS] or <s>"


@dataclass(frozen=True)
class BundleSettings:
    """What a bundle says beyond the model itself. ``thresholds`` has one for every label."""

    identity: Identity
    thresholds: Mapping[str, float]
    text: Mapping[str, str]
    segmenter: SegmenterName
    window_overlap: int
    graph: GraphSettings
    calibration: Path | None
    model_card: str
    golden_inputs: Sequence[GoldenInput]

    def manifest(self, checkpoint: Checkpoint, agreement: Agreement, files: Mapping[str, Any]) -> dict[str, Any]:
        """The manifest of a bundle with these settings; ``files`` by name, with checksum and size."""
        config = checkpoint.config
        labels = [{"name": label, "threshold": self.thresholds[label]} for label in config.labels]
        return {
            **self.identity.first_part(),
            **model_part(config),
            "precision": self.graph.precision,
            **({"labels": labels} if config.head.classifies else {}),
            "text": dict(self.text),
            "segmentation": {
                "segmenter": self.segmenter,
                "segment_length": config.segment_length,
                "max_segments": config.max_segments,
                "window_overlap": self.window_overlap,
            },
            "pad_segment": self.graph.pad_segment,
            "segment_positions": self.graph.segment_positions,
            "files": dict(files),
            "provenance": self.identity.provenance(checkpoint.name, checkpoint.sha256, agreement),
        }

    def build(self, folder: Path, checkpoint: Checkpoint) -> tuple[bytes, Agreement]:
        """The checked graph; ``folder`` is the checkpoint's, for its tokenizer and golden inputs."""
        return build_checked(
            HatModel(checkpoint, self.graph),
            lambda: calibration_windows(folder, checkpoint, self.calibration, self.segmenter),
        )

    def tokenizer(self, folder: Path, checkpoint: Checkpoint) -> str:
        """The ``tokenizer.json`` of the bundle.

        Raises:
            ExportError: if the one in the checkpoint's folder is another model's.
        """
        check_tokenizer(folder, checkpoint)
        return without_truncation((folder / TOKENIZER).read_bytes().decode("utf-8"))


def default_pad_segment(checkpoint: Checkpoint) -> PadSegment:
    """``pad``, as the original pads, where a head looks at pad segments; ``none`` where none does.

    Real segments never see pad segments, which are masked as keys, so answers for segments and tokens and the first segment's
    head are the same with and without them.
    """
    return "pad" if checkpoint.config.head.pools and checkpoint.config.pooling != "first" else "none"


def graph_settings(folder: Path, checkpoint: Checkpoint, flags: Flags) -> GraphSettings:
    """What a graph needs to know: from flags, else the checkpoint's ``bundle.json``, else the defaults."""
    return _graph_settings(checkpoint_settings(folder, _SETTINGS), checkpoint, flags)


def given_segmenter(folder: Path) -> SegmenterName:
    """The segmenter that the checkpoint's ``bundle.json`` names, else the default."""
    problems: list[str] = []
    segmenter = segmenter_of(checkpoint_settings(folder, _SETTINGS), Flags(), problems)
    if problems:
        raise ExportError(CHECKPOINT_SETTINGS, problems)
    return segmenter


def resolve_settings(folder: Path, checkpoint: Checkpoint, flags: Flags) -> BundleSettings:
    """Settle every setting: flags win over the files of the checkpoint folder, and these over the defaults.

    Raises:
        ExportError: with every unusable value.
    """
    given = checkpoint_settings(folder, _SETTINGS)
    graph = _graph_settings(given, checkpoint, flags)
    thresholds = read_json_object(flags.thresholds) if flags.thresholds else given.get("thresholds", {})

    config = checkpoint.config
    problems = list(_left_open(config))
    if flags.window_length is not None:
        problems.append("--window-length is for Hourglass models, and a window of a HAT has max_sentences segments: leave it out")
    if flags.window_gap is not None:
        problems.append("--window-gap is for language models, and a HAT sees all of a text: leave it out")
    overlap = _window_overlap(given, flags, config, problems)
    segmenter = segmenter_of(given, flags, problems)
    text = text_of(given.get("text", {}), flags, default_tokenization(folder), problems)
    named = identity(given, flags, checkpoint.name, problems)
    card = model_card_path(folder, flags, problems)
    problems += precision_problems(flags.precision, flags.storage, flags.calibration)
    all_thresholds = label_thresholds(
        thresholds, config.labels, default_threshold(len(config.labels), config.problem_type), problems
    )
    if problems:
        raise ExportError("bundle settings", problems)

    settings = BundleSettings(
        identity=named,
        thresholds=all_thresholds,
        text=text,
        segmenter=segmenter,
        window_overlap=overlap,
        graph=graph,
        calibration=flags.calibration,
        model_card=card.read_text(encoding="utf-8") if card else _plain_model_card(named.name, checkpoint),
        golden_inputs=_golden_inputs(folder, checkpoint, flags),
    )
    check_manifest(settings.manifest(checkpoint, Agreement(1, 0.0, 0.0), {}))
    return settings


def _graph_settings(given: Mapping[str, Any], checkpoint: Checkpoint, flags: Flags) -> GraphSettings:
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
    return GraphSettings(pad_segment, positions, flags.storage, flags.precision)


def _left_open(config: HatConfig) -> Iterator[str]:
    """What a bundle must know and a checkpoint may leave open."""
    if config.head.classifies and config.problem_type is None:
        yield (
            f"problem_type is missing in config.json, expected one of {', '.join(PROBLEM_TYPES)}: "
            f"{len(config.labels)} labels may exclude each other or not, and the weights do not tell"
        )
    if config.cls_id is None:
        yield f"cls_token_id is missing: {_NO_CLS}"


def _window_overlap(given: Mapping[str, Any], flags: Flags, config: HatConfig, problems: list[str]) -> int:
    overlap = flags.window_overlap if flags.window_overlap is not None else given.get("window_overlap", config.max_segments // 4)
    if isinstance(overlap, int) and not isinstance(overlap, bool) and 0 <= overlap < config.max_segments:
        return overlap
    problems.append(f"window_overlap is {overlap!r}, expected 0 to {config.max_segments - 1} (below max_sentences)")
    return 0


def _golden_inputs(folder: Path, checkpoint: Checkpoint, flags: Flags) -> Sequence[GoldenInput]:
    own = flags.golden or folder / GOLDEN_INPUTS
    if flags.golden or own.is_file():
        return read_inputs(own)
    N, K = checkpoint.config.max_segments, checkpoint.config.segment_length
    # Several segments, so that they are seen to look at each other, and windows too if that is cheap: it is replayed at every open.
    return (*DEFAULT_INPUTS, long_input(N if N <= _SMALL_N else 3, K))


def _plain_model_card(name: str, checkpoint: Checkpoint) -> str:
    config = checkpoint.config
    return (
        f"# {name}\n\n"
        f"A Hierarchical Attention Transformer ({config.layout}, width {config.hidden_size}, "
        f"{checkpoint.parameters / 1e6:.1f} M parameters) for {config.head.task}, exported from `{checkpoint.name}`.\n\n"
        f"{NO_MODEL_CARD}"
    )
