"""How well a language model tells clean texts from garbled ones: ``python -m onnx_export separation --bundle DIR --data FILE``.

Texts that a training with the same ``--data`` and ``--held-out`` has not learned from are garbled in a dozen ways, the same every time.
For each way the table says how often a garbled text has more than a clean one (AUROC), by surprise and by bits per byte, for passages
and for whole texts. Below it stand the surprises that few of the clean texts exceed, from which thresholds are chosen.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from onnx_export.arguments import Arguments
from onnx_export.bundle.manifest import read_manifest
from onnx_export.bundle.symbol_reader import SymbolReader
from onnx_export.evaluate.separation import PASSAGE, BitsOf, Separation, passages, separations, surprise, worst_surprise
from onnx_export.problems import ExportError, sentence
from onnx_export.train.clean_texts import CleanTexts, read_clean_texts

_TAILS = (0.05, 0.02, 0.01, 0.005)


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        bits_of = BitsOf(_reader(options.bundle))
        texts = [text.decode("utf-8", "replace") for text in CleanTexts.read(options.data, options.held_out).held_out]
        random.Random(1).shuffle(texts)  # sources come one after another
        others = [text.text.decode("utf-8", "replace") for path in options.other_languages for text in read_clean_texts(path)]
        pieces = passages(texts, options.passages, PASSAGE)
        long = [text for text in texts if len(text) >= PASSAGE][: options.texts]
        foreign = passages(others, len(pieces), PASSAGE) if others else []
    except (ExportError, OSError, ValueError) as error:
        sys.exit(sentence(error))
    measured = texts[: options.texts]
    clean = {text: bits_of(text) for text in dict.fromkeys([*pieces, *long, *measured])}
    of_passages = separations({piece: clean[piece] for piece in pieces}, bits_of, foreign)
    foreign_texts = [text for text in others if len(text) >= PASSAGE][: options.texts]
    of_texts = separations({text: clean[text] for text in long}, bits_of, foreign_texts)
    _print_table(len(pieces), of_passages, len(long), of_texts)
    _print_tails("passages", [surprise(clean[piece]) for piece in pieces])
    _print_tails("texts", [surprise(clean[text]) for text in measured])
    _print_tails("texts, by their worst passage", [worst_surprise(clean[text]) for text in measured])
    return 0


def _reader(folder: Path) -> SymbolReader:
    manifest = read_manifest(folder)
    if manifest["task"] != "language-model":
        raise ExportError(str(folder), [f"task is {manifest['task']}, expected language-model"])
    return SymbolReader(folder, manifest)


def _print_table(passages: int, of_passages: Mapping[str, Separation], texts: int, of_texts: Mapping[str, Separation]) -> None:
    print(f"AUROC of {passages} passages of {PASSAGE} characters and of {texts} whole texts, clean and garbled\n")
    print("| | passages, by surprise | by bits per byte | texts, by surprise | by bits per byte | median bits per byte |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, of_passage in of_passages.items():
        of_text = of_texts[name]
        print(
            f"| {name} | {of_passage.by_surprise:.4f} | {of_passage.by_bits:.4f} | {of_text.by_surprise:.4f} | "
            f"{of_text.by_bits:.4f} | {of_passage.median_bits:.2f} |"
        )


def _print_tails(what: str, clean: Sequence[float]) -> None:
    tails = ", ".join(f"{100 * tail:g} % have more than {np.quantile(clean, 1 - tail):.4f}" for tail in _TAILS)
    print(f"\nSurprise of {len(clean)} clean {what}: {tails}")


def _parser() -> Arguments:
    parser = Arguments.of_command("separation", __doc__)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a bundle of a language model")
    parser.add_argument(
        "--data", type=Path, action="append", required=True, help="clean texts, as train-language-model takes them"
    )
    parser.add_argument("--held-out", type=float, default=0.05, help="share of them, as in the training (default: %(default)s)")
    parser.add_argument(
        "--other-languages",
        type=Path,
        action="append",
        default=[],
        metavar="DATA",
        help="texts in languages it was not trained on",
    )
    parser.add_argument("--passages", type=int, default=400, help="default: %(default)s")
    parser.add_argument(
        "--texts", type=int, default=100, help="most whole texts held out that are measured (default: %(default)s)"
    )
    return parser
