"""The simplest thing that could do the same: ``python -m onnx_export baseline --data FILE.jsonl --output FILE.json``.

A model of words alone (``train/lexical.py``); a document's score for a label is the maximum over its pieces. Where texts have labels without
spans, it reads whole texts. Split and metrics are those of ``train`` (give the same shares and seed), so the two can be compared line by
line.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from onnx_export.arguments import Arguments
from onnx_export.commands.split_options import add_split_options, read_split
from onnx_export.train.held_out import HeldOut, Report, Scored, probabilities
from onnx_export.train.labelled_texts import LabelledText, label_names
from onnx_export.train.lexical import LexicalModel, pieces_of
from onnx_export.train.metrics import document_metrics

FIXED_THRESHOLD = 0.2


def main(arguments: Sequence[str]) -> int:
    parser = Arguments.of_command("baseline", __doc__)
    parser.add_argument("--output", type=Path, required=True, help="JSON file for the metrics")
    parser.add_argument(
        "--characters", action="store_true", help="look at runs of characters, too: for texts that people spell as they like"
    )
    add_split_options(parser)
    options = parser.parse_args(arguments)
    try:
        split = read_split(options)
    except (OSError, ValueError) as error:
        sys.exit(f"--data: {error}")
    labels = label_names([*split.train, *split.validation, *split.test])

    print(f"learning from the words of {len(split.train)} documents; some minutes for some hundred long ones", flush=True)
    begun = time.monotonic()
    whole = any(text.unplaced for text in [*split.train, *split.validation, *split.test])
    model = LexicalModel.fit([pieces_of(text, labels, whole=whole) for text in split.train], characters=options.characters)
    print(f"{model.weights.shape[1]} features, {time.monotonic() - begun:.0f} s", flush=True)

    def scored(texts: Sequence[LabelledText]) -> Scored:
        truth = np.array([[label in text.labels for label in labels] for text in texts])
        return Scored(np.stack([model.logits(pieces_of(text, labels, whole=whole)[0]).max(axis=0) for text in texts]), truth)

    held_out = HeldOut(labels, scored(split.validation), scored(split.test))
    test = held_out.test
    fixed = document_metrics(labels, [FIXED_THRESHOLD] * len(labels), probabilities(test.logits), test.truth)
    tuned = Report.of(held_out)
    print(f"threshold {FIXED_THRESHOLD}: micro-F1 {fixed.micro_f1:.3f}, macro-F1 {fixed.macro_f1:.3f}")
    print("calibrated and tuned as the model:")
    for line in tuned.lines():
        print(line)
    summary = {"test_documents": len(split.test), "fixed_threshold": asdict(fixed), "tuned_thresholds": tuned.as_json()}
    options.output.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    return 0
