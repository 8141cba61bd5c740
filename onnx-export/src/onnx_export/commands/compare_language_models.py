"""Language models side by side: ``python -m onnx_export compare-language-models CHECKPOINT…``.

Prints a table of what each reads, computes, takes and predicts. Times are those of ONNX Runtime on one thread of this machine, the models
by turns.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from onnx_export.arguments import Arguments
from onnx_export.evaluate.language_models import Trained, draw, milliseconds_per_kilobyte, table
from onnx_export.problems import ExportError, sentence


def main(arguments: Sequence[str]) -> int:
    parser = Arguments.of_command("compare-language-models", __doc__)
    parser.add_argument(
        "checkpoints", type=Path, nargs="+", metavar="CHECKPOINT", help="folder that train-language-model has filled"
    )
    parser.add_argument(
        "--picture",
        type=Path,
        metavar="FILE.svg",
        help="also draw bits per byte over operations and over time (needs matplotlib)",
    )
    options = parser.parse_args(arguments)
    try:
        models = [Trained.read(folder) for folder in options.checkpoints]
    except (ExportError, OSError, ValueError) as error:
        sys.exit(sentence(error))
    milliseconds = milliseconds_per_kilobyte(models)
    for line in table(models, milliseconds):
        print(line)
    if options.picture:
        draw(models, milliseconds, options.picture)
    return 0
