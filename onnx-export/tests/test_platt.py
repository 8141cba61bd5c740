"""Platt scaling on made-up logits of which the truth is known."""

import numpy as np
import pytest

from onnx_export.bundle.scoring import scores
from onnx_export.train.platt import fit_calibration
from onnx_export.train.reliability import expected_calibration_error, save_reliability_diagram

pytestmark = pytest.mark.train


def drawn(documents, slopes, offsets, seed=1):
    """Logits, and truth drawn with the probability that ``slope · logit + offset`` says."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 3, (documents, len(slopes))).astype(np.float32)
    return logits, random.random(logits.shape) < 1 / (1 + np.exp(-(logits * slopes + offsets)))


def test_with_many_documents_each_label_gets_its_own_slope_and_offset():
    slopes, offsets = np.array([0.5, 1.0, 2.0]), np.array([-1.0, 0.0, 1.5])
    fitted = fit_calibration(*drawn(20_000, slopes, offsets))
    np.testing.assert_allclose(fitted.slopes, slopes, rtol=0.1)
    np.testing.assert_allclose(fitted.offsets, offsets, atol=0.15)


def test_calibrated_scores_are_right_on_other_documents():
    slopes, offsets = np.full(20, 0.3), np.full(20, -1.0)
    fitted = fit_calibration(*drawn(60, slopes, offsets))
    logits, truth = drawn(400, slopes, offsets, seed=2)
    before = expected_calibration_error(scores(logits, "multi-label"), truth)
    after = expected_calibration_error(scores(fitted.calibrate(logits), "multi-label"), truth)
    assert before > 0.15
    assert after < 0.05


def test_a_label_with_few_positives_leans_on_the_others():
    logits, truth = drawn(80, np.ones(20), np.zeros(20))
    truth[:, 7] = False  # on its own this label would never be found
    truth[0, 7] = True
    fitted = fit_calibration(logits, truth)
    assert 0.3 < fitted.slopes[7] < 1.5
    assert (fitted.slopes > 0).all()


def test_folding_into_the_classifier_changes_logits_alike():
    logits, truth = drawn(500, np.array([0.5, 2.0]), np.array([1.0, -1.0]))
    fitted = fit_calibration(logits, truth)
    weight, bias, vector = np.ones((2, 4), np.float32), np.array([0.5, -0.5], np.float32), np.arange(4, dtype=np.float32)
    folded_weight, folded_bias = fitted.fold_into(weight, bias)
    np.testing.assert_allclose(folded_weight @ vector + folded_bias, fitted.calibrate(weight @ vector + bias), rtol=1e-5)


@pytest.mark.parametrize("truth", [np.zeros((9, 2), bool), np.ones((9, 2), bool), np.arange(18).reshape(9, 2) < 9])
def test_documents_that_teach_nothing_change_nothing(truth):
    logits = np.arange(18, dtype=np.float32).reshape(9, 2)  # in the last case higher logits mean fewer positives
    fitted = fit_calibration(logits, truth)
    assert (fitted.calibrate(logits) == logits).all()


def test_the_calibration_error_of_a_small_example_by_hand():
    scores_ = np.array([[0.05, 0.95], [0.05, 0.95]], np.float32)
    truth = np.array([[False, True], [True, True]])
    assert expected_calibration_error(scores_, truth) == pytest.approx(0.5 * (0.5 - 0.05) + 0.5 * (1 - 0.95))


def test_the_reliability_diagram_is_a_picture(tmp_path):
    logits, truth = drawn(50, np.ones(2), np.zeros(2))
    save_reliability_diagram({"scores": scores(logits, "multi-label")}, truth, tmp_path / "r.png")
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")
