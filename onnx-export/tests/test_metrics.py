import numpy as np
import pytest

from onnx_export.metrics import document_metrics, tune_thresholds


def test_a_small_example_by_hand():
    scores = np.array([[0.9, 0.2, 0.0], [0.4, 0.6, 0.0], [0.5, 0.7, 0.9], [0.1, 0.1, 0.0]], np.float32)
    truth = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 0]], bool)
    metrics = document_metrics(["A", "B", "C"], [0.5, 0.6, 0.8], scores, truth)
    # A: marked 1, 3, right 1; B: marked 2, 3, right 2, 3, missed 4; C: never right, marked once.
    assert metrics.positives == [2, 3, 0]
    assert metrics.precision == [0.5, 1.0, 0.0]
    assert metrics.recall == [0.5, pytest.approx(2 / 3), 0.0]
    assert metrics.f1 == [0.5, pytest.approx(0.8), 0.0]
    assert metrics.micro_f1 == pytest.approx(2 * 3 / (5 + 5))
    assert metrics.macro_f1 == pytest.approx((0.5 + 0.8) / 2), "C does not occur"
    assert metrics.table()[2:4] == ["| A | 2 | 0.50 | 0.50 | 0.50 | 0.50 |", "| B | 3 | 0.60 | 1.00 | 0.67 | 0.80 |"]


def test_without_any_positive_scores_are_zero():
    metrics = document_metrics(["A"], [0.5], np.zeros((2, 1), np.float32), np.zeros((2, 1), bool))
    assert (metrics.micro_f1, metrics.macro_f1) == (0, 0)


def test_a_threshold_lies_in_the_middle_of_its_best_range():
    scores = np.array([[0.31], [0.29], [0.7], [0.8], [0.9], [0.95], [0.75]], np.float32)
    truth = np.array([[0], [0], [1], [1], [1], [1], [1]], bool)
    assert tune_thresholds(scores, truth) == [0.52]  # 0.32 to 0.70 all separate


def test_labels_with_few_positives_take_the_common_threshold():
    many = np.concatenate([np.full(20, 0.5), np.full(20, 0.3)])  # right from 0.32 to 0.50
    few = np.concatenate([np.full(4, 0.2), np.full(36, 0.1)])  # on its own, right from 0.12 to 0.20
    truth = np.zeros((40, 2), bool)
    truth[:20, 0] = truth[:4, 1] = True
    tuned = tune_thresholds(np.stack([many, few], axis=1).astype(np.float32), truth)
    assert 0.32 <= tuned[0] <= 0.5
    assert tuned[1] == 0.32, "the first of the best common ones"
    truth[4, 1] = True
    few[4] = 0.2
    tuned = tune_thresholds(np.stack([many, few], axis=1).astype(np.float32), truth)
    assert 0.12 <= tuned[1] <= 0.2, "five are enough"


def test_thresholds_maximise_f1_of_each_label():
    random = np.random.default_rng(3)
    truth = random.random((60, 4)) < 0.4
    scores = np.clip(0.5 * truth + random.random((60, 4)) * 0.6, 0, 1).astype(np.float32)
    tuned = tune_thresholds(scores, truth)
    best = document_metrics(list("ABCD"), tuned, scores, truth)
    for threshold in np.arange(0.04, 0.97, 0.02):
        other = document_metrics(list("ABCD"), [threshold] * 4, scores, truth)
        assert all(mine >= theirs - 1e-9 for mine, theirs in zip(best.f1, other.f1, strict=True))
