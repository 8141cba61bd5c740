import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export.commands.split import main
from onnx_export.train.labelled_texts import LabelledText, label_names, read_labelled_texts, write_labelled_texts
from onnx_export.train.split import split_by_group


def record(id="a", text="The fee is due.", clauses=(("Fee", 4, 7),), **others):
    named = [{"label": label, "start": start, "end": end} for label, start, end in clauses]
    return {"id": id, "text": text, "clauses": named} | others


def write(path, *records):
    lines = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in records)
    path.write_text(lines, encoding="utf-8")
    return path


def test_a_file_is_read(tmp_path):
    path = write(
        tmp_path / "t.jsonl", record(group=3), "", record("b", "Ends 📦.", [], contract_type="x"), record("c", group=None)
    )
    assert read_labelled_texts(path) == [
        LabelledText("a", "The fee is due.", (("Fee", 4, 7),), "3"),
        LabelledText("b", "Ends 📦.", (), "b"),
        LabelledText("c", "The fee is due.", (("Fee", 4, 7),), "c"),
    ]


def test_gzip_is_read(tmp_path):
    plain = write(tmp_path / "t.jsonl", record())
    (tmp_path / "t.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes()))
    assert read_labelled_texts(tmp_path / "t.jsonl.gz") == read_labelled_texts(plain)


def test_every_bad_line_is_named(tmp_path):
    bad = {
        "{": "is not JSON: Expecting property name",
        "[]": "expected a JSON object, found list",
        json.dumps(record(id=7)): "'id' must be a string that is not blank",
        json.dumps(record(text=" ")): "'text' must be a string that is not blank",
        json.dumps(record(text="\ud83d gone")): "half of a surrogate pair at character 0",
        json.dumps(record() | {"clauses": {}}): "'clauses' must be a list, found dict",
        json.dumps(record() | {"clauses": [4]}): "clause 4 needs a string 'label'",
        json.dumps(record(clauses=[("Fee", 4, "7")])): "needs a string 'label' and whole numbers",
        json.dumps(record(clauses=[("Fee", 4, 99)])): "lies outside the text of 15 characters",
        json.dumps(record(clauses=[("Fee", 4, 4)])): "or is empty",
    }
    with pytest.raises(ValueError, match="unusable") as error:
        read_labelled_texts(write(tmp_path / "t.jsonl", record(), *bad, record()))
    message = str(error.value).split("\n")
    assert message[0].endswith("has 11 unusable line(s):")
    for number, (line, expected) in enumerate(zip(message[1:], [*bad.values(), "id 'a' is taken"], strict=True), start=2):
        assert f"line {number}: " in line
        assert expected in line


def test_a_line_that_is_not_utf8_is_named(tmp_path):
    path = write(tmp_path / "t.jsonl", record())
    path.write_bytes(path.read_bytes() + b'{"id": "b", "text": "caf\xe9"}\n')
    with pytest.raises(ValueError, match="line 2: is not UTF-8: invalid continuation byte at byte 25"):
        read_labelled_texts(path)


@pytest.mark.parametrize("content", [b"\xff\xfe", gzip.compress(b"x" * 999)[:-12], b"not gzip"])
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises((OSError, ValueError), match=r"gzip"):
        read_labelled_texts(path)


def test_an_empty_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no texts"):
        read_labelled_texts(write(tmp_path / "t.jsonl", ""))


def test_a_piece_carries_a_label_with_30_characters_of_its_span_or_all_of_it():
    text = LabelledText("a", "x" * 200, (("Long", 50, 150), ("Short", 60, 65)), "a")
    assert text.labels == {"Long", "Short"}
    assert text.labels_within(0, 79) == {"Short"}
    assert text.labels_within(0, 80) == {"Long", "Short"}
    assert text.labels_within(61, 91) == {"Long"}
    assert text.labels_within(150, 200) == set()


def test_label_names_are_sorted():
    texts = [LabelledText("a", "xx", (("B", 0, 1), ("A", 1, 2)), "a"), LabelledText("b", "x", (("B", 0, 1),), "b")]
    assert label_names(texts) == ["A", "B"]


def texts_of(groups):
    return [LabelledText(str(i), "x", (("A", 0, 1),), str(group)) for i, group in enumerate(groups)]


@given(st.lists(st.integers(0, 30), min_size=40, max_size=80), st.integers(0, 5))
def test_groups_stay_in_one_split_and_nothing_is_lost(groups, seed):
    texts = texts_of([*groups, *range(31)])
    split = split_by_group(texts, validation=0.12, test=0.15, seed=seed)
    parts = [split.train, split.validation, split.test]
    assert sorted(text.id for part in parts for text in part) == sorted(text.id for text in texts)
    seen = [{text.group for text in part} for part in parts]
    assert sum(map(len, seen)) == len(set.union(*seen))
    assert len(split.test) >= 0.15 * len(texts)
    assert len(split.validation) >= 0.12 * len(texts)


def test_the_split_depends_on_groups_and_seed_alone():
    texts = texts_of(range(50))
    split = split_by_group(texts, validation=0.2, test=0.2, seed=1)
    again = split_by_group(texts[::-1], validation=0.2, test=0.2, seed=1)
    assert {text.id for text in split.test} == {text.id for text in again.test}
    assert split_by_group(texts, validation=0.2, test=0.2, seed=2) != split


def test_a_split_that_would_be_empty_is_refused():
    with pytest.raises(ValueError, match="9 texts in 1 groups leave nothing for validation, train"):
        split_by_group(texts_of([0] * 9), validation=0.2, test=0.2, seed=1)


def test_the_command_writes_what_can_be_read_again(tmp_path, capsys):
    texts = [record(str(i), f"📦 {i} is due.", [("Fee", 0, 1)], group=i // 2) for i in range(20)]
    data = write(tmp_path / "all.jsonl", *texts)
    main(["--data", str(data), "--output", str(tmp_path / "parts"), "--test", "0.2"])
    whole = read_labelled_texts(data)
    split = split_by_group(whole, validation=0.12, test=0.2, seed=7)
    assert read_labelled_texts(tmp_path / "parts/test.jsonl") == split.test
    assert read_labelled_texts(tmp_path / "parts/validation.jsonl") == split.validation
    assert read_labelled_texts(tmp_path / "parts/train.jsonl") == split.train
    assert "test.jsonl: 4 texts in 2 groups" in capsys.readouterr().out


def problems_of(tmp_path, *records):
    with pytest.raises(ValueError, match="unusable") as raised:
        read_labelled_texts(write(tmp_path / "t.jsonl", *records))
    return [line.strip() for line in str(raised.value).split("\n")[1:]]


def plain(id, **others):
    return {"id": id, "text": "The fee is due."} | others


def test_labels_of_whole_texts_are_read_beside_spans_and_without(tmp_path):
    path = write(
        tmp_path / "t.jsonl",
        plain("a", labels=["Fee", "Law"]),
        plain("b", labels=["Fee", "Law"], clauses=[{"label": "Fee", "start": 4, "end": 7}]),
        plain("c", labels=["Fee"], spans=[{"label": "Fee", "start": 4, "end": 7}]),
        plain("d", labels=[]),
        plain("e"),
    )
    texts = read_labelled_texts(path)
    assert [text.unplaced for text in texts] == [("Fee", "Law"), ("Law",), (), (), ()]
    assert [text.labels for text in texts] == [{"Fee", "Law"}, {"Fee", "Law"}, {"Fee"}, set(), set()]
    assert texts[1].labels_within(0, 15) == {"Fee"}
    write_labelled_texts(tmp_path / "again.jsonl", texts)
    assert read_labelled_texts(tmp_path / "again.jsonl") == texts


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"lables": ["Fee"]}, "unknown key 'lables', did you mean 'labels'?"),
        ({"Clauses": []}, "unknown key 'Clauses', did you mean 'clauses'?"),
        ({"clause": []}, "unknown key 'clause', did you mean 'clauses'?"),
        ({"span": []}, "unknown key 'span', did you mean 'spans'?"),
        ({"groups": 3}, "unknown key 'groups', did you mean 'group'?"),
        ({"Text": "x"}, "unknown key 'Text', did you mean 'text'?"),
        ({"label": "Fee"}, "unknown key 'label', did you mean 'labels'?"),
        (
            {"category": "Fee"},
            "unknown key 'category': spans with labels go into 'clauses', labels of the whole text into 'labels'",
        ),
        ({"annotations": []}, "unknown key 'annotations': spans with labels go into 'clauses'"),
        ({"findings": [{"label": "Fee"}]}, "unknown key 'findings': spans with labels go into 'clauses'"),
        ({"meta": {"topic": "Fee"}}, "unknown key 'meta': spans with labels go into 'clauses'"),
        ({"labels": "Fee"}, "'labels' must be a list, found str"),
        ({"labels": {"Fee": True}}, "'labels' must be a list, found dict"),
        ({"labels": [3]}, "'labels' holds 3, expected strings; labels with a place go into 'clauses'"),
        ({"labels": [{"label": "Fee", "start": 4, "end": 7}]}, "expected strings; labels with a place go into 'clauses'"),
        ({"clauses": [{"label": "Fee"}]}, "has no 'start' and 'end'; a label of the whole text goes into 'labels'"),
        ({"clauses": [{"label": "Fee", "start": False, "end": True}]}, "needs a string 'label' and whole numbers"),
        ({"clauses": [{"label": "Fee", "start": 1.0, "end": 2}]}, "needs a string 'label' and whole numbers"),
        ({"clauses": [{"label": "Fee", "start": -3, "end": 2}]}, "lies outside the text of 15 characters or is empty"),
        ({"clauses": [{"label": "Fee", "start": 7, "end": 4}]}, "lies outside the text of 15 characters or is empty"),
        ({"clauses": [{"label": "Fee", "start": 3, "end": 4}]}, "the span of 'Fee' from 3 to 4 is blank"),
        ({"clauses": [{"label": "Fee", "start": 4, "end": 7}] * 2}, "('Fee', 4, 7) is given twice"),
        ({"clauses": [], "spans": []}, "'clauses' and 'spans' are two names of the same: give one"),
        ({"labels": ["Fee", "Fee"]}, "'Fee' is given twice"),
        ({"labels": [""]}, "the label '' is empty"),
        ({"labels": ["\u00a0\u2003"]}, "is empty"),
        ({"labels": ["\u200b"]}, "is empty"),
        ({"label_names": "Fee"}, "unknown key 'label_names': spans with labels go into 'clauses'"),
        ({"clauses": [{"label": " ", "start": 4, "end": 7}]}, "the label ' ' is empty"),
        ({"labels": ["Fee "]}, "the label 'Fee ' begins or ends with a blank"),
        ({"labels": ["Fee\nLaw"]}, r"the label 'Fee\nLaw' holds a control character"),
        ({"labels": ["Fee", "fee"]}, "the label 'fee' differs from 'Fee' (the same line) by blanks or case alone"),
        ({"labels": ["\ud83d"]}, "a label holds half of a surrogate pair at character 0"),
        ({"id": "\ud83d"}, "the id holds half of a surrogate pair"),
        ({"group": ""}, "'group' is '', expected a string that is not blank, or a whole number"),
        ({"group": [1]}, "'group' is [1], expected a string that is not blank, or a whole number"),
        ({"group": True}, "'group' is True, expected a string that is not blank, or a whole number"),
    ],
)
def test_a_line_that_cannot_be_meant_is_named(tmp_path, keys, problem):
    (found,) = problems_of(tmp_path, plain("first"), plain("a") | keys)
    assert found.startswith("line 2: ")
    assert problem in found


VARIANTS = ["governing law", "Governing  Law", "GoverningLaw", "Governing\u00a0Law", "Governing\u2009Law", "Governing\u200b Law",
            "Ｇoverning Law", "GOVERNING LAW", "Governing\tLaw"]  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("placed", [True, False])
def test_labels_that_differ_by_blanks_or_case_alone_are_named(tmp_path, variant, placed):
    keys = {"clauses": [{"label": variant, "start": 4, "end": 7}]} if placed else {"labels": [variant]}
    problems = problems_of(tmp_path, plain("a", labels=["Governing Law"]), plain("b"), plain("c", **keys))
    assert len(problems) == 1
    assert f"the label {variant!r} differs from 'Governing Law' (line 1) by blanks or case alone" in problems[0]
    assert problems[0].startswith("line 3: ")


def test_labels_that_differ_in_more_are_labels_of_their_own(tmp_path):
    labels = ["Anti-Assignment", "Assignment", "Rofr/Rofo/Rofn", "C++", "C", "C#", "É", "E", "não", "nao", "1", "10"]
    (text,) = read_labelled_texts(write(tmp_path / "t.jsonl", plain("a", labels=labels)))
    assert text.unplaced == tuple(labels)


def test_all_that_is_wrong_with_a_line_and_with_a_file_is_said_at_once(tmp_path):
    problems = problems_of(tmp_path, plain("a", tags=["x"], labels=[""], group=""), *[plain(i) for i in range(30)])
    assert problems[0].count(";") == 2
    assert len(problems) == 21
    assert problems[-1] == "and 11 more"


def test_keys_that_say_nothing_of_labels_are_named_and_left_out(tmp_path, capsys):
    clause = {"label": "Fee", "start": 4, "end": 7, "text": "fee"}
    records = [plain("a", source="mail"), plain("b", source="mail", year=2020), plain("c", clauses=[clause])]
    path = write(tmp_path / "t.jsonl", *records)
    assert len(read_labelled_texts(path)) == 3
    assert capsys.readouterr().err.splitlines() == [
        f"note: {path}: 'source' is not read (line 1 and 1 more)",
        f"note: {path}: 'year' is not read (line 2)",
        f"note: {path}: 'clauses.text' is not read (line 3)",
    ]


def test_a_split_keeps_labels_of_whole_texts(tmp_path):
    data = write(tmp_path / "all.jsonl", *[plain(str(i), labels=["Fee"]) for i in range(20)])
    main(["--data", str(data), "--output", str(tmp_path / "parts")])
    parts = [read_labelled_texts(tmp_path / f"parts/{name}.jsonl") for name in ("train", "validation", "test")]
    assert sum(map(len, parts)) == 20
    assert {text.unplaced for part in parts for text in part} == {("Fee",)}


def test_a_training_split_without_a_label_is_refused(tmp_path):
    texts = [LabelledText(str(i), "x", (), str(i)) for i in range(40)]
    with pytest.raises(ValueError, match="no text to train on has a label; expected some with 'clauses' or 'labels'"):
        split_by_group(texts, validation=0.2, test=0.2, seed=1)
