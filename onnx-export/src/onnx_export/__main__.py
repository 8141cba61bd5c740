"""The command line: ``python -m onnx_export COMMAND …``."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Mapping, Sequence

import onnx_export
from onnx_export.arguments import Arguments
from onnx_export.problems import ExportError, sentence

COMMANDS: Mapping[str, str] = {
    "graph": "write the packed ONNX graph alone",
    "bundle": "write a bundle folder and verify it",
    "verify": "check that a bundle keeps its promises; exit code 1 if not",
    "unpack": "turn an fp32 bundle back into a checkpoint, to export it in another precision or train it on",
    "train": "fine-tune a small HAT to tell which labels each segment carries",
    "train-language-model": "train an Hourglass language model on texts",
    "split": "write which texts a training learns from, tunes on and holds out",
    "baseline": "measure the simplest thing that could do the same",
    "compare": "show trainings side by side",
    "compare-language-models": "show language models side by side: bits per byte over what they compute and take",
    "company": "measure how often a clause loses its score because of what else is in its segment",
    "evaluate": "measure a bundle on annotated texts",
    "report": "show how good a trained model is and what to do next, as a page",
    "robustness": "measure how far scores move when texts look as extractors leave them",
    "separation": "measure how well a language model tells clean texts from garbled ones",
    "benchmark": "measure which of several bundles is faster",
}
"""By name, what each does; the module of this name in ``commands`` has its options."""

_OF_THE_EXTRA = ("torch", "sklearn", "joblib", "matplotlib", "jinja2")
"""What the extra ``train`` installs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 if it succeeded, 1 if a checkpoint or bundle has problems, which are printed."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    name = _parser().parse_args(words[:1]).command
    # Only now, so that a command needs no more than what it imports itself: training PyTorch, exporting not.
    try:
        command = importlib.import_module(module_of(name))
    except ModuleNotFoundError as error:
        if error.name not in _OF_THE_EXTRA:
            raise
        print(
            f"{name} needs packages that exporting does not ({error.name} is missing): pip install './onnx-export[train]'",
            file=sys.stderr,
        )
        return 1
    try:
        code: int = command.main(words[1:])
    except (ExportError, OSError) as error:
        print(sentence(error), file=sys.stderr)
        return 1
    return code


def module_of(command: str) -> str:
    return f"onnx_export.commands.{command.replace('-', '_')}"


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(prog="python -m onnx_export", description=onnx_export.__doc__)
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", title="commands, --help after one says more"
    )
    for name, help in COMMANDS.items():
        commands.add_parser(name, help=help, add_help=False)
    return parser


if __name__ == "__main__":
    sys.exit(main())
