"""The bundle of a checkpoint, written and verified: ``python -m onnx_export bundle --checkpoint DIR --output BUNDLE_DIR``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from onnx_export.arguments import Arguments
from onnx_export.bundle.encoder_settings import resolve_encoder_settings
from onnx_export.bundle.settings import resolve_settings
from onnx_export.bundle.symbol_settings import resolve_symbol_settings
from onnx_export.bundle.write import write_bundle
from onnx_export.commands.model_options import (
    TRAPS,
    add_model_options,
    checkpoint_of,
    encoder_of,
    flags_of,
    hourglass_of,
    print_agreement,
)
from onnx_export.commands.verify import print_verification
from onnx_export.export.architecture import architecture_of
from onnx_export.text.cleaning import CLEANINGS
from onnx_export.text.cutting import TOKENIZATIONS
from onnx_export.text.segmentation import SEGMENTERS


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    flags = flags_of(options)
    architecture = architecture_of(options.checkpoint)
    if architecture == "hourglass":
        model = hourglass_of(options)
        agreement = write_bundle(
            options.checkpoint, model, resolve_symbol_settings(options.checkpoint, model, flags), options.output
        )
    elif architecture == "encoder":
        encoder = encoder_of(options)
        agreement = write_bundle(
            options.checkpoint, encoder, resolve_encoder_settings(options.checkpoint, encoder, flags), options.output
        )
    else:
        checkpoint = checkpoint_of(options)
        settings = resolve_settings(options.checkpoint, checkpoint, flags)
        agreement = write_bundle(options.checkpoint, checkpoint, settings, options.output)
    print(f"{options.output}: written")
    print_agreement(agreement, flags)
    return print_verification(options.output)


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = Arguments.of_command("bundle", __doc__, epilog=TRAPS, formatter_class=raw)
    parser.add_argument("--output", type=Path, required=True, metavar="BUNDLE_DIR", help="folder to write; replaces a bundle")
    add_model_options(parser)
    parser.add_argument("--segmenter", choices=SEGMENTERS, help="how texts are cut (default: sentence)")
    parser.add_argument("--cleaning", choices=CLEANINGS, help="pdf repairs what extractors leave of a page (default: none)")
    parser.add_argument(
        "--tokenization",
        choices=TOKENIZATIONS,
        help="the whole text at once, or each sentence alone as the original HATTokenizer does (default: per-sentence where the checkpoint "
        "names that tokenizer, else whole-text)",
    )
    parser.add_argument(
        "--window-length",
        type=int,
        metavar="SYMBOLS",
        help="of a language model: how many it looks at together (default: as it was trained, else 512)",
    )
    parser.add_argument(
        "--window-overlap",
        type=int,
        metavar="COUNT",
        help="segments, or symbols of a language model, shared by neighbouring windows (default: N // 4, or half a window)",
    )
    parser.add_argument(
        "--window-gap",
        type=int,
        metavar="SYMBOLS",
        help="of a language model, in place of --window-overlap: symbols between neighbouring windows that are not looked at",
    )
    parser.add_argument("--name", help="model name (default: the checkpoint folder's)")
    parser.add_argument("--version", help="model version (default: 1)")
    parser.add_argument(
        "--thresholds",
        type=Path,
        metavar="FILE.json",
        help="{label: threshold} (default: 0.5 each; of N labels that exclude each other 1/N, so that the best one is present; "
        "of a language model a surprise of 1 bit per byte)",
    )
    parser.add_argument("--metrics", type=Path, metavar="FILE.json", help="what was measured, kept as provenance")
    parser.add_argument("--model-card", type=Path, metavar="FILE.md", help="becomes README.md (default: MODEL_CARD.md)")
    parser.add_argument(
        "--golden",
        type=Path,
        metavar="FILE.jsonl",
        help='inputs to replay at open, {"id", "text"} per line (default: golden-inputs.jsonl)',
    )
    return parser
