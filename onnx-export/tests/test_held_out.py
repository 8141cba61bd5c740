import numpy as np
import pytest

from onnx_export.train.held_out import F1InHalves, HeldOut, Report, Scored, Tuned
from onnx_export.train.metrics import document_metrics

pytestmark = pytest.mark.train


def noise(seed, documents=60):
    random = np.random.default_rng(seed)
    return Scored(random.normal(size=(documents, 3)).astype(np.float32), random.random((documents, 3)) < 0.3)


def test_halves_of_what_is_told_apart_are_perfect():
    truth = noise(1).truth
    halves = F1InHalves.of(Scored(np.where(truth, 4, -4).astype(np.float32), truth))
    assert (halves.micro_f1, halves.macro_f1, halves.micro_f1_deviation) == (1, 1, 0)


def test_halves_are_measured_on_other_documents_than_they_were_tuned_on():
    scored = noise(2)
    tuned = Tuned.on(scored)
    in_sample = document_metrics(["a", "b", "c"], tuned.thresholds, tuned.probabilities(scored.logits), scored.truth)
    halves = F1InHalves.of(scored)
    assert halves.macro_f1 < in_sample.macro_f1 - 0.03
    assert halves.macro_f1_deviation > 0
    assert F1InHalves.of(scored) == halves


def test_a_report_holds_all_that_is_printed():
    report = Report.of(HeldOut(["a", "b", "c"], noise(3), noise(4)))
    content, printed = report.as_json(), "\n".join(report.lines())
    for value in (content["average_precision"]["pairs"], content["f1_in_halves"]["micro_f1"], content["test"]["micro_f1"]):
        assert f"{value:.3f}" in printed
    assert content["f1_in_halves"]["micro_f1"] == pytest.approx(F1InHalves.of(noise(3) + noise(4)).micro_f1)
