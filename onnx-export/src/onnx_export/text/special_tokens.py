"""Which tokens a ``tokenizer.json`` names as CLS, as padding and so on, and whether a model counts on the same."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnx_export.json_files import read_json_object
from onnx_export.problems import ExportError
from onnx_export.text.tokenization import TextTokenizer

CUSTOMARY: Mapping[str, tuple[str, ...]] = {
    "cls": ("[CLS]", "<s>", "<cls>"),
    "pad": ("[PAD]", "<pad>"),
    "sep": ("[SEP]", "</s>", "<sep>"),
    "unk": ("[UNK]", "<unk>"),
    "mask": ("[MASK]", "<mask>"),
}
"""By purpose, the names of BERT's, RoBERTa's and XLNet's vocabularies, those first that count where there are several."""

_SPARE_ROWS = 1000
"""Embeddings beyond the vocabulary that say nothing: tables are rounded up, and published vocabularies leave gaps."""

_BESIDE = ("special_tokens_map.json", "tokenizer_config.json")


@dataclass(frozen=True)
class NamedToken:
    """A token that the vocabulary has, its id, and what names it for its purpose."""

    token: str
    id: int
    where: str


class SpecialTokens:
    """The tokens with a purpose of a ``tokenizer.json``, by what it says itself, what the files beside it say, and custom."""

    def __init__(self, path: Path) -> None:
        """Read them.

        Raises:
            ExportError: if the file is not in the format of Hugging Face ``tokenizers``, or one beside it is not JSON.
        """
        self._tokenizer = TextTokenizer(path)
        self._content: dict[str, Any] = json.loads(path.read_bytes().decode("utf-8"))
        self._named: dict[str, list[NamedToken]] = {}
        for purpose, token, where in (*self._own(), *_beside(path.parent)):
            id = self._tokenizer.id_of(token)
            if id is not None:
                self._named.setdefault(purpose, []).append(NamedToken(token, id, where))

    def of(self, purpose: str) -> Sequence[NamedToken]:
        """What a purpose of ``CUSTOMARY`` is said to be served by; else, those of its customary names that there are."""
        if purpose in self._named:
            return self._named[purpose]
        added = {token["content"] for token in self._content.get("added_tokens") or []}
        customary = [
            NamedToken(token, id, "by its name")
            for token in CUSTOMARY[purpose]
            if (id := self._tokenizer.id_of(token)) is not None
        ]
        return [token for token in customary if token.token in added] or customary

    def contradictions(self, expected: Mapping[str, tuple[str, int]]) -> Iterator[str]:
        """What does not fit.

        Args:
            expected: by purpose the key, such as ``cls_token_id``, and the id that the model counts on.
        """
        for purpose, (key, id) in expected.items():
            named = self.of(purpose)
            explicit = purpose in self._named
            # Of customary names one will do; what is named for its purpose must agree.
            wrong = [token for token in named if token.id != id]
            if wrong and (explicit or len(wrong) == len(named)):
                found = self._tokenizer.token_of(id)
                yield (
                    f"{key} is {id}, which is {f'the token {found!r}' if found is not None else 'no token'} here, but the "
                    f"{purpose.upper()} token is {wrong[0].token!r} with the id {wrong[0].id} ({wrong[0].where}): "
                    f"the tokenizer of another model, or a wrong {key}"
                )

    def _own(self) -> Iterator[tuple[str, str, str]]:
        yield from _of_post_processor(self._content.get("post_processor"))
        match self._content.get("padding"):
            case {"pad_token": str(token)}:
                yield "pad", token, "padding"
        match self._content.get("model"):
            case {"unk_token": str(token)}:
                yield "unk", token, "model"
            case {"unk_id": int(id), "vocab": list(vocabulary)} if id < len(vocabulary):
                yield "unk", vocabulary[id][0], "model"


def _of_post_processor(processor: object) -> Iterator[tuple[str, str, str]]:
    match processor:
        case {"processors": list(processors)}:
            for each in processors:
                yield from _of_post_processor(each)
        case {"type": "BertProcessing" | "RobertaProcessing", "cls": [str(cls), *_], "sep": [str(sep), *_]}:
            yield "cls", cls, "post_processor"
            yield "sep", sep, "post_processor"
        case {"type": "TemplateProcessing", "single": [*pieces], "special_tokens": {**tokens}}:
            names = [piece.get("SpecialToken", {}).get("id") for piece in pieces]
            # What stands before the text is its CLS; what ends it, if something else, separates.
            for purpose, name in (("cls", names[0]), ("sep", names[-1])) if len(names) > 1 else ():
                match tokens.get(name):
                    case {"tokens": [str(token)]}:
                        yield purpose, token, "post_processor"


def _beside(folder: Path) -> Iterator[tuple[str, str, str]]:
    for name in _BESIDE:
        if (folder / name).is_file():
            content = read_json_object(folder / name)
            for purpose in CUSTOMARY:
                match content.get(f"{purpose}_token"):
                    case str(token) | {"content": str(token)}:
                        yield purpose, token, name


def check_special_tokens(path: Path, expected: Mapping[str, tuple[str, int]]) -> None:
    """Refuse a ``tokenizer.json`` whose tokens serve other purposes than a model counts on; see ``contradictions``.

    Raises:
        ExportError: naming every id that does not fit.
    """
    if problems := list(SpecialTokens(path).contradictions(expected)):
        raise ExportError(str(path), problems)


def check_vocabulary(path: Path, rows: int) -> None:
    """Refuse a ``tokenizer.json`` that gives ids beyond a model's ``rows`` embeddings; of one that leaves many without a token, warn.

    Raises:
        ExportError: see above, or the tokenizer cannot be read.
    """
    vocabulary = TextTokenizer(path).vocabulary_size
    if vocabulary > rows:
        raise ExportError(
            str(path), [f"gives ids up to {vocabulary - 1}, but vocab_size in config.json is {rows}: not this model's tokenizer"]
        )
    if rows - vocabulary > max(_SPARE_ROWS, rows // 20):
        print(
            f"warning: {path.name} has {vocabulary:,} tokens, and the model embeddings of {rows:,}, so {rows - vocabulary:,} are never "
            "used; is this the tokenizer that it was trained with?",
            file=sys.stderr,
        )
