"""How often a clause loses its score because of what else is in its segment, and whether cutting texts more than once helps.

python -m onnx_export company --data contracts.jsonl.gz --checkpoint work/measured
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from onnx_export.arguments import Arguments
from onnx_export.commands.split_options import add_split_options, read_split
from onnx_export.problems import ExportError, sentence
from onnx_export.train.company import Company, read_recipe, report_clauses, report_cuts
from onnx_export.train.corpus import Corpus
from onnx_export.train.held_out import Scored, Tuned
from onnx_export.train.labelled_texts import label_names
from onnx_export.train.start import Start, model_for


def main(arguments: Sequence[str]) -> int:
    parser = Arguments.of_command("company", __doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder of a training that held texts out")
    add_split_options(parser)
    options = parser.parse_args(arguments)
    try:
        recipe = read_recipe(options.checkpoint)
        split = read_split(options)
        start = Start.read(options.checkpoint, recipe)
        labels = label_names([*split.train, *split.validation, *split.test])
        model, _ = model_for(start, recipe, labels)
        texts = [*split.validation, *split.test]
        company = Company(model, recipe, Corpus(texts, labels, start.tokenizer, recipe, start.cls_id), texts)
    except (ExportError, OSError, ValueError) as error:
        sys.exit(sentence(error))
    with torch.no_grad():
        usual = company.logits(company.corpus.of(texts))
        truth = np.stack([company.corpus.documents[text.id].truth for text in texts])
        tuned = Tuned.on(Scored(np.stack([rows.max(axis=0) for rows in usual]), truth))
        report_clauses(company, usual, tuned)
        report_cuts(company, usual)
    return 0
