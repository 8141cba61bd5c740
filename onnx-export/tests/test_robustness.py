"""The shipped bundle finds the same labels in texts as extractors leave them."""

import json
from pathlib import Path

import pytest

from onnx_export.bundle.classifier import Classifier
from onnx_export.commands.robustness import main
from onnx_export.evaluate.robustness import PERTURBATIONS, Scorer, effect

REPOSITORY = Path(__file__).resolve().parents[2]
BUNDLE = REPOSITORY / "deploy/bundles/contract-clauses"
SAMPLES = sorted((REPOSITORY / "deploy/samples").glob("0*.txt"))

pytestmark = pytest.mark.skipif(not BUNDLE.is_dir(), reason="needs the whole repository")


@pytest.fixture(scope="module")
def scorer():
    return Scorer(Classifier(BUNDLE, json.loads((BUNDLE / "manifest.json").read_text(encoding="utf-8"))))


@pytest.fixture(scope="module")
def texts():
    return [path.read_text(encoding="utf-8") for path in SAMPLES]


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_no_perturbation_loses_or_gains_more_than_one_percent_of_the_pairs(scorer, texts, name):
    found = effect(scorer, texts, PERTURBATIONS[name])
    pairs = len(texts) * len(scorer.thresholds)
    assert pairs == 369
    assert 100 * found.lost <= pairs
    assert 100 * found.gained <= pairs


def test_what_unicode_calls_compatible_scores_exactly_alike(scorer, texts):
    for name in ("ligatures", "soft hyphens within words", "zero-width spaces within words", "no-break spaces", "CRLF"):
        assert effect(scorer, texts, PERTURBATIONS[name]).largest == 0, name


def test_the_command_prints_a_table(capsys):
    main(["--bundle", str(BUNDLE), "--texts", str(SAMPLES[-1])])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "41 pairs of a text and a label"
    assert lines[4].startswith("| ligatures | 0 | 0 | 0.000 |")
    assert len(lines) == 4 + len(PERTURBATIONS)


def test_the_command_refuses_what_is_no_bundle(tmp_path):
    with pytest.raises(SystemExit, match=r"manifest\.json"):
        main(["--bundle", str(tmp_path), "--texts", str(SAMPLES[0])])
