"""The simplest thing that could do the same: ``python -m onnx_export.baseline --data FILE.jsonl --output FILE.json``.

TF-IDF of words and bigrams and one logistic regression per label, on windows of 90 words; a document's score for a label
is the maximum over its windows. Split and metrics are those of ``train.py`` (give the same shares and seed), so the two can be compared line by line.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onnx_export.labelled_texts import LabelledText, label_names
from onnx_export.metrics import document_metrics, tune_thresholds
from onnx_export.split import add_split_options, read_split

WINDOW_WORDS = 90
FIXED_THRESHOLD = 0.2

_WORD = re.compile(r"\S+")


def windows_of(text: LabelledText, labels: Sequence[str]) -> tuple[list[str], NDArray[np.bool_]]:
    """The text's windows and, bool [windows, C], which labels each holds."""
    words = [match.span() for match in _WORD.finditer(text.text)]
    pieces: list[str] = []
    targets: list[NDArray[np.bool_]] = []
    for first in range(0, len(words), WINDOW_WORDS):
        start, end = words[first][0], words[min(first + WINDOW_WORDS, len(words)) - 1][1]
        held = text.labels_within(start, end)
        pieces.append(text.text[start:end])
        targets.append(np.array([label in held for label in labels]))
    return pieces, np.array(targets).reshape(len(pieces), len(labels))


def main(arguments: Sequence[str] | None = None) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    parser = argparse.ArgumentParser(prog="python -m onnx_export.baseline", description=__doc__.split("\n\n")[0])
    parser.add_argument("--output", type=Path, required=True, help="JSON file for the metrics")
    add_split_options(parser)
    options = parser.parse_args(arguments)
    try:
        split = read_split(options)
    except (OSError, ValueError) as error:
        sys.exit(f"--data: {error}")
    labels = label_names([*split.train, *split.validation, *split.test])

    train = [windows_of(text, labels) for text in split.train]
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True)
    features = vectorizer.fit_transform([piece for pieces, _ in train for piece in pieces])
    targets = np.concatenate([target for _, target in train])
    print(f"{features.shape[0]} windows of {len(split.train)} documents, {features.shape[1]} features", flush=True)

    held_out = {"validation": split.validation, "test": split.test}
    cut = {name: [windows_of(text, labels)[0] for text in part] for name, part in held_out.items()}
    vectors = {name: vectorizer.transform([p for pieces in parts for p in pieces]) for name, parts in cut.items()}
    scores = {name: np.zeros((vector.shape[0], len(labels)), np.float32) for name, vector in vectors.items()}
    begun = time.monotonic()
    for i, label in enumerate(labels):
        if targets[:, i].any():
            model = LogisticRegression(solver="liblinear", C=10.0, max_iter=200).fit(features, targets[:, i])
            for name, vector in vectors.items():
                scores[name][:, i] = model.predict_proba(vector)[:, 1]
        print(f"{i + 1}/{len(labels)} {label}, {time.monotonic() - begun:.0f} s", flush=True)

    documents = {}
    for name, parts in cut.items():
        ends = np.cumsum([len(pieces) for pieces in parts])
        best = np.stack([part.max(axis=0) for part in np.split(scores[name], ends[:-1])])
        truth = np.array([[label in text.labels for label in labels] for text in held_out[name]])
        documents[name] = (best, truth)
    fixed = document_metrics(labels, [FIXED_THRESHOLD] * len(labels), *documents["test"])
    tuned = document_metrics(labels, tune_thresholds(*documents["validation"]), *documents["test"])
    print(f"threshold {FIXED_THRESHOLD}: micro-F1 {fixed.micro_f1:.3f}, macro-F1 {fixed.macro_f1:.3f}")
    print(f"thresholds tuned as the model's: micro-F1 {tuned.micro_f1:.3f}, macro-F1 {tuned.macro_f1:.3f}")
    summary = {"test_documents": len(split.test), "fixed_threshold": asdict(fixed), "tuned_thresholds": asdict(tuned)}
    options.output.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
