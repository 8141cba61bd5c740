"""From clean texts to an Hourglass language model: ``python -m onnx_export train-language-model --data FILE --output CHECKPOINT``.

Trains trax's structure (``train/hourglass_torch.py``) on the bytes of texts. ``--config`` is a JSON file with the model's
hyperparameters as the original names them, such as ``{"d_model": 128, "vanilla_layers": [1, 1], "hierarchy": "4@4"}``.

Training that was cut off goes on after its last measurement, of which there are up to forty, when it is started again with the same
options.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import get_args

from onnx_export.arguments import Arguments
from onnx_export.commands.device_option import add_device_option, device_of
from onnx_export.hourglass.config import BYTES, HourglassConfig
from onnx_export.hourglass.trax import hyperparameters, read_trax_config
from onnx_export.json_files import read_json_object
from onnx_export.problems import ExportError, sentence
from onnx_export.train.clean_texts import CleanTexts
from onnx_export.train.language_recipe import LanguageRecipe, megabytes_for
from onnx_export.train.language_training import LanguageTraining
from onnx_export.train.recipe import MixedPrecision
from onnx_export.train.training import check_same_training


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    device = device_of(options.device)
    try:
        recipe = LanguageRecipe(**{field.name: vars(options)[field.name] for field in fields(LanguageRecipe)})
        config = _config(options.config)
        if options.teraflop is not None:
            recipe = replace(recipe, megabytes=megabytes_for(options.teraflop, config, recipe.window_length))
        texts = CleanTexts.read(options.data, recipe.held_out)
        options.output.mkdir(parents=True, exist_ok=True)
        fixed = asdict(recipe) | {"model": hyperparameters(config), "texts_sha256": texts.sha256}
        check_same_training(options.output, fixed)
    except (OSError, ValueError, ExportError) as error:
        sys.exit(sentence(error))
    print(
        f"{config.layout} of width {config.width}; {sum(map(len, texts.learned)) / 1e6:.1f} MB of {len(texts.learned)} texts to learn "
        f"from, {sum(map(len, texts.held_out)) / 1e6:.1f} MB of {len(texts.held_out)} held out, on {device}",
        flush=True,
    )
    metrics = LanguageTraining(config, recipe, texts, options.output, device).run()
    print(
        f"{metrics['bits_per_byte']:.3f} bits per byte on texts held out, {metrics['bits_per_byte_with_context']:.3f} with half a "
        f"window of context; {metrics['parameters']:,} parameters, {metrics['training_minutes']:.0f} min"
    )
    return 0


def _config(path: Path) -> HourglassConfig:
    config, problems = read_trax_config({"vocab_size": BYTES, **read_json_object(path)})
    if not config.causal or config.vocabulary_size != BYTES:
        problems.append(f"expected a language model over {BYTES} bytes: model HourglassLM, vocab_size {BYTES}")
    if problems:
        raise ExportError(str(path), problems)
    return config


def _parser() -> Arguments:
    parser = Arguments.of_command("train-language-model", __doc__)
    parser.add_argument("--output", type=Path, required=True, help="checkpoint folder; also holds the state to go on from")
    parser.add_argument(
        "--data",
        type=Path,
        action="append",
        required=True,
        help="text file, file with a JSON object with text per line, or folder of such files; may be given several times",
    )
    parser.add_argument("--config", type=Path, required=True, help="the model's hyperparameters, as trax names them")
    for field in fields(LanguageRecipe):
        name, default = "--" + field.name.replace("_", "-"), field.default
        choices = get_args(MixedPrecision) if field.name == "mixed_precision" else None
        parser.add_argument(name, type=type(default), default=default, choices=choices, help="default: %(default)s")
    parser.add_argument(
        "--teraflop",
        type=float,
        help="in place of --megabytes, as much text as so many 10^12 floating-point operations pay for, so that models of different "
        "cost can be compared",
    )
    add_device_option(parser)
    return parser
