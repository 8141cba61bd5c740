"""What a language model learns from: texts as bytes, some of them held out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export.json_files import read_data_lines


@dataclass(frozen=True)
class CleanText:
    text: bytes
    """UTF-8, as it came: a language model should notice what cleaning would remove."""
    group: str
    """Texts of one group (near-duplicates) are held out together."""


@dataclass(frozen=True)
class CleanTexts:
    learned: list[bytes]
    held_out: list[bytes]

    @classmethod
    def read(cls, paths: Sequence[Path], held_out: float) -> CleanTexts:
        """Read files and folders, see ``read_clean_texts``; a group's name alone decides whether it is held out.

        Args:
            paths: what to read.
            held_out: share of the groups.

        Raises:
            OSError: if a file cannot be read.
            ValueError: if one holds something else, or nothing is left to learn from or to measure on.
        """
        texts = [text for path in paths for text in read_clean_texts(path)]
        learned: list[bytes] = []
        measured: list[bytes] = []
        for text in texts:
            (measured if _is_held_out(text.group, held_out) else learned).append(text.text)
        if not learned or not measured:
            raise ValueError(
                f"of {len(texts)} texts {len(learned)} are left to learn from and {len(measured)} to measure on, expected "
                "some of both: give more texts, or another --held-out"
            )
        return cls(learned, measured)

    @property
    def sha256(self) -> str:
        """Of all texts, in their order."""
        digest = hashlib.sha256()
        for text in [*self.learned, *self.held_out]:
            digest.update(hashlib.sha256(text).digest())
        return digest.hexdigest()


def _is_held_out(group: str, share: float) -> bool:
    return int.from_bytes(hashlib.sha256(group.encode()).digest()[:4]) < share * 2**32


def read_clean_texts(path: Path) -> Iterator[CleanText]:
    """Read a text file, a file with a JSON object per line (gzip allowed), or every such file in a folder and those in it.

    Objects have ``text`` and perhaps ``group``; other keys are not read. Empty texts are left out.

    Raises:
        OSError: if a file cannot be read.
        ValueError: names what is not as expected.
    """
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if _is_text(file) or _is_lines(file))
        if not files:
            raise ValueError(f"{path} holds no .txt, .jsonl or .jsonl.gz file, expected texts to learn from")
        for file in files:
            yield from read_clean_texts(file)
    elif _is_lines(path):
        yield from (text for text in read_data_lines(path, _parse) if text.text)
    elif _is_text(path):
        content = path.read_bytes()
        try:
            content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} is not in UTF-8 (at byte {error.start}); convert it, or leave it out") from None
        if content:
            yield CleanText(content, hashlib.sha256(content).hexdigest())
    else:
        raise ValueError(f"{path} is no folder, .txt, .jsonl or .jsonl.gz file, expected texts to learn from")


def _is_text(path: Path) -> bool:
    return path.suffix == ".txt"


def _is_lines(path: Path) -> bool:
    return path.name.endswith((".jsonl", ".jsonl.gz"))


def _parse(_: int, record: dict[str, Any]) -> CleanText:
    if not isinstance(record.get("text"), str):
        raise ValueError(f"text is {record.get('text')!r}, expected a string")
    content = record["text"].encode("utf-8", "replace")
    group = record.get("group")
    return CleanText(content, hashlib.sha256(content).hexdigest() if group is None else str(group))


class Windows:
    """Windows of L bytes from anywhere in the texts, the same for the same number of a step, so that a training can go on."""

    def __init__(self, texts: Sequence[bytes], length: int, seed: int) -> None:
        self.texts = [np.frombuffer(text, np.uint8) for text in texts]
        self.length, self.seed = length, seed
        sizes = np.array([len(text) for text in texts], np.float64)
        self.ends = np.cumsum(sizes) / sizes.sum()

    def draw(self, step: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Ids [count, L], and where they are no padding, which stands at the end. Long texts come up more often than short ones."""
        random = np.random.default_rng([self.seed, step])
        ids, real = np.zeros((count, self.length), np.int64), np.zeros((count, self.length), np.bool_)
        for row, place in enumerate(random.random(count)):
            text = self.texts[min(int(np.searchsorted(self.ends, place, "right")), len(self.texts) - 1)]
            first = int(random.integers(0, max(1, len(text) - self.length + 1)))
            piece = text[first : first + self.length]
            ids[row, : len(piece)], real[row, : len(piece)] = piece, True
        return ids, real
