"""What the commands that read a checkpoint have in common."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from onnx_export.bundle.encoder_settings import given_segment_length
from onnx_export.bundle.given import Flags
from onnx_export.contract import PAD_SEGMENTS, PRECISIONS, SEGMENT_POOLINGS
from onnx_export.encoder.checkpoint import EncoderCheckpoint, read_encoder
from onnx_export.export.agreement import Agreement
from onnx_export.hat.checkpoint import Checkpoint, read_checkpoint
from onnx_export.hat.config import POOLINGS
from onnx_export.hourglass.checkpoint import HourglassCheckpoint, read_hourglass
from onnx_export.onnx.storage import STORAGES
from onnx_export.problems import ExportError

TRAPS = """\
Scores of a HAT model depend on two things that its checkpoint does not say:

--pad-segment      The original code pads every document to N segments, and max, last and attentive pooling look at
                   the padding. A model fine-tuned with it needs "pad" (pad ids only: BERT ids, sentence grouping) or
                   "cls" (each pad segment begins with CLS: uniform chunks with RoBERTa ids). "none" is for models whose
                   pooling was masked in training. Heads that look at real segments alone default to "none", which then
                   changes no score; all others default to "pad".
--segment-positions  Whether D blocks add the position of a segment in its document. On by default, as GitHub's code of
                   today and our own training recipe compute it. The trap: until January 2024 the original computed
                   them without effect, and so does the code on the Hugging Face hub beside the published weights. A
                   checkpoint fine-tuned with that code needs --no-segment-positions.
"""
"""For the end of a help text."""


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """The options that decide what a graph computes."""
    parser.add_argument(
        "--checkpoint",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder with config.json and model.safetensors or pytorch_model.bin, whole or in shards, for a bundle tokenizer.json too; or of "
        "an Hourglass language model, also config.gin with model.pkl.gz, or checkpoint_last.pt; its bundle.json gives defaults",
    )
    parser.add_argument(
        "--task",
        choices=["embedding"],
        help="leave out the checkpoint's head and give the pooled vector of each document (default: what the head answers)",
    )
    parser.add_argument(
        "--pooling",
        choices=[*POOLINGS, *(pooling for pooling in SEGMENT_POOLINGS if pooling not in POOLINGS)],
        help="of segment heads of a HAT (default: config.json's, else last for multiple choice, else max); of an encoder, of the logits of "
        "segments: max, mean or logsumexp (default: max of labels that may hold together, else mean)",
    )
    parser.add_argument(
        "--segment-length",
        type=int,
        metavar="TOKENS",
        help="of an encoder: the most tokens of a segment, those that begin and end it included (default: as many as it can read, or as "
        "model_max_length in tokenizer_config.json says)",
    )
    parser.add_argument("--pad-segment", choices=PAD_SEGMENTS, help="see below")
    parser.add_argument("--segment-positions", action=argparse.BooleanOptionalAction, help="see below (default: on)")
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="fp32",
        help="to compute in: fp32; fp16 for CUDA; int8 for CPUs (default: fp32)",
    )
    parser.add_argument(
        "--calibration",
        type=Path,
        metavar="FILE.jsonl",
        help='for int8: some 30 typical documents, {"text"} per line, to find ranges on (default: the golden inputs)',
    )
    parser.add_argument(
        "--weights",
        dest="storage",
        choices=STORAGES,
        default="fp32",
        help="int8 makes the file four times smaller; arithmetic stays fp32 (default: fp32)",
    )


def hourglass_of(options: argparse.Namespace) -> HourglassCheckpoint:
    """Read the Hourglass checkpoint asked for.

    Raises:
        ExportError: if it cannot be used, or options were given that are for HAT models alone.
    """
    foreign = [f"--{name}" for name in ("task", "pooling") if getattr(options, name) is not None]
    if foreign:
        raise ExportError(
            "options",
            [f"{name} is for HAT models, and this checkpoint holds an Hourglass model: leave it out" for name in foreign],
        )
    return read_hourglass(options.checkpoint)


def checkpoint_of(options: argparse.Namespace) -> Checkpoint:
    """Read the HAT checkpoint asked for; what a person should know of it goes to standard error."""
    problems = []
    if options.pooling is not None and options.pooling not in POOLINGS:
        problems.append(f"--pooling {options.pooling} is for ordinary encoders; of a HAT expected one of {', '.join(POOLINGS)}")
    if options.segment_length is not None:
        problems.append(
            "--segment-length is for ordinary encoders, and config.json says how long a HAT's segments are: leave it out"
        )
    if problems:
        raise ExportError("options", problems)
    checkpoint = read_checkpoint(options.checkpoint, pooling=options.pooling, embedding=options.task == "embedding")
    _print_notes(checkpoint.notes)
    config = checkpoint.config
    if config.pooling == "last" and config.segment_length != 128:
        print(
            f"note: last pooling reads the head of the last of the N segments; the original reads the token 128 from the end, "
            f"which is that head only for segments of 128 tokens, and here they have {config.segment_length}",
            file=sys.stderr,
        )
    return checkpoint


def encoder_of(options: argparse.Namespace) -> EncoderCheckpoint:
    """Read the encoder's checkpoint asked for; what a person should know of it goes to standard error.

    Raises:
        ExportError: if it cannot be used, or options were given that are for HAT models alone.
    """
    if options.task is not None:
        raise ExportError("options", ["--task is for HAT models, and this checkpoint holds an ordinary encoder: leave it out"])
    length = given_segment_length(options.checkpoint, flags_of(options))
    checkpoint = read_encoder(options.checkpoint, segment_length=length)
    _print_notes(checkpoint.notes)
    return checkpoint


def _print_notes(notes: Sequence[str]) -> None:
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


def flags_of(options: argparse.Namespace) -> Flags:
    """What the command line says, as far as a command has the options."""
    given = vars(options)
    return Flags(**{field.name: given[field.name] for field in fields(Flags) if field.name in given})


def print_agreement(agreement: Agreement, flags: Flags) -> None:
    """Say how well a graph agrees, and what rounding moved."""
    what = "the same rounding in float32" if flags.precision == "int8" else "the reference computation"
    print(f"✓ agrees with {what} on {agreement.documents} documents to {agreement.deviation:.1e}")
    rounded = [f"{flags.precision} arithmetic"] if flags.precision != "fp32" else []
    rounded += [f"{flags.storage} weights"] if flags.storage != "fp32" else []
    if rounded:
        print(f"  {' and '.join(rounded)} moved their answers by at most {agreement.effect:.1e}")
