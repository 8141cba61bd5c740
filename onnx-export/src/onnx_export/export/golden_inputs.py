"""Texts to replay whenever a bundle is opened, and to calibrate on where nothing better is given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnx_export.json_files import read_json_lines
from onnx_export.text.cutting import BETWEEN_SEGMENTS

GOLDEN_INPUTS = "golden-inputs.jsonl"
"""Beside a checkpoint."""


@dataclass(frozen=True)
class GoldenInput:
    """A text, or the segments that one came in."""

    id: str
    text: str | tuple[str, ...]

    @property
    def whole(self) -> str:
        """The text, segments put together."""
        return self.text if isinstance(self.text, str) else BETWEEN_SEGMENTS.join(self.text)

    def record(self) -> dict[str, Any]:
        """As a file of inputs has it."""
        return {"id": self.id, "text": self.text} if isinstance(self.text, str) else {"id": self.id, "segments": list(self.text)}


DEFAULT_INPUTS = (
    GoldenInput("word", "Agreed"),
    GoldenInput(
        "clause",
        "Either party may end this agreement by sixty days' written notice. Fees paid before that day are not returned; "
        "those due remain due. No. 4 of the schedule says how notice is given.",
    ),
    GoldenInput(
        "letter",
        "Dear Ms. Okafor,\r\n\r\nThank you for your call on 3 March. We have looked into the delay (it was ours) and will "
        "refund the freight of U.S. $48.50!\r\n\r\nKind regards,\r\nThe Harbour Office",
    ),
    GoldenInput(
        "beyond-the-basic-plane",
        "The parcel came 📦🚚 two days late 😡. 𝒲hat now? Ça ne va pas… 荷物は届きました。しかし箱が壊れていた！ شكرا لكم.",
    ),
    GoldenInput(
        "from-a-pdf",
        "The oﬃce ﬁlls the ﬁrst oﬀer; eﬀects and aﬄuent ﬆaﬀ are conﬁ-\ndential. The soft\u00adware is a\u200bn ﬅored work.\n\n- 3 -\n\n"
        "Ｔｈｅ｟ｓｕｍ｠ｉｓ\u00a012½\u202f€ … “paid”&nbsp;at once",
    ),
    GoldenInput(
        "numbered",
        "1. Scope\n1.1. The seller delivers the goods at the quay.\n1.2. The buyer unloads them within 4 hours.\n\n"
        "2. Price\nThe price is fixed for a year; thereafter it follows the index of the Port Authority.",
    ),
)
"""Written for this purpose: one word, full stops that end no sentence, Windows line breaks, characters of two UTF-16 units."""


def long_input(segments: int, segment_length: int) -> GoldenInput:
    """A text that needs more than so many segments with any usual tokenizer."""
    return GoldenInput("long", " ".join(_sentences(segments * segment_length // 16 + 2)))


def long_text(characters: int) -> str:
    """A text of so many characters."""
    return " ".join(_sentences(characters // 64 + 1))[:characters]


def _sentences(count: int) -> list[str]:
    return [
        f"On day {day} the crew moved {day * 7} crates from the quay to shed {day % 5} and wrote it in the log."
        for day in range(1, count + 1)
    ]


def read_inputs(path: Path) -> list[GoldenInput]:
    """Read inputs, one JSON object {"id", "text"} per line, or {"id", "segments"} with a list of texts.

    Raises:
        ExportError: naming every line that is something else.
    """
    taken: set[str] = set()

    def parse(_: int, record: dict[str, Any]) -> GoldenInput:
        match record:
            # Golden records are inputs too: their segments are runs of tokens.
            case {"id": str(id), "text": str(text)} if not _are_texts(record.get("segments")):
                given = GoldenInput(id, text)
            case {"id": str(id), "segments": list(segments)} if "text" not in record and _are_texts(segments):
                given = GoldenInput(id, tuple(segments))
            case _:
                raise ValueError("expected an object with the texts id and text, or id and a list of texts, segments")
        if given.id in taken:
            raise ValueError(f"id {given.id!r} is taken")
        taken.add(given.id)
        return given

    return read_json_lines(path, parse, empty="is empty, expected at least one input")


def _are_texts(given: object) -> bool:
    return isinstance(given, list) and bool(given) and all(isinstance(each, str) for each in given)
