import json

import pytest

from onnx_export.commands.evaluate import main
from onnx_export.evaluate.events import Finding, compare, read_events
from onnx_export.train.labelled_texts import LabelledText, write_labelled_texts

TEXT = "📦 The fee is due. The law is that of Utrecht."
FEE = ("Fee", 2, 17)
LAW = ("Law", 18, 45)

TEXTS = [
    LabelledText("both", TEXT, (FEE, LAW), "both"),
    LabelledText("fee", TEXT, (FEE,), "fee"),
    LabelledText("none", TEXT, (), "none"),
]


def event(id, **labels):
    """Labels as (above threshold, evidence as (start, end, score)…)."""
    named = [
        {
            "name": label,
            "score": 0.7,
            "above_threshold": present,
            "evidence": [{"start": start, "end": end, "score": score} for start, end, score in evidence],
        }
        for label, (present, *evidence) in labels.items()
    ]
    return {"document_id": id, "answers": [{"model": {"name": "m", "version": "1", "digest": "d"}, "labels": named}]}


def write(path, events):
    path.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    return path


def report(tmp_path, *events):
    return compare(TEXTS, read_events(write(tmp_path / "events.jsonl", events)))


def test_labels_and_evidence_are_compared(tmp_path):
    result = report(
        tmp_path,
        event("both", Fee=(True, (3, 18, 0.9), (19, 46, 0.1)), Law=(False, (19, 46, 0.2))),
        event("fee", Fee=(True, (19, 46, 0.8)), Law=(True, (19, 46, 0.9))),
        event("none", Fee=(False,), Law=(False,)),
    )
    fee, law = result.labels
    assert (fee.documents, fee.marked, fee.hits, fee.with_evidence, fee.located) == (2, 2, 2, 2, 1)
    assert (fee.precision, fee.recall, fee.f1) == (1, 1, 1)
    assert (law.documents, law.marked, law.hits, law.f1) == (1, 1, 0, 0)
    assert result.micro_f1 == pytest.approx(2 * 2 / (3 + 3))
    assert result.macro_f1 == 0.5
    assert result.located_share == 0.5
    assert (result.missing, result.superfluous) == ([], [])


def test_offsets_of_evidence_are_utf16(tmp_path):
    # The emoji is one code point and two UTF-16 units: the last character of the fee clause is 17, and 16 in code points.
    assert report(tmp_path, event("fee", Fee=(True, (17, 30, 0.9)))).located_share == 1
    assert report(tmp_path, event("fee", Fee=(True, (18, 30, 0.9)))).located_share == 0


def test_the_best_evidence_counts_wherever_it_stands(tmp_path):
    assert report(tmp_path, event("fee", Fee=(True, (19, 46, 0.1), (3, 18, 0.9)))).located_share == 1


def test_how_much_of_a_text_its_evidence_covers_is_said(tmp_path):
    # The text has 46 UTF-16 units.
    result = report(
        tmp_path,
        event("both", Fee=(True, (3, 26, 0.9)), Law=(True, (0, 46, 0.9))),
        event("fee", Fee=(True, (0, 46, 0.8)), Law=(True, (0, 46, 0.9))),
    )
    assert result.covered_share == pytest.approx((0.5 + 1 + 1) / 3), "labels found wrongly do not count"
    assert "that evidence covers 83 % of its text on average" in list(result.lines())
    assert report(tmp_path, event("fee", Fee=(True,))).covered_share is None


def test_hits_without_evidence_are_neither_right_nor_wrong(tmp_path):
    result = report(tmp_path, event("fee", Fee=(True,)))
    assert (result.labels[0].hits, result.labels[0].with_evidence, result.located_share) == (1, 0, None)


def test_documents_without_event_count_as_if_nothing_was_found(tmp_path):
    result = report(tmp_path, event("fee", Fee=(True, (3, 18, 0.9))), event("other", Fee=(True,)))
    assert result.missing == ["both", "none"]
    assert result.superfluous == ["other"]
    assert result.labels[0].recall == 0.5
    assert result.micro_f1 == pytest.approx(2 * 1 / (1 + 3))


def test_labels_that_only_the_model_knows_count_as_wrong(tmp_path):
    result = report(tmp_path, event("fee", Fee=(True,), Term=(True,)))
    assert [label.label for label in result.labels] == ["Fee", "Law", "Term"]
    assert result.labels[2].precision == 0
    assert result.macro_f1 == pytest.approx((2 / 3 + 0) / 2)


def test_of_several_events_for_a_document_the_first_counts(tmp_path):
    result = report(tmp_path, event("fee", Fee=(True,)), event("fee", Fee=(False,)))
    assert result.labels[0].hits == 1


def test_every_line_that_is_no_event_is_named(tmp_path):
    path = write(
        tmp_path / "events.jsonl",
        [
            {"document_id": "a", "reason": "TOO_LARGE"},
            event("b"),
            {"document_id": "c", "answers": [{"labels": [{"name": "Fee"}]}]},
            event("d", Fee=(True, ("0", 1, 0.5))),
            {"document_id": "e", "answers": []},
            {"document_id": "f", "answers": 2 * event("f")["answers"]},
        ],
    )
    with pytest.raises(ValueError, match="5 unusable") as error:
        read_events(path)
    named = [line.split(":")[0].strip() for line in str(error.value).split("\n")[1:]]
    assert named == ["line 1", "line 3", "line 4", "line 5", "line 6"]


def test_the_command_prints_and_writes_the_report(tmp_path, capsys):
    write_labelled_texts(tmp_path / "texts.jsonl", TEXTS)
    events = write(tmp_path / "events.jsonl", [event("fee", Fee=(True, (3, 18, 0.9))), event("other")])
    files = {"--data": tmp_path / "texts.jsonl", "--events": events, "--output": tmp_path / "report.json"}
    main([str(part) for option in files.items() for part in option])
    printed = capsys.readouterr().out
    assert "| Fee | 2 | 1.00 | 0.50 | 0.67 | 1/1 |" in printed
    assert "2 without an event, counted as if nothing had been found: both, none" in printed
    assert "1 events without a text, left out: other" in printed
    written = json.loads((tmp_path / "report.json").read_text())
    assert written["labels"][0]["located"] == 1
    assert written["located_share"] == 1


def test_events_of_another_file_are_refused(tmp_path):
    write_labelled_texts(tmp_path / "texts.jsonl", TEXTS)
    events = write(tmp_path / "events.jsonl", [event("other")])
    with pytest.raises(SystemExit, match="no event belongs to any of the texts"):
        main(["--data", str(tmp_path / "texts.jsonl"), "--events", str(events)])


def test_the_place_of_a_label_of_the_whole_text_is_not_judged():
    texts = [
        LabelledText("a", "The fee is due.", (("Fee", 4, 7),), "a", ("Law",)),
        LabelledText("b", "The fee is due.", (), "b", ("Law",)),
    ]
    events = {id: {"Fee": Finding(id == "a", 0.7, (4, 7)), "Law": Finding(True, 0.9, (0, 3))} for id in "ab"}
    report = compare(texts, events)
    assert (report.micro_f1, report.macro_f1, report.located_share) == (1.0, 1.0, 1.0)
    assert [(label.label, label.hits, label.with_evidence, label.located) for label in report.labels] == [
        ("Fee", 1, 1, 1),
        ("Law", 2, 0, 0),
    ]
    unplaced = compare(texts[1:], events)
    assert unplaced.located_share is None
    assert "no label found rightly came with evidence, or none of them is annotated with a place" in list(unplaced.lines())
