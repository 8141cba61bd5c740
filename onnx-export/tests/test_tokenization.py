import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export.problems import ExportError
from onnx_export.tokenization import TextTokenizer, utf16_offsets, with_compatibility, without_truncation
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


def test_compatible_characters_are_read_as_letters_and_keep_their_places():
    plain, compatible = tiny_tokenizer(), with_compatibility(tiny_tokenizer())
    text = "the ｇｏｏｄｓ ﬁt, x²"
    found = compatible.encode(text, add_special_tokens=False)
    assert found.ids == plain.encode("the goods fit, x2", add_special_tokens=False).ids
    assert text[slice(*found.offsets[1])] == "ｇｏｏｄｓ"
    assert with_compatibility(compatible).to_str() == compatible.to_str()
