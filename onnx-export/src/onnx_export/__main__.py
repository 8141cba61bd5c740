"""The command line: ``python -m onnx_export graph | bundle | verify``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import onnx_export
from onnx_export.agreement import Agreement
from onnx_export.arguments import Arguments
from onnx_export.bundle import (
    CLEANINGS,
    SEGMENTERS,
    TOKENIZATIONS,
    Flags,
    build_checked,
    given_segmenter,
    graph_settings,
    resolve_settings,
    write_atomically,
    write_bundle,
)
from onnx_export.checkpoint import Checkpoint, file_sha256, read_checkpoint
from onnx_export.config import PAD_SEGMENTS, POOLINGS
from onnx_export.json_files import read_json_object
from onnx_export.manifest import MANIFEST
from onnx_export.precision import PRECISIONS, precision_problems
from onnx_export.problems import ExportError, sentence
from onnx_export.storage import STORAGES
from onnx_export.unpack import unpack
from onnx_export.verify import checks, promises

_MODEL_OPTIONS = """\
Scores depend on two things that a checkpoint does not say:

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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 if it succeeded, 1 if a checkpoint or bundle has problems, which are printed."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except ExportError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(sentence(error), file=sys.stderr)
        return 1
    return code


def _graph(options: argparse.Namespace) -> int:
    if options.output.is_dir():
        raise ExportError(str(options.output), ["is a folder, expected a file to write, such as model.onnx in it"])
    checkpoint = _checkpoint(options)
    pad_segment, segment_positions = graph_settings(options.checkpoint, checkpoint, _flags(options))
    if problems := precision_problems(options.precision, options.weights, options.calibration):
        raise ExportError("options", problems)
    model, agreement = build_checked(
        options.checkpoint,
        checkpoint,
        pad_segment=pad_segment,
        segment_positions=segment_positions,
        storage=options.weights,
        precision=options.precision,
        calibration=options.calibration,
        segmenter=given_segmenter(options.checkpoint),
    )
    write_atomically(options.output, model)
    print(f"{options.output}: {len(model) / 1e6:.1f} MB")
    _print_agreement(agreement, options)
    return 0


def _bundle(options: argparse.Namespace) -> int:
    checkpoint = _checkpoint(options)
    settings = resolve_settings(options.checkpoint, checkpoint, _flags(options))
    agreement = write_bundle(options.checkpoint, checkpoint, settings, options.output)
    print(f"{options.output}: written")
    _print_agreement(agreement, options)
    return _print_verification(options.output)


def _verify(options: argparse.Namespace) -> int:
    return _print_verification(options.bundle)


def _unpack(options: argparse.Namespace) -> int:
    agreement = unpack(options.bundle, options.output)
    print(f"{options.output}: written")
    print(
        f"✓ the reference computation on it agrees with the bundle on {agreement.documents} documents to {agreement.deviation:.1e}"
    )
    return 0


def _print_agreement(agreement: Agreement, options: argparse.Namespace) -> None:
    what = "the same rounding in float32" if options.precision == "int8" else "the reference computation"
    print(f"✓ agrees with {what} on {agreement.documents} documents to {agreement.deviation:.1e}")
    rounded = [f"{options.precision} arithmetic"] if options.precision != "fp32" else []
    rounded += [f"{options.weights} weights"] if options.weights != "fp32" else []
    if rounded:
        print(f"  {' and '.join(rounded)} moved their logits by at most {agreement.effect:.1e}")


def _print_verification(folder: Path) -> int:
    passed = True
    for check in checks(folder):
        if check.name == "manifest" and check.passed:
            print(promises(read_json_object(folder / MANIFEST)))
            print(f"Digest {file_sha256(folder / MANIFEST)}.\n")
        print(check)
        passed = passed and check.passed
    print("the bundle keeps its promises" if passed else "the bundle does not keep its promises")
    return 0 if passed else 1


def _checkpoint(options: argparse.Namespace) -> Checkpoint:
    checkpoint = read_checkpoint(options.checkpoint, pooling=options.pooling, embedding=options.task == "embedding")
    for note in checkpoint.notes:
        print(f"note: {note}", file=sys.stderr)
    config = checkpoint.config
    if config.pooling == "last" and config.segment_length != 128:
        print(
            f"note: last pooling reads the head of the last of the N segments; the original reads the token 128 from the end, "
            f"which is that head only for segments of 128 tokens, and here they have {config.segment_length}",
            file=sys.stderr,
        )
    return checkpoint


def _flags(options: argparse.Namespace) -> Flags:
    given = vars(options)
    return Flags(
        name=given.get("name"),
        version=given.get("version"),
        thresholds=given.get("thresholds"),
        metrics=given.get("metrics"),
        cleaning=given.get("cleaning"),
        tokenization=given.get("tokenization"),
        segmenter=given.get("segmenter"),
        window_overlap=given.get("window_overlap"),
        pad_segment=options.pad_segment,
        segment_positions=options.segment_positions,
        storage=options.weights,
        precision=options.precision,
        calibration=options.calibration,
        model_card=given.get("model_card"),
        golden=given.get("golden"),
    )


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(prog="python -m onnx_export", description=onnx_export.__doc__)
    commands = parser.add_subparsers(required=True, metavar="graph|bundle|verify|unpack")
    raw = argparse.RawDescriptionHelpFormatter

    graph = commands.add_parser("graph", help="write the packed ONNX graph alone", epilog=_MODEL_OPTIONS, formatter_class=raw)
    graph.set_defaults(command=_graph)
    graph.add_argument("--output", type=Path, required=True, metavar="model.onnx", help="file to write")
    _add_model_options(graph)

    bundle = commands.add_parser("bundle", help="write a bundle folder and verify it", epilog=_MODEL_OPTIONS, formatter_class=raw)
    bundle.set_defaults(command=_bundle)
    bundle.add_argument("--output", type=Path, required=True, metavar="BUNDLE_DIR", help="folder to write; replaces a bundle")
    _add_model_options(bundle)
    bundle.add_argument("--segmenter", choices=SEGMENTERS, help="how texts are cut (default: sentence)")
    bundle.add_argument("--cleaning", choices=CLEANINGS, help="pdf repairs what extractors leave of a page (default: none)")
    bundle.add_argument(
        "--tokenization",
        choices=TOKENIZATIONS,
        help="the whole text at once, or each sentence alone as the original HATTokenizer does (default: per-sentence where the checkpoint "
        "names that tokenizer, else whole-text)",
    )
    bundle.add_argument("--window-overlap", type=int, metavar="SEGMENTS", help="shared by neighbouring windows (default: N // 4)")
    bundle.add_argument("--name", help="model name (default: the checkpoint folder's)")
    bundle.add_argument("--version", help="model version (default: 1)")
    bundle.add_argument(
        "--thresholds",
        type=Path,
        metavar="FILE.json",
        help="{label: threshold} (default: 0.5 each; of N labels that exclude each other 1/N, so that the best one is present)",
    )
    bundle.add_argument("--metrics", type=Path, metavar="FILE.json", help="what was measured, kept as provenance")
    bundle.add_argument("--model-card", type=Path, metavar="FILE.md", help="becomes README.md (default: MODEL_CARD.md)")
    bundle.add_argument(
        "--golden",
        type=Path,
        metavar="FILE.jsonl",
        help='inputs to replay at open, {"id", "text"} per line (default: golden-inputs.jsonl)',
    )

    verify = commands.add_parser("verify", help="check that a bundle keeps its promises; exit code 1 if not")
    verify.set_defaults(command=_verify)
    verify.add_argument("bundle", type=Path, metavar="BUNDLE_DIR")

    back = commands.add_parser(
        "unpack", help="turn an fp32 bundle back into a checkpoint, to export it in another precision or train it on"
    )
    back.set_defaults(command=_unpack)
    back.add_argument("bundle", type=Path, metavar="BUNDLE_DIR")
    back.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="folder to write, which does not exist yet or is empty"
    )
    return parser


def _add_model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--checkpoint",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder with config.json and model.safetensors or pytorch_model.bin, whole or in shards, for a bundle tokenizer.json too; its bundle.json "
        "gives defaults",
    )
    parser.add_argument(
        "--task",
        choices=["embedding"],
        help="leave out the checkpoint's head and give the pooled vector of each document (default: what the head answers)",
    )
    parser.add_argument(
        "--pooling", choices=POOLINGS, help="of segment heads (default: config.json's, else last for multiple choice, else max)"
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
        choices=STORAGES,
        default="fp32",
        help="int8 makes the file four times smaller; arithmetic stays fp32 (default: fp32)",
    )


if __name__ == "__main__":
    sys.exit(main())
