"""What words alone tell: TF-IDF of words and bigrams and one logistic regression per label, on pieces of text.

The baseline that a model has to beat, and a teacher of models: what it thinks of a piece that it did not learn from says more
about rare words than the few documents that hold them. Where people spell as they like, runs of characters tell more than words.

Shapes: C labels, V features.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from onnx_export.train.labelled_texts import LabelledText

PIECE_WORDS = 50
STEP_WORDS = 25

_WORD = re.compile(r"\S+")


Pieces = tuple[list[str], NDArray[np.bool_]]
"""Of one text, and which labels each holds, [pieces, C]."""


def pieces_of(text: LabelledText, labels: Sequence[str], *, whole: bool = False) -> Pieces:
    """Overlapping pieces of 50 words; or the whole text, where labels of whole texts do not tell which piece carries them."""
    if whole:
        return [text.text], np.array([[label in text.labels for label in labels]])
    words = [match.span() for match in _WORD.finditer(text.text)]
    pieces: list[str] = []
    targets: list[list[bool]] = []
    for first in range(0, max(len(words) - PIECE_WORDS + STEP_WORDS, 1), STEP_WORDS):
        start, end = words[first][0], words[min(first + PIECE_WORDS, len(words)) - 1][1]
        held = text.labels_within(start, end)
        pieces.append(text.text[start:end])
        targets.append([label in held for label in labels])
    return pieces, np.array(targets, bool).reshape(len(pieces), len(labels))


@dataclass(frozen=True)
class LexicalModel:
    """``weights`` float32 [C, V], ``bias`` float32 [C]."""

    vectorizer: Any
    """Gives the features: those of words, then those of characters, if any."""
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    @staticmethod
    def fit(cut: Sequence[Pieces], *, characters: bool = False) -> LexicalModel:
        """One label after the other, as many at a time as there are cores; a label that no piece holds is never found.

        Args:
            cut: what to learn from.
            characters: whether runs of 2 to 5 characters within words are features, too.
        """
        vectorizer = _vectorizer([_words(), _characters()] if characters else [_words()])
        features = vectorizer.fit_transform([piece for pieces, _ in cut for piece in pieces])
        targets = np.concatenate([target for _, target in cut])
        # Once and here: scikit-learn would put them in order in place, in all fits at a time.
        features.sum_duplicates()
        # The more features, the less each of them should be trusted.
        fitted = Parallel(n_jobs=-1)(delayed(_fit)(features, target, 3.0 if characters else 20.0) for target in targets.T)
        weights, bias = zip(*fitted, strict=True)
        return LexicalModel(vectorizer, np.array(weights, np.float32), np.array(bias, np.float32))

    def logits(self, pieces: Sequence[str]) -> NDArray[np.float32]:
        """[pieces, C]"""
        return np.asarray(self.vectorizer.transform(pieces) @ self.weights.T + self.bias, np.float32)


def _fit(features: Any, target: NDArray[np.bool_], trust: float) -> tuple[NDArray[np.float64], float]:
    from sklearn.linear_model import LogisticRegression

    if not target.any():
        return np.zeros(features.shape[1]), -10.0
    model = LogisticRegression(solver="liblinear", C=trust, max_iter=200).fit(features, target)
    return model.coef_[0], float(model.intercept_[0])


def _vectorizer(parts: Sequence[Any]) -> Any:
    from sklearn.pipeline import FeatureUnion

    return FeatureUnion(list(zip(("words", "characters"), parts, strict=False)))


def _words(**fitted: Any) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(ngram_range=(1, 2), min_df=4, sublinear_tf=True, dtype=np.float32, **fitted)


def _characters(**fitted: Any) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=5, sublinear_tf=True, dtype=np.float32, **fitted)


class LexicalTeacher:
    """Models that each learned from all folds of the texts but one, so that each text has one that never saw it or its group."""

    FOLDS = 5

    def __init__(self, models: Sequence[LexicalModel], folds: dict[str, int], slope: float, offsets: NDArray[np.float32]) -> None:
        self._models, self._folds = models, folds
        self._slope, self._offsets = slope, offsets

    @staticmethod
    def of(
        texts: Sequence[LabelledText], labels: Sequence[str], folder: Path, seed: int, *, characters: bool = False
    ) -> LexicalTeacher:
        """Fit, or read from ``folder`` what was fitted there before; minutes for some hundred long texts."""
        groups = sorted({text.group for text in texts})
        random.Random(seed).shuffle(groups)
        fold_of = {group: i % LexicalTeacher.FOLDS for i, group in enumerate(groups)}
        whole = any(text.unplaced for text in texts)
        cut = {text.id: pieces_of(text, labels, whole=whole) for text in texts}
        models, logits, truth, begun = [], [], [], time.monotonic()
        for fold in range(min(LexicalTeacher.FOLDS, len(groups))):
            path = folder / f"teacher-{fold}.npz"
            if path.exists():
                model = _read(path)
            else:
                model = LexicalModel.fit([cut[text.id] for text in texts if fold_of[text.group] != fold], characters=characters)
                _write(model, path)
            models.append(model)
            for text in texts:
                if fold_of[text.group] == fold:
                    pieces, targets = cut[text.id]
                    logits.append(model.logits(pieces))
                    truth.append(targets)
            print(f"lexical teacher: {fold + 1}/{LexicalTeacher.FOLDS} folds, {time.monotonic() - begun:.0f} s", flush=True)
        slope, offsets = _calibration(np.concatenate(logits), np.concatenate(truth))
        return LexicalTeacher(models, {text.id: fold_of[text.group] for text in texts}, slope, offsets)

    def probabilities(self, pieces: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """[pieces, C], calibrated; a piece is a text's id and a part of that text."""
        result = np.empty((len(pieces), len(self._models[0].bias)), np.float32)
        folds = np.array([self._folds[text_id] for text_id, _ in pieces])
        for fold in np.unique(folds):
            rows = np.flatnonzero(folds == fold)
            logits = self._models[fold].logits([pieces[int(row)][1] for row in rows])
            result[rows] = _sigmoid(self._slope * logits + self._offsets)
        return result


def _sigmoid(logits: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-logits)), np.float32)


def _calibration(logits: NDArray[np.float32], truth: NDArray[np.bool_]) -> tuple[float, NDArray[np.float32]]:
    """A slope for all labels, and for each the offset with which as many pieces are expected to hold it as do."""
    from sklearn.linear_model import LogisticRegression

    if not truth.any():
        return 1.0, np.zeros(logits.shape[1], np.float32)
    slope = float(LogisticRegression(C=1e6).fit(logits.reshape(-1, 1), truth.reshape(-1)).coef_[0, 0])
    low, high = np.full(logits.shape[1], -20.0, np.float32), np.full(logits.shape[1], 20.0, np.float32)
    for _ in range(30):
        middle = (low + high) / 2
        too_few = _sigmoid(slope * logits + middle).sum(axis=0) < truth.sum(axis=0)
        low, high = np.where(too_few, middle, low), np.where(too_few, high, middle)
    return slope, high


def _write(model: LexicalModel, path: Path) -> None:
    part = path.with_suffix(".part.npz")
    fitted: dict[str, Any] = {}
    for names, vectorizer in model.vectorizer.transformer_list:
        fitted |= {names: vectorizer.get_feature_names_out().astype(str), _idf_of(names): vectorizer.idf_}
    np.savez(part, **fitted, weights=model.weights, bias=model.bias)
    part.replace(path)


def _read(path: Path) -> LexicalModel:
    with np.load(path) as arrays:
        vectorizers = []
        for names, new in (("words", _words), ("characters", _characters)):
            if names in arrays:
                vectorizer = new(vocabulary={str(name): i for i, name in enumerate(arrays[names])})
                vectorizer.idf_ = arrays[_idf_of(names)]
                vectorizers.append(vectorizer)
        return LexicalModel(_vectorizer(vectorizers), arrays["weights"], arrays["bias"])


def _idf_of(names: str) -> str:
    return "idf" if names == "words" else f"idf_of_{names}"
