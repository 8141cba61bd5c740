"""Text to token ids and UTF-16 offsets, by the tokenizer of a bundle."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from tokenizers import Tokenizer, normalizers

from onnx_export.json_files import read_json_object
from onnx_export.problems import ExportError
from onnx_export.text.segmentation import Span

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
        self._tokenizer = open_tokenizer(path)

    def tokenize(self, text: str) -> Tokens:
        """Tokenize a text.

        A surrogate without its partner is no character; like every decoder, this sees U+FFFD in its place. In a Python string every
        surrogate is such: the two of a pair, read from UTF-8, UTF-16 or JSON, are one character there.
        """
        encoding = self._tokenizer.encode(_SURROGATE.sub("\ufffd", text), add_special_tokens=False)
        return Tokens(list(encoding.ids), list(encoding.offsets))

    def around_texts(self) -> tuple[list[int], list[int]]:
        """The ids that the file puts before and after a text, which ``tokenize`` leaves out."""
        encoding = self._tokenizer.encode("a", add_special_tokens=True)
        added = list(encoding.special_tokens_mask)
        ids, first = list(encoding.ids), added.index(0) if 0 in added else len(added)
        last = len(added) - (added[::-1].index(0) if 0 in added else 0)
        return ids[:first], ids[last:]

    def id_of(self, *names: str) -> int | None:
        """The id of the first of some tokens that the vocabulary has."""
        return next((id for id in map(self._tokenizer.token_to_id, names) if id is not None), None)

    def token_of(self, id: int) -> str | None:
        """The token with an id, if there is one."""
        token: str | None = self._tokenizer.id_to_token(id)
        return token

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


def open_tokenizer(path: Path) -> Tokenizer:
    """Load a ``tokenizer.json`` as it is used outside training: it cuts nothing, pads nothing, and drops no merges at random.

    Raises:
        ExportError: if the file is missing or not in the format of Hugging Face ``tokenizers``.
    """
    try:
        tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ExportError(str(path), [missing_tokenizer(path.parent)]) from None
    except Exception as error:  # the binding raises plain Exception
        raise ExportError(str(path), [f"is not a tokenizers file: {error}"]) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    if getattr(tokenizer.model, "dropout", None):
        tokenizer.model.dropout = None
    return tokenizer


_OLDER_FORMS = (
    (("vocab.json", "merges.txt"), "RobertaTokenizerFast"),
    (("vocab.txt",), "BertTokenizerFast"),
    (("sentencepiece.bpe.model",), "XLMRobertaTokenizerFast"),
    (("spiece.model",), "AlbertTokenizerFast"),
    (("tokenizer.model",), "LlamaTokenizerFast"),
)


def missing_tokenizer(folder: Path) -> str:
    """What to do where there is no ``tokenizer.json``: how to make one of the older files that a folder may hold instead."""
    for files, tokenizer_class in _OLDER_FORMS:
        there = [name for name in files if (folder / name).is_file()]
        if there and len(there) < len(files):
            return f"the file is missing; {there[0]} is there, but {(set(files) - set(there)).pop()}, which belongs to it, is not"
        if there:
            if _is_of_transformers(folder):
                tokenizer_class = "AutoTokenizer"
            extra = " sentencepiece protobuf" if there[0].endswith(".model") else ""
            command = f"from transformers import {tokenizer_class} as T; T.from_pretrained({str(folder)!r}).save_pretrained({str(folder)!r})"
            return (
                f"the file is missing; {' and '.join(there)} {'are' if len(there) > 1 else 'is'} the older form of it. To make it, run "
                f'pip install transformers{extra}, then python -c "{command}" (or with the class that the model was trained with)'
            )
    return "the file is missing"


def _is_of_transformers(folder: Path) -> bool:
    """Whether the checkpoint is one that transformers knows by its own code, and so also which tokenizer it has."""
    path = folder / "config.json"
    content = read_json_object(path) if path.is_file() else {}
    return "model_type" in content and not str(content.get("architectures")).startswith("['HAT")


def utf16_offsets(text: str, spans: Sequence[Span]) -> list[Span]:
    """Spans of code points as spans of UTF-16 code units, which is how Java counts: a character beyond U+FFFF counts twice."""
    if text.isascii():
        return list(spans)
    unit = [0, *accumulate(2 if ord(character) > 0xFFFF else 1 for character in text)]
    return [(unit[start], unit[end]) for start, end in spans]


def without_truncation(tokenizer: str) -> str:
    """The text of a ``tokenizer.json`` with truncation, padding and the dropout of BPE off; unchanged if they are.

    Published files often cut at the length of the model they come with, or drop merges at random as in training, and some readers
    obey.
    """
    content = json.loads(tokenizer)
    model = content.get("model", {})
    if content.get("truncation") is None and content.get("padding") is None and not model.get("dropout"):
        return tokenizer
    still = {"model": model | {"dropout": None}} if model.get("dropout") else {}
    return json.dumps(content | {"truncation": None, "padding": None} | still, ensure_ascii=False)
