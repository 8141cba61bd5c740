"""Which texts train, which tune, which are held out: ``python -m onnx_export split --data FILE.jsonl --output DIR``.

Writes ``train.jsonl``, ``validation.jsonl`` and ``test.jsonl``. ``train`` and ``baseline`` split by themselves, and in the same way
if they are given the same shares and seed; this command is for those who want to look at exactly those texts, such as to score
the held-out ones with a bundle.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from onnx_export.arguments import Arguments
from onnx_export.commands.split_options import add_split_options, read_split
from onnx_export.problems import sentence
from onnx_export.train.labelled_texts import write_labelled_texts


def main(arguments: Sequence[str]) -> int:
    parser = Arguments.of_command("split", __doc__)
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
    return 0
