"""What its company costs a clause, on two dozen made-up texts."""

import re
from itertools import pairwise

import pytest

from onnx_export.__main__ import main
from onnx_export.text.segmentation import sentences
from onnx_export.train.company import Company
from onnx_export.train.corpus import Corpus
from onnx_export.train.labelled_texts import write_labelled_texts
from onnx_export.train.recipe import Recipe
from onnx_export.train.start import Start, model_for
from tiny_bert import made_up_texts, write_bert

pytestmark = pytest.mark.train

RECIPE = Recipe(layout="S|SD|D", segment_length=16, max_segments=6, window_overlap=2)
LABELS = ["Fee", "Law"]


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    start = Start.read(write_bert(tmp_path_factory.mktemp("inputs") / "bert"), RECIPE)
    texts = made_up_texts(6)
    model, _ = model_for(start, RECIPE, LABELS)
    return Company(model, RECIPE, Corpus(texts, LABELS, start.tokenizer, RECIPE, start.cls_id), texts)


@pytest.mark.parametrize("cut", ["usual", "shifted", "apart"])
def test_each_cut_holds_every_token_once(company, cut):
    for text in company.texts:
        length = () if cut == "apart" else (RECIPE.segment_length,)
        spans = getattr(company, cut)(text, *length)
        assert spans[0][0] == 0
        assert spans[-1][1] == len(company.corpus.tokens[text.id][0])
        assert all(before[1] == after[0] for before, after in pairwise(spans))
        assert all(0 < end - begin < RECIPE.segment_length for begin, end in spans)


def test_apart_no_segment_of_a_clause_holds_a_sentence_without_one(company):
    assert company.clauses()
    for clause in company.clauses():
        document = company.corpus.cut_at(clause.text, company.apart(clause.text))
        own = [(a, b) for a, b in sentences(clause.text.text) if a < clause.end and b > clause.start]
        places = document.places[clause.overlaps(document.places)]
        assert (places[:, 0].min(), places[:, 1].max()) == (own[0][0], own[-1][1])


def test_alone_a_clause_has_its_own_sentences(company):
    for clause in company.clauses():
        document = company.corpus.cut_at(clause.text, company.alone(clause))
        assert clause.overlaps(document.places).all()


def test_the_report_counts_clauses_and_compares_cuts(tmp_path, capsys):
    write_labelled_texts(tmp_path / "texts.jsonl", made_up_texts(24))
    data = ["--data", str(tmp_path / "texts.jsonl"), "--validation", "0.2", "--test", "0.2"]
    write_bert(tmp_path / "bert")
    sizes = ["--layout", "S|SD|D", "--segment-length", "16", "--max-segments", "6", "--window-overlap", "2"]
    start = ["--encoder", str(tmp_path / "bert"), "--output", str(tmp_path / "checkpoint"), "--passes", "1"]
    assert main(["train", *data, *start, *sizes]) == 0
    capsys.readouterr()

    assert main(["company", *data, "--checkpoint", str(tmp_path / "checkpoint")]) == 0

    report = capsys.readouterr().out
    assert re.search(r"\d+ clauses in 10 texts; \d+ reach their label's threshold where they are", report)
    for row in (
        "in segments of its own",
        "as a text of its own",
        "as usual",
        "shifted by half a segment",
        "best of the usual and",
    ):
        assert f"| {row}" in report
