"""The same options with the same defaults for every command that splits texts."""

from __future__ import annotations

import argparse
from pathlib import Path

from onnx_export.train.labelled_texts import read_labelled_texts
from onnx_export.train.split import Split, split_by_group


def add_split_options(parser: argparse.ArgumentParser) -> None:
    """Where the texts are, and which of them go where."""
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
