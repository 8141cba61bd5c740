"""The ids that begin, end and fill up a text for an encoder, by its ``tokenizer.json``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from onnx_export.contract import TOKENIZER
from onnx_export.encoder.checkpoint import EncoderCheckpoint
from onnx_export.problems import ExportError
from onnx_export.text.special_tokens import SpecialTokens, check_vocabulary
from onnx_export.text.tokenization import TextTokenizer


@dataclass(frozen=True)
class TextIds:
    """Where transformers gives a text ``[CLS] … [SEP]``, the ids of these, and an id for what is masked."""

    cls: int
    sep: int
    pad: int


def text_ids(folder: Path, checkpoint: EncoderCheckpoint) -> TextIds:
    """What the tokenizer puts around a text; where its file does not say, the tokens of these purposes by their names.

    Raises:
        ExportError: if the tokenizer cannot be read, is another model's, or puts something else around a text.
    """
    path = folder / TOKENIZER
    tokenizer, special = TextTokenizer(path), SpecialTokens(path)
    check_vocabulary(path, checkpoint.config.vocabulary_size)
    before, after = tokenizer.around_texts()
    if not before and not after:
        before, after = ([token.id for token in special.of(purpose)[:1]] for purpose in ("cls", "sep"))
    if len(before) != 1 or len(after) != 1:
        found = f"{_shown(tokenizer, before)} before a text and {_shown(tokenizer, after)} after it"
        raise ExportError(
            str(path), [f"puts {found}, expected one token each, such as [CLS] and [SEP]: a tokenizer of another kind of model"]
        )
    pads = special.of("pad")
    return TextIds(before[0], after[0], pads[0].id if pads else before[0])


def _shown(tokenizer: TextTokenizer, ids: list[int]) -> str:
    return " ".join(str(tokenizer.token_of(id)) for id in ids) or "nothing"
