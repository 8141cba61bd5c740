import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export.bundle.scoring import always_reached, combine_embeddings, combine_windows, scores
from onnx_export.contract import Logits


def rows(*values):
    return np.array(values, dtype=np.float32)


def test_multi_label_scores_are_sigmoids_without_overflow():
    with np.errstate(over="raise"):
        np.testing.assert_allclose(scores(rows(0, 2, -2, 200, -200), "multi-label"), [0.5, 0.880797, 0.119203, 1, 0], atol=1e-6)


@given(st.lists(st.floats(-300, 300, width=32), min_size=1, max_size=9))
def test_single_label_scores_add_up_to_one(logits):
    with np.errstate(over="raise", under="ignore"):
        result = scores(rows(*logits), "single-label")
    assert result.sum() == pytest.approx(1, abs=1e-5)
    assert result[int(np.argmax(logits))] == result.max()


def test_regression_scores_are_the_logits():
    np.testing.assert_array_equal(scores(rows(-3, 7.5), "regression"), [-3, 7.5])


def test_segment_scores_are_the_maximum_over_windows_and_the_documents_over_segments():
    windows = [(0, 2), (1, 3)]
    logits = [Logits(None, rows([1, -1], [3, 0])), Logits(None, rows([2, 5], [-4, -3]))]
    combined = combine_windows(windows, logits, "regression")
    np.testing.assert_array_equal(combined.segments, [[1, -1], [3, 5], [-4, -3]])
    np.testing.assert_array_equal(combined.document, [3, 5])


def test_the_vector_of_a_document_is_the_mean_over_its_windows():
    logits = [Logits(rows(1, -1), rows([9, 9])), Logits(rows(3, 0), rows([9, 9]))]
    np.testing.assert_array_equal(combine_embeddings(logits), [2, -0.5])


def test_a_document_heads_scores_are_the_maximum_over_windows_of_scores_not_of_logits():
    windows = [(0, 1), (1, 2)]
    logits = [Logits(rows(5, 5, 0), rows([9, 9, 9])), Logits(rows(2, 0, 0), rows([0, 0, 9]))]
    combined = combine_windows(windows, logits, "single-label")
    np.testing.assert_allclose(combined.document, [0.786986, 0.498322, 0.106507], atol=1e-5)
    assert combined.segments.shape == (2, 3)


@pytest.mark.parametrize("labels", [*range(1, 400), 1000, 4321])
def test_the_best_of_labels_that_exclude_each_other_always_reaches_its_threshold(labels):
    for logits in (np.zeros(labels), np.full(labels, -87.3), np.linspace(-1e-7, 1e-7, labels)):
        best = scores(logits.astype(np.float32), "single-label").max()
        assert best >= np.float32(always_reached(labels))
