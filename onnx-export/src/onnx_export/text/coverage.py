"""How much of some texts a tokenizer hands to a model: what becomes no token, or the unknown one, the model cannot see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Coverage:
    """Characters that are not blank, and tokens: all, and those that are lost."""

    characters: int
    in_no_token: int
    in_unknown_tokens: int
    tokens: int
    unknown_tokens: int

    @staticmethod
    def of(records: Iterable[Mapping[str, Any]], unknown: int | None) -> Coverage:
        """Count over golden records; ``unknown`` is the id of the unknown token, if there is one."""
        counts = [0] * 5
        for record in records:
            ids, offsets = record["token_ids"], record["token_offsets"]
            covered = bytearray(len(record["text"].encode("utf-16-le", "surrogatepass")) // 2)
            for id, (start, end) in zip(ids, offsets, strict=True):
                covered[start:end] = bytes([2 if id == unknown else 1]) * (end - start)
            kinds = _of_characters(record["text"], covered)
            of_record = (len(kinds), kinds.count(0), kinds.count(2), len(ids), sum(id == unknown for id in ids))
            counts = [count + more for count, more in zip(counts, of_record, strict=True)]
        return Coverage(*counts)

    @property
    def is_complete(self) -> bool:
        return self.in_no_token == self.in_unknown_tokens == 0

    def __str__(self) -> str:
        def share(part: int, whole: int) -> str:
            return f"{part:,} of {whole:,} ({100 * part / whole:.1f} %)"

        return (
            f"of the characters of the golden texts, {share(self.in_no_token, self.characters)} end in no token and "
            f"{share(self.in_unknown_tokens, self.characters)} in unknown tokens; of their tokens, "
            f"{share(self.unknown_tokens, self.tokens)} are unknown. The model cannot see these; if they are many, this is not the "
            "tokenizer that it was trained with"
        )


def _of_characters(text: str, covered: bytearray) -> bytes:
    """By character that is not blank, what covers its first UTF-16 unit."""
    kinds = bytearray()
    unit = 0
    for character in text:
        if not character.isspace():
            kinds.append(covered[unit])
        unit += 2 if ord(character) > 0xFFFF else 1
    return bytes(kinds)
