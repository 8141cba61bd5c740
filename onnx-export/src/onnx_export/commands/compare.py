"""Trainings side by side: ``python -m onnx_export compare CHECKPOINT…``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from onnx_export.arguments import Arguments
from onnx_export.problems import sentence
from onnx_export.train.compare import Trained, table


def main(arguments: Sequence[str]) -> int:
    parser = Arguments.of_command("compare", __doc__)
    parser.add_argument("checkpoints", type=Path, nargs="+", metavar="CHECKPOINT", help="folder of a training")
    options = parser.parse_args(arguments)
    try:
        trainings = [Trained.read(folder) for folder in options.checkpoints]
    except (OSError, ValueError) as error:
        sys.exit(sentence(error))
    for line in table(trainings):
        print(line)
    return 0
