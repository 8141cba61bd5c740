"""Text to token ids and UTF-16 offsets, by the tokenizer of a bundle."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from tokenizers import Tokenizer, normalizers

from onnx_export.problems import ExportError
from onnx_export.segmentation import Span

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Tokens:
    """The tokens of a text, without special tokens. Offsets count code points, as Python and the tokenizer do."""

    ids: list[int]
    offsets: list[Span]


class TextTokenizer:
    """Tokenizes whole texts: no special tokens added, nothing cut, nothing padded, whatever the file says about that."""

    def __init__(self, path: Path) -> None:
        """Load a ``tokenizer.json``.

        Raises:
            ExportError: if the file is missing or not in the format of Hugging Face ``tokenizers``.
        """
        try:
            self._tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ExportError(str(path), ["the file is missing"]) from None
        except Exception as error:  # the binding raises plain Exception
            raise ExportError(str(path), [f"is not a tokenizers file: {error}"]) from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def tokenize(self, text: str) -> Tokens:
        """Tokenize a text.

        A surrogate without its partner is no character; like every decoder, this sees U+FFFD in its place. In a Python string every
        surrogate is such: the two of a pair, read from UTF-8, UTF-16 or JSON, are one character there.
        """
        encoding = self._tokenizer.encode(_SURROGATE.sub("\ufffd", text), add_special_tokens=False)
        return Tokens(list(encoding.ids), list(encoding.offsets))

    def id_of(self, *names: str) -> int | None:
        """The id of the first of some tokens that the vocabulary has."""
        return next((id for id in map(self._tokenizer.token_to_id, names) if id is not None), None)

    @property
    def vocabulary_size(self) -> int:
        """One more than the highest token id."""
        return max(self._tokenizer.get_vocab(with_added_tokens=True).values(), default=-1) + 1


def with_compatibility(tokenizer: Tokenizer) -> Tokenizer:
    """The tokenizer with NFKC before its own normalization, if it has none yet: ligatures, full-width forms and the like are read as letters."""
    own = tokenizer.normalizer
    if own is None:
        tokenizer.normalizer = normalizers.NFKC()
    elif '"NFKC"' not in tokenizer.to_str().partition('"pre_tokenizer"')[0]:
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), own])
    return tokenizer


def cls_token_id(path: Path) -> int | None:
    """The id of the token that begins a text in BERT's or RoBERTa's vocabulary; None if a ``tokenizer.json`` has neither.

    Raises:
        ExportError: if the file is not in the format of Hugging Face ``tokenizers``.
    """
    return TextTokenizer(path).id_of("[CLS]", "<s>")


def utf16_offsets(text: str, spans: Sequence[Span]) -> list[Span]:
    """Spans of code points as spans of UTF-16 code units, which is how Java counts: a character beyond U+FFFF counts twice."""
    if text.isascii():
        return list(spans)
    unit = [0, *accumulate(2 if ord(character) > 0xFFFF else 1 for character in text)]
    return [(unit[start], unit[end]) for start, end in spans]


def without_truncation(tokenizer: str) -> str:
    """The text of a ``tokenizer.json`` with truncation and padding off; unchanged if they are.

    Published files often cut at the length of the model they come with, and some readers obey.
    """
    content = json.loads(tokenizer)
    if content.get("truncation") is None and content.get("padding") is None:
        return tokenizer
    return json.dumps(content | {"truncation": None, "padding": None}, ensure_ascii=False)
