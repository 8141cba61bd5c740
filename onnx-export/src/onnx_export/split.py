"""Which texts train, which tune, which are held out: ``python -m onnx_export.split --data FILE.jsonl --output DIR``.

Writes ``train.jsonl``, ``validation.jsonl`` and ``test.jsonl``. ``train.py`` and ``baseline.py`` split by themselves, and in
the same way if they are given the same shares and seed; this command is for whoever wants to look at exactly those texts,
such as to score the held-out ones with a bundle.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from onnx_export.arguments import Arguments
from onnx_export.labelled_texts import LabelledText, read_labelled_texts, write_labelled_texts
from onnx_export.problems import sentence


@dataclass(frozen=True)
class Split:
    train: list[LabelledText]
    validation: list[LabelledText]
    test: list[LabelledText]


def split_by_group(texts: Sequence[LabelledText], *, validation: float, test: float, seed: int) -> Split:
    """Put whole groups at random into the test split, then validation, until each holds its share of the texts.

    Raises:
        ValueError: if a split would be empty, or none to train on carried a label.
    """
    by_group: dict[str, list[LabelledText]] = {}
    for text in texts:
        by_group.setdefault(text.group, []).append(text)
    groups = sorted(by_group)
    random.Random(seed).shuffle(groups)
    parts: dict[str, list[LabelledText]] = {"test": [], "validation": [], "train": []}
    for group in groups:
        if len(parts["test"]) < test * len(texts):
            parts["test"] += by_group[group]
        elif len(parts["validation"]) < validation * len(texts):
            parts["validation"] += by_group[group]
        else:
            parts["train"] += by_group[group]
    empty = [name for name, part in parts.items() if not part]
    if empty:
        raise ValueError(
            f"{len(texts)} texts in {len(groups)} groups leave nothing for {', '.join(empty)} "
            f"(shares: validation {validation}, test {test}); give more groups or other shares"
        )
    if not any(text.labels for text in parts["train"]):
        raise ValueError("no text to train on has a label; expected some with 'clauses' or 'labels'")
    return Split(**parts)


def add_split_options(parser: argparse.ArgumentParser) -> None:
    """The same options with the same defaults for every command that splits."""
    parser.add_argument(
        "--data", type=Path, required=True, help="JSON lines (.jsonl or .jsonl.gz): id, text, clauses or labels, group"
    )
    parser.add_argument("--validation", type=float, default=0.12, help="share of the texts that tunes thresholds (default 0.12)")
    parser.add_argument("--test", type=float, default=0.15, help="share of the texts held out for the report (default 0.15)")
    parser.add_argument("--seed", type=int, default=7, help="of the split and of training (default 7)")


def read_split(options: argparse.Namespace) -> Split:
    """The split that the options of :func:`add_split_options` ask for.

    Raises:
        OSError, ValueError: the texts cannot be read or split; the message is a sentence for a person.
    """
    texts = read_labelled_texts(options.data)
    return split_by_group(texts, validation=options.validation, test=options.test, seed=options.seed)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = Arguments(prog="python -m onnx_export.split", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--output", type=Path, required=True, help="folder for the three files")
    add_split_options(parser)
    options = parser.parse_args(arguments)
    try:
        split = read_split(options)
    except (OSError, ValueError) as error:
        sys.exit(f"--data: {sentence(error)}")
    options.output.mkdir(parents=True, exist_ok=True)
    for name, part in vars(split).items():
        path = options.output / f"{name}.jsonl"
        write_labelled_texts(path, part)
        print(f"{path}: {len(part)} texts in {len({text.group for text in part})} groups")


if __name__ == "__main__":
    main()
