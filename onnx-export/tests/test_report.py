import json
import re

import pytest

from onnx_export.commands.report import main
from onnx_export.evaluate.advice import advice
from onnx_export.evaluate.events import Finding, compare
from onnx_export.evaluate.mistakes import Quote, confusions, mistakes
from onnx_export.train.labelled_texts import LabelledText, write_labelled_texts

TEXT = "📦 The <fee> is due. The law is that of Utrecht."
FEE = ("Fee", 2, 19)
LAW = ("Law", 20, 47)
FEE_UTF16, LAW_UTF16 = (3, 20), (21, 48)


def text(id, *spans, labels=()):
    return LabelledText(id, TEXT, spans, id, labels)


def given(score, evidence=None):
    return Finding(True, score, evidence)


def not_given(score):
    return Finding(False, score, None)


def test_mistakes_come_with_what_misled_or_what_was_overlooked():
    found = mistakes(
        [text("a", FEE), text("b", LAW), text("c", labels=("Law",)), text("unseen", FEE)],
        {
            "a": {"Fee": given(0.9, FEE_UTF16), "Law": given(0.8, FEE_UTF16)},
            "b": {"Fee": not_given(0.1), "Law": not_given(0.3)},
            "c": {"Fee": given(0.95), "Law": not_given(0.4)},
        },
    )
    assert [(m.text_id, m.label, m.missed, m.score) for m in found] == [
        ("c", "Fee", False, 0.95),
        ("a", "Law", False, 0.8),
        ("b", "Law", True, 0.3),
        ("c", "Law", True, 0.4),
    ]
    assert [m.quote and m.quote.passage for m in found] == [None, "The <fee> is due.", "The law is that of Utrecht.", None]
    assert found[1].quote == Quote("📦 ", "The <fee> is due.", " The law is that of Utrecht.")


def test_a_quote_is_no_longer_than_a_reader_wants():
    quote = Quote.of("a" * 1000 + "b" * 1000 + "c" * 1000, 1000, 2000)
    assert quote == Quote("…" + "a" * 120, "b" * 400 + "…", "c" * 120 + "…")


def test_a_label_is_taken_for_what_is_annotated_where_its_evidence_lies():
    assert confusions(
        [text("a", FEE, LAW), text("b", FEE), text("c", labels=("Tax", "Fee"))],
        {
            "a": {"Price": given(0.9, FEE_UTF16), "Law": given(0.9, LAW_UTF16)},
            "b": {"Price": given(0.9, LAW_UTF16), "Fee": given(0.9, FEE_UTF16)},
            "c": {"Price": given(0.6, FEE_UTF16), "Tax": given(0.9)},
        },
    ) == {("Fee", "Price"): 2}


def of_many(label, right, missed, wrong):
    """Texts and events in which a label is found, missed and given wrongly so many times."""
    carried = [text(f"{label}-{i}", (label, 2, 19)) for i in range(right + missed)]
    others = [text(f"{label}-not-{i}") for i in range(wrong)]
    events = {each.id: {label: given(0.9, FEE_UTF16) if i < right else not_given(0.1)} for i, each in enumerate(carried)}
    return carried + others, events | {each.id: {label: given(0.9, LAW_UTF16)} for each in others}


@pytest.mark.parametrize(
    "counts, learned_from, says",
    [
        ((9, 1, 1), 100, "Nothing stands out"),
        ((3, 5, 0), 12, "Fee: F1 0.55 (precision 1.00, recall 0.38); it learned from 12 texts that carry it: annotate more"),
        ((3, 5, 0), 100, "it is missed more often than it is given wrongly"),
        ((6, 0, 9), 100, "it is given wrongly more often than it is missed"),
        ((6, 5, 5), 100, "say more exactly what it means"),
        ((2, 0, 0), 100, "Fewer than 5 held-out texts carry Fee"),
    ],
)
def test_advice_depends_on_what_is_wrong(counts, learned_from, says):
    texts, events = of_many("Fee", *counts)
    sentences = advice(compare(texts, events), {"Fee": learned_from}, confusions(texts, events), [0.5, 0.5])
    assert says in sentences[0]


def test_advice_on_confusion_misplaced_evidence_and_a_training_that_was_too_short():
    texts = [text(f"t{i}", FEE, LAW) for i in range(5)]
    events = {
        each.id: {"Fee": given(0.9, LAW_UTF16), "Law": given(0.9, LAW_UTF16), "Tax": given(0.8, FEE_UTF16)} for each in texts
    }
    sentences = advice(compare(texts, events), {"Fee": 50, "Law": 50, "Tax": 50}, confusions(texts, events), [0.5, 0.6])
    assert [sentence.split(":")[0] for sentence in sentences] == [
        "Fee was taken for Tax 5 times",
        "Found in the right texts, but often in a place that is not annotated",
        "The last pass still made the model better",
        "Fewer than 5 held-out texts carry Tax",
    ]
    assert "Fee (0 of 5)" in sentences[1]


def write_inputs(folder, texts, events, metrics):
    write_labelled_texts(folder / "test.jsonl", texts)
    lines = []
    for id, findings in events.items():
        labels = [
            {
                "name": name,
                "score": finding.score,
                "above_threshold": finding.present,
                "evidence": [{"start": finding.evidence[0], "end": finding.evidence[1], "score": 1}] if finding.evidence else [],
            }
            for name, finding in findings.items()
        ]
        lines.append(json.dumps({"document_id": id, "answers": [{"labels": labels}]}) + "\n")
    (folder / "events.jsonl").write_text("".join(lines), encoding="utf-8")
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    return [
        "--training",
        folder,
        "--data",
        folder / "test.jsonl",
        "--events",
        folder / "events.jsonl",
        "--output",
        folder / "r.html",
    ]


METRICS = {
    "split": {"train": 80, "validation": 10, "test": 2},
    "learned_from": {"Fee": 40, "Law": 7},
    "validation_history": [
        {"hours": 0.5, "loss": 0.4, "micro_f1": 0.5, "macro_f1": 0.4},
        {"hours": 1.0, "loss": 0.2, "micro_f1": 0.7, "macro_f1": 0.6},
    ],
}


def run(arguments):
    return main([str(argument) for argument in arguments])


def test_the_page_shows_figures_pictures_and_mistakes_and_needs_nothing_else(tmp_path, capsys):
    texts = [text("a", FEE), text("b", LAW)]
    events = {
        "a": {"Fee": given(0.9, FEE_UTF16), "Law": given(0.8, FEE_UTF16)},
        "b": {"Fee": not_given(0.1), "Law": not_given(0.3)},
    }
    assert run([*write_inputs(tmp_path, texts, events, METRICS), "--title", "Fees & law"]) == 0
    html = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert capsys.readouterr().out == f"wrote {tmp_path / 'r.html'}\n"
    assert "<h1>Fees &amp; law</h1>" in html
    assert "<td>Law</td><td>7</td><td>1</td><td>0.00</td>" in html
    assert "<td>Fee</td><td>Law</td><td>1</td>" in html
    assert "<mark>The &lt;fee&gt; is due.</mark>" in html
    assert html.index("was given wrongly") < html.index("was missed")
    # Half an hour is in the middle, its micro-F1 of 0.5 too.
    assert '<polyline class="micro" points="215.0,110.0 390.0,70.0 "/>' in html
    assert not re.search(r"(?:src|href)=|@import|url\(", html), "nothing is fetched from anywhere"


def test_a_label_that_no_text_carries_has_no_recall_and_comes_last(tmp_path):
    events = {"a": {"Fee": given(0.9, FEE_UTF16), "Law": given(0.8, FEE_UTF16)}}
    assert run(write_inputs(tmp_path, [text("a", FEE)], events, METRICS)) == 0
    html = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<td>Law</td><td>7</td><td>0</td><td>0.00</td><td>–</td><td>–</td>" in html
    assert html.index("<td>Fee</td><td>40</td>") < html.index("<td>Law</td><td>7</td>")


def test_a_page_without_mistakes_or_curve(tmp_path):
    arguments = write_inputs(tmp_path, [text("a", FEE)], {"a": {"Fee": given(0.9)}}, METRICS | {"validation_history": []})
    assert run(arguments) == 0
    html = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "There are none." in html
    assert "there is no curve" in html


@pytest.mark.parametrize(
    "id, metrics, says",
    [
        ("b", METRICS, "no event belongs to any of the texts; are these the events of this file?"),
        ("a", {"passes": 2}, "expected 'split', 'learned_from' and 'validation_history', as `onnx_export train` writes them"),
    ],
)
def test_inputs_that_do_not_belong_together_are_refused(tmp_path, id, metrics, says):
    arguments = write_inputs(tmp_path, [text("a", FEE)], {id: {"Fee": given(0.9)}}, metrics)
    with pytest.raises(SystemExit, match=re.escape(says)):
        run(arguments)
    assert not (tmp_path / "r.html").exists()
