import numpy as np
import pytest

from onnx_export.train.labelled_texts import LabelledText
from onnx_export.train.lexical import LexicalModel, LexicalTeacher, pieces_of
from tiny_bert import made_up_texts

pytestmark = pytest.mark.train


def test_pieces_hold_50_words_and_overlap_by_half():
    text = " ".join(f"word{i:03}" for i in range(110))
    start = text.index("word105")
    pieces, targets = pieces_of(LabelledText("a", text, (("Late", start, start + 30),), "a"), ["Early", "Late"])
    words = [piece.split() for piece in pieces]
    assert [piece[0] for piece in words] == ["word000", "word025", "word050", "word075"]
    assert [len(piece) for piece in words] == [50, 50, 50, 35]
    assert targets.tolist() == [[False, False], [False, False], [False, False], [False, True]]


@pytest.mark.parametrize("words", [1, 50, 51])
def test_pieces_hold_all_of_a_short_text(words):
    text = " ".join(f"word{i:03}" for i in range(words))
    pieces, _ = pieces_of(LabelledText("a", text, (), "a"), ["Early"])
    assert " ".join(pieces).split()[-1] == f"word{words - 1:03}"
    assert len(pieces) == (2 if words > 50 else 1)


def test_a_teacher_knows_words_from_other_groups_only(tmp_path, capsys):
    texts = made_up_texts(40)
    secret = LabelledText("s", "Zebra stripes. " + texts[0].text, (("Fee", 0, 14),), "alone")
    labels = ["Fee", "Law"]
    teacher = LexicalTeacher.of([*texts, secret], labels, tmp_path, seed=1)
    fee = next(text for text in texts if "Fee" in text.labels)
    [(_, start, end)] = [span for span in fee.spans if span[0] == "Fee"][:1]
    [clause, other, unknown] = teacher.probabilities(
        [(fee.id, fee.text[start:end]), (fee.id, "All notices are in writing."), ("s", "Zebra stripes.")]
    )
    assert clause[0] > 5 * other[0]
    assert unknown[0] < 0.5

    again = LexicalTeacher.of([*texts, secret], labels, tmp_path, seed=1)
    np.testing.assert_array_equal(again.probabilities([(fee.id, fee.text)]), teacher.probabilities([(fee.id, fee.text)]))
    assert "5/5 folds" in capsys.readouterr().out


def test_runs_of_characters_find_words_that_are_misspelt(tmp_path):
    insults, praise = ["idiotic nonsense"] * 20, ["splendid argument"] * 20
    truth = np.array([[True]] * 20 + [[False]] * 20)
    misspelt = ["idiotik nonsens", "splendit argumend"]
    words = LexicalModel.fit([(insults + praise, truth)])
    assert words.logits(misspelt)[0] == words.logits(misspelt)[1], "none of these words was learned"
    characters = LexicalModel.fit([(insults + praise, truth)], characters=True)
    assert characters.logits(misspelt)[0] > 0 > characters.logits(misspelt)[1]


def test_a_teacher_of_characters_is_read_as_it_was_written(tmp_path):
    texts, labels = made_up_texts(40), ["Fee", "Law"]
    first, again = (LexicalTeacher.of(texts, labels, tmp_path, seed=1, characters=True) for _ in range(2))
    pieces = [(text.id, text.text) for text in texts]
    np.testing.assert_array_equal(again.probabilities(pieces), first.probabilities(pieces))


def test_a_teacher_expects_as_many_pieces_of_each_label_as_there_are(tmp_path):
    texts = made_up_texts(60)
    labels = ["Fee", "Law"]
    teacher = LexicalTeacher.of(texts, labels, tmp_path, seed=1)
    cut = [(text.id, pieces_of(text, labels)) for text in texts]
    expected = teacher.probabilities([(text_id, piece) for text_id, (pieces, _) in cut for piece in pieces]).sum(axis=0)
    np.testing.assert_allclose(expected, sum(targets.sum(axis=0) for _, (_, targets) in cut), rtol=1e-2)


def test_features_that_all_fits_share_are_not_changed_by_any():
    """Above 1 MB they are read-only to the processes that fit, so that a fit that put them in order would fail."""
    chance = np.random.default_rng(1)
    names = [f"word{i}" for i in range(2000)]
    pieces = [" ".join(chance.choice(names, 50)) for _ in range(6000)]
    model = LexicalModel.fit([(pieces, np.array([["word7" in piece.split(), "word8" in piece.split()] for piece in pieces]))])
    assert ((model.logits(["word7", "word8"]) > 0) == np.eye(2, dtype=bool)).all()


def test_a_text_whose_labels_have_no_place_is_one_piece():
    text = LabelledText("a", "word " * 500, (), "a", ("Late",))
    pieces, targets = pieces_of(text, ["Early", "Late"], whole=True)
    assert pieces == [text.text]
    assert targets.tolist() == [[False, True]]
