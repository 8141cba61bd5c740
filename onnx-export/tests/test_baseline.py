import json

import pytest

from onnx_export.baseline import main, windows_of
from onnx_export.labelled_texts import LabelledText, write_labelled_texts
from tiny_bert import made_up_texts

pytestmark = pytest.mark.train


def test_windows_hold_90_words_and_their_labels():
    text = " ".join(f"word{i:03}" for i in range(100))
    start = text.index("word095")
    pieces, targets = windows_of(LabelledText("a", text, (("Late", start, start + 30),), "a"), ["Early", "Late"])
    assert [len(piece.split()) for piece in pieces] == [90, 10]
    assert targets.tolist() == [[False, False], [False, True]]


def test_words_that_give_a_label_away_are_found(tmp_path):
    write_labelled_texts(tmp_path / "texts.jsonl", made_up_texts(40))
    files = ["--data", str(tmp_path / "texts.jsonl"), "--output", str(tmp_path / "baseline.json")]
    main([*files, "--validation", "0.3", "--test", "0.3"])
    summary = json.loads((tmp_path / "baseline.json").read_text())
    assert summary["test_documents"] == 12
    assert summary["tuned_thresholds"]["micro_f1"] > 0.9
    assert summary["tuned_thresholds"]["labels"] == ["Fee", "Law"]
