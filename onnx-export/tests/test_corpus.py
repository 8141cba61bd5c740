"""The corpus and what is found in it are what Java's tests read; run ``make_test_bundles.py`` if not."""

import json
import os
from itertools import pairwise
from pathlib import Path

import pytest

from corpus import CorpusText, corpus
from corpus_vectors import CUTS, corpus_record, read_corpus, renumbered
from make_test_bundles import CORPUS, RESOURCES, open_tokenizers
from onnx_export.text.segmentation import segment
from onnx_export.text.tokenization import TextTokenizer, utf16_offsets
from roberta_form import numbering

pytestmark = pytest.mark.skipif(not RESOURCES.is_dir(), reason="needs the whole repository")

PUBLISHED = os.environ.get("ROBERTA_TOKENIZER")
"""A ``tokenizer.json`` of roberta-base, which is tried as well if it is named."""


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory):
    _, bert, roberta = open_tokenizers(tmp_path_factory.mktemp("tokenizers"))
    return {"bert": bert, "roberta": roberta}


def test_there_are_over_a_thousand_texts():
    assert len({text.text for text in corpus()}) > 1000


def test_the_corpus_is_current(tokenizers):
    tokenize = {name: tokenizer.tokenize for name, tokenizer in tokenizers.items()}
    committed = read_corpus(CORPUS)
    for text, expected in zip(corpus(), committed, strict=True):
        assert json.loads(json.dumps(corpus_record(text, tokenize))) == expected


if PUBLISHED:

    def test_the_published_roberta_base_finds_the_same():
        path = Path(PUBLISHED)
        tokenize = {"roberta": renumbered(TextTokenizer(path), numbering(path))}
        for record in read_corpus(CORPUS):
            text = CorpusText(record["name"], record["unit"], record["times"])
            assert corpus_record(text, tokenize)["tokenizers"]["roberta"] == record["tokenizers"]["roberta"], text.name


@pytest.mark.parametrize("name", ["bert", "roberta"])
def test_segments_hold_all_tokens_and_spans_lie_in_the_text_in_order(tokenizers, name):
    for text in corpus():
        if text.name == "large-word":
            continue
        tokens = tokenizers[name].tokenize(text.text)
        spans = [(0, 0), *tokens.offsets, (len(text.text),) * 2]
        assert all(a[0] <= b[0] and a[1] <= b[1] and b[0] <= b[1] for a, b in pairwise(spans)), text.name
        units = len(text.text.encode("utf-16-le", "surrogatepass")) // 2
        assert all(end <= units for _, end in utf16_offsets(text.text, tokens.offsets))
        for segmenter, K in CUTS:
            segments = segment(text.text, tokens.offsets, segmenter=segmenter, segment_length=K)
            assert [first for first, _ in segments] == [0, *(end for _, end in segments)][: len(segments)]
            assert (segments[-1][1] if segments else 0) == len(tokens.ids)
            assert all(1 <= end - first <= K - 1 for first, end in segments)
