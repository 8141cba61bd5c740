"""What tells one encoder from another; each has a module of its own beside this one, which fills this in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from onnx_export.contract import Task

HeadActivation = Literal["tanh", "gelu", "relu"]


@dataclass(frozen=True)
class Family:
    """How the checkpoints of one kind of encoder are written, in terms of BERT's, and what they compute otherwise.

    All are post-norm transformers with absolute positions, whose answer for a text is that of a head over its first token. Weights
    are known by BERT's names from here on; the head is ``pooler.dense``, an activation, ``classifier``.
    """

    name: str
    """For a person."""
    classes: Sequence[str]
    """With which names in ``architectures`` begin, before ``ForSequenceClassification`` and the like."""
    model_types: Sequence[str]
    """``model_type`` in ``config.json``."""
    prefix: str
    """What stands before the names of the encoder's weights."""
    names: Sequence[tuple[str, str]] = ()
    """Parts of weights' names and what BERT calls them, replaced in this order."""
    dense: str = "classifier.dense."
    """With which the names of the head's first layer begin."""
    classifier: str = "classifier.out_proj."
    """With which those of its second begin; of a head for tokens, which has no first, they begin with ``classifier.``."""
    head_activation: HeadActivation = "tanh"
    """Between them."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Keys of ``config.json`` by BERT's names for them, where they are others."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What transformers takes, by BERT's names, where ``config.json`` says nothing."""
    token_types: bool = True
    """Whether the first of a table of token types is added to every token."""
    counts_positions: bool = False
    """Whether positions count the tokens that are not padding, from the padding's id + 1 on, as fairseq does; else all, from 0 on."""
    pad_id: int | None = None
    """That of such padding, where ``config.json`` does not decide it."""
    epsilon: float | None = None
    """Of layer norms, where ``config.json`` does not decide it."""
    relative_positions: bool = False
    """Whether attention has a bias for the distance of two tokens besides; see ``mpnet``."""

    def task_of(self, architecture: str) -> Task | None:
        """The task of a class in ``architectures``; None if it is none of this family, or has a head that is not supported."""
        return next((task for ending, task in HEADS.items() for name in self.classes if architecture == name + ending), None)


HEADS: Mapping[str, Task] = {
    "ForSequenceClassification": "document-classification",
    "ForTokenClassification": "token-classification",
}
"""By the ending of class names."""
