import numpy as np
import pytest

from onnx_export.train.metrics import average_precision, average_precision_of_labels, document_metrics, tune_thresholds


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


@pytest.mark.train
def test_average_precision_by_hand():
    scores = np.array([[0.9, 0.3, 0.5], [0.8, 0.2, 0.5], [0.7, 0.1, 0.5]], np.float32)
    truth = np.array([[1, 0, 0], [0, 0, 0], [1, 1, 0]], bool)
    # A: found at ranks 1 and 3; B: at rank 3; C does not occur. Over all pairs, the three lie at ranks 1, 3 and 9.
    assert average_precision(scores, truth) == (
        pytest.approx((1 + 2 / 3 + 3 / 9) / 3),
        pytest.approx(((1 + 2 / 3) / 2 + 1 / 3) / 2),
    )
    assert average_precision_of_labels(scores, truth) == [pytest.approx((1 + 2 / 3) / 2), pytest.approx(1 / 3), None]
    assert average_precision(scores, np.zeros((3, 3), bool)) == (0, 0)


def test_a_threshold_lies_in_the_middle_of_its_best_range():
    scores = np.array([[0.31], [0.29], [0.7], [0.8], [0.9], [0.95], [0.75]], np.float32)
    truth = np.array([[0], [0], [1], [1], [1], [1], [1]], bool)
    assert tune_thresholds(scores, truth) == [0.52]  # 0.32 to 0.70 all separate


def test_the_fewer_positives_a_label_has_the_nearer_is_its_threshold_to_the_common_one():
    high = np.concatenate([np.full(40, 0.9), np.full(40, 0.7)])  # right from 0.72 to 0.90
    low = np.concatenate([np.full(40, 0.3), np.full(40, 0.1)])  # right from 0.12 to 0.30
    truth = np.zeros((80, 6), bool)
    truth[:40, :5] = True
    scores = np.stack([high] * 5 + [low], axis=1).astype(np.float32)
    truth[:2, 5] = True
    scores[2:, 5] = 0.1
    assert tune_thresholds(scores, truth)[5] > 0.7, "two positive documents change little"
    truth[:40, 5] = True
    scores[:40, 5] = 0.3
    assert 0.12 <= tune_thresholds(scores, truth)[5] <= 0.3, "forty speak for themselves"
    assert all(0.72 <= threshold <= 0.9 for threshold in tune_thresholds(scores, truth)[:5])


def test_a_common_label_does_not_outvote_a_label_with_dozens_of_positives_of_its_own():
    common, rare = np.zeros((2000, 1)), np.zeros((2000, 1))
    common[:1000] = 0.9
    common[1000:] = 0.6
    rare[:60], rare[60:] = 0.3, 0.1
    truth = np.zeros((2000, 2), bool)
    truth[:1000, 0] = True
    truth[:60, 1] = True
    thresholds = tune_thresholds(np.concatenate([common, rare], axis=1).astype(np.float32), truth)
    assert thresholds[0] > 0.6
    assert 0.1 < thresholds[1] <= 0.3, "sixty positives, beside a thousand"
