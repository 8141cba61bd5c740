import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from onnx_export.problems import ExportError
from onnx_export.text.tokenization import TextTokenizer, utf16_offsets, with_compatibility, without_truncation
from random_checkpoints import tiny_tokenizer


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text(tiny_tokenizer().to_str(), encoding="utf-8")
    return path


@given(st.text())
def test_offsets_count_utf16_code_units(text):
    every_character = [(index, index + 1) for index in range(len(text))]
    utf16 = text.encode("utf-16-le", "surrogatepass")
    for (start, end), character in zip(utf16_offsets(text, every_character), text, strict=True):
        assert utf16[2 * start : 2 * end] == character.encode("utf-16-le", "surrogatepass")


def test_offsets_point_into_the_text_as_received(path):
    text = "Ça — the 📦 GOODS"
    tokens = TextTokenizer(path).tokenize(text)
    assert [text[start:end] for start, end in tokens.offsets] == ["Ç", "a", "—", "the", "📦", "GOODS"]
    assert utf16_offsets(text, tokens.offsets)[-2:] == [(9, 11), (12, 17)]


def test_no_special_tokens_no_truncation_no_padding(path):
    tokenizer = tiny_tokenizer()
    tokenizer.enable_truncation(max_length=4)
    tokenizer.enable_padding(length=50)
    path.write_text(tokenizer.to_str(), encoding="utf-8")
    assert len(TextTokenizer(path).tokenize("the goods " * 10).ids) == 20


def test_a_published_tokenizer_is_stripped_of_truncation_and_padding_alone():
    tokenizer = tiny_tokenizer()
    plain = tokenizer.to_str()
    assert without_truncation(plain) is plain
    tokenizer.enable_truncation(max_length=4)
    tokenizer.enable_padding(length=50)
    assert json.loads(without_truncation(tokenizer.to_str())) == json.loads(plain)


def test_vocabulary_size_is_one_more_than_the_highest_id(path):
    assert TextTokenizer(path).vocabulary_size == 194


def test_a_lone_surrogate_is_read_as_a_replacement_character_and_moves_no_offset(path):
    text = "pay \ud83d the \ude00😀 fee \udfff\ud800"
    tokenizer = TextTokenizer(path)
    assert tokenizer.tokenize(text) == tokenizer.tokenize("pay \ufffd the \ufffd😀 fee \ufffd\ufffd")


def test_an_unusable_file_is_told(tmp_path):
    with pytest.raises(ExportError, match="the file is missing"):
        TextTokenizer(tmp_path / "tokenizer.json")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ExportError, match="is not a tokenizers file"):
        TextTokenizer(tmp_path / "tokenizer.json")


def dropping():
    """Merges that are dropped at random in nine of ten cases."""
    vocabulary = {"a": 0, "b": 1, "ab": 2, "abab": 3, "abababab": 4}
    merges = [("a", "b"), ("ab", "ab"), ("abab", "abab")]
    return Tokenizer(models.BPE(vocabulary, merges, dropout=0.9))


def test_merges_are_never_dropped(path):
    path.write_text(dropping().to_str(), encoding="utf-8")
    tokenizer = TextTokenizer(path)
    assert {tuple(tokenizer.tokenize("abababab").ids) for _ in range(20)} == {(4,)}
    content = json.loads(without_truncation(path.read_text()))
    assert content["model"]["dropout"] is None
    assert content | {"model": None} == json.loads(path.read_text()) | {"model": None}
    undropped = json.dumps(content)
    assert without_truncation(undropped) is undropped


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([], "the file is missing$"),
        (["vocab.json", "merges.txt"], r"vocab\.json and merges\.txt are the older form.*import RobertaTokenizerFast as T; "),
        (["vocab.json"], r"vocab\.json is there, but merges\.txt, which belongs to it, is not"),
        (["merges.txt"], r"merges\.txt is there, but vocab\.json, which belongs to it, is not"),
        (["vocab.txt"], r"vocab\.txt is the older form.*import BertTokenizerFast as T; "),
        (["spiece.model"], r"pip install transformers sentencepiece protobuf, .*import AlbertTokenizerFast as T; "),
        (["sentencepiece.bpe.model"], "import XLMRobertaTokenizerFast as T; "),
        (["tokenizer.model"], "import LlamaTokenizerFast as T; "),
    ],
)
def test_where_only_older_forms_are_there_the_command_that_converts_them_is_told(tmp_path, files, expected):
    for file in files:
        (tmp_path / file).touch()
    with pytest.raises(ExportError) as raised:
        TextTokenizer(tmp_path / "tokenizer.json")
    assert re.search(expected, raised.value.problems[0])


def test_compatible_characters_are_read_as_letters_and_keep_their_places():
    plain, compatible = tiny_tokenizer(), with_compatibility(tiny_tokenizer())
    text = "the ｇｏｏｄｓ ﬁt, x²"
    found = compatible.encode(text, add_special_tokens=False)
    assert found.ids == plain.encode("the goods fit, x2", add_special_tokens=False).ids
    assert text[slice(*found.offsets[1])] == "ｇｏｏｄｓ"
    assert with_compatibility(compatible).to_str() == compatible.to_str()
