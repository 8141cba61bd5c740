"""How much the scores of a bundle move when texts look as extractors leave them.

python -m onnx_export robustness --bundle deploy/bundles/contract-clauses --texts deploy/samples/0*.txt
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from onnx_export.arguments import Arguments
from onnx_export.bundle.classifier import Classifier
from onnx_export.bundle.manifest import read_manifest
from onnx_export.evaluate.robustness import PERTURBATIONS, Scorer, effect
from onnx_export.problems import ExportError, sentence


def main(arguments: Sequence[str]) -> int:
    parser = Arguments.of_command("robustness", __doc__)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a bundle that classifies")
    parser.add_argument("--texts", type=Path, nargs="+", required=True, help="clean texts in UTF-8, one a file")
    options = parser.parse_args(arguments)
    try:
        manifest = read_manifest(options.bundle)
        if manifest["architecture"] != "hat":
            raise ExportError(str(options.bundle), [f"architecture is {manifest['architecture']}, expected a bundle of a HAT"])
        if not manifest.get("labels"):
            raise ExportError(str(options.bundle), ["has no labels, expected a bundle that classifies"])
        texts = [path.read_text(encoding="utf-8") for path in options.texts]
    except (ExportError, OSError, ValueError) as error:
        sys.exit(sentence(error))
    scorer = Scorer(Classifier(options.bundle, manifest))
    print(f"{len(texts) * len(scorer.thresholds)} pairs of a text and a label\n")
    print("| perturbation | lost | gained | largest move | mean move |\n| --- | ---: | ---: | ---: | ---: |")
    for name, perturb in PERTURBATIONS.items():
        done = effect(scorer, texts, perturb)
        print(f"| {name} | {done.lost} | {done.gained} | {done.largest:.3f} | {done.mean:.4f} |", flush=True)
    return 0
