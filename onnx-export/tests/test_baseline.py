import json

import pytest

from onnx_export.commands.baseline import main
from onnx_export.train.labelled_texts import write_labelled_texts
from tiny_bert import made_up_texts, without_places

pytestmark = pytest.mark.train


def test_words_that_give_a_label_away_are_found(tmp_path):
    write_labelled_texts(tmp_path / "texts.jsonl", made_up_texts(40))
    files = ["--data", str(tmp_path / "texts.jsonl"), "--output", str(tmp_path / "baseline.json")]
    main([*files, "--validation", "0.3", "--test", "0.3"])
    summary = json.loads((tmp_path / "baseline.json").read_text())
    assert summary["test_documents"] == 12
    assert summary["tuned_thresholds"]["test"]["micro_f1"] > 0.9
    assert summary["tuned_thresholds"]["test"]["labels"] == ["Fee", "Law"]


def test_labels_of_whole_texts_are_found_by_whole_texts(tmp_path):
    write_labelled_texts(tmp_path / "texts.jsonl", without_places(made_up_texts(40)))
    files = ["--data", str(tmp_path / "texts.jsonl"), "--output", str(tmp_path / "baseline.json")]
    main([*files, "--validation", "0.3", "--test", "0.3"])
    summary = json.loads((tmp_path / "baseline.json").read_text())
    assert summary["tuned_thresholds"]["test"]["micro_f1"] > 0.8
    assert summary["tuned_thresholds"]["test"]["labels"] == ["Fee", "Law"]
