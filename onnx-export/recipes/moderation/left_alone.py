"""How much ordinary text a bundle leaves alone: ``python left_alone.py BUNDLE FOLDER``, a folder of text files, paragraphs in them.

A paragraph ends with an empty line. Every one that gets a label is named by its file, its first words and its labels.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from onnx_export.bundle.classifier import Classifier


def paragraphs(folder: Path) -> Iterator[tuple[str, str]]:
    """Name of the file and text, less its line breaks, of each paragraph."""
    for path in sorted(folder.glob("*.txt")):
        for paragraph in path.read_text(encoding="utf-8").split("\n\n"):
            yield path.name, " ".join(paragraph.split())


def labels_of(classifier: Classifier, text: str) -> list[str]:
    """The labels that a text gets, by the bundle's own thresholds."""
    scores = classifier.score(classifier.cut(text)).document
    labels = classifier.manifest["labels"]
    return [label["name"] for label, score in zip(labels, scores, strict=True) if score >= label["threshold"]]


def main(bundle: Path, folder: Path) -> None:
    classifier = Classifier(bundle, json.loads((bundle / "manifest.json").read_text(encoding="utf-8")))
    texts = list(paragraphs(folder))
    labelled = [(file, text, labels) for file, text in texts if (labels := labels_of(classifier, text))]
    for file, text, labels in labelled:
        print(f"{file}: {text[:60]}…: {', '.join(labels)}")
    print(f"{len(labelled)} of {len(texts)} paragraphs ({100 * len(labelled) / len(texts):.1f} %) get a label")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: left_alone.py BUNDLE FOLDER")
    main(*map(Path, sys.argv[1:]))
