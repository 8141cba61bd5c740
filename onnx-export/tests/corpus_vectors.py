"""What the two languages must find in each text of the corpus, as digests: in full it would be thousands of times the texts.

A digest is the first twelve hexadecimal digits of the SHA-256 of numbers in decimal, lists of them as follows.

``sentences``  starts, UTF-16 code units, joined by ``,``
``tokens``     ids, starts and ends likewise, the three lists joined by ``|``
``cleaned``    the code points of what ``pdf`` cleans to, and where each begins and ends in the text
``segments``   for each of ``CUTS`` the token after the last of every segment, the lists joined by ``|``
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from corpus import CorpusText
from onnx_export.text.cleaning import clean
from onnx_export.text.cutting import TextCutter
from onnx_export.text.segmentation import SegmenterName, segment, sentence_starts
from onnx_export.text.tokenization import TextTokenizer, Tokens, utf16_offsets

CUTS: Sequence[tuple[SegmenterName, int]] = [("sentence", 2), ("sentence", 16), ("sentence", 128), ("uniform", 128)]


def digest(lists: Iterable[Iterable[int]]) -> str:
    return hashlib.sha256("|".join(",".join(map(str, numbers)) for numbers in lists).encode()).hexdigest()[:12]


def corpus_record(text: CorpusText, tokenize: Mapping[str, Callable[[str], Tokens]]) -> dict[str, Any]:
    """One text and its digests; ``tokenizers`` has the number of tokens, and the digests of tokens, segments and tokens sentence by sentence."""
    content = text.text
    cleaned = clean(content, "pdf")
    places = utf16_offsets(content, [cleaned.original((at, at + 1)) for at in range(len(cleaned.text))])
    starts = utf16_offsets(content, [(start, start) for start in sentence_starts(content)])
    tokenizers = {}
    for name, tokens_of in tokenize.items():
        tokens = tokens_of(content)
        offsets = utf16_offsets(content, tokens.offsets)
        alone, _ = TextCutter(tokens_of, "none", "per-sentence", "uniform", 128).cut(content)
        alone_offsets = utf16_offsets(content, alone.offsets)
        cuts = [segment(content, tokens.offsets, segmenter=segmenter, segment_length=K) for segmenter, K in CUTS]
        tokenizers[name] = [
            len(tokens.ids),
            digest([tokens.ids, [start for start, _ in offsets], [end for _, end in offsets]]),
            digest([end for _, end in segments] for segments in cuts),
            digest([alone.ids, [start for start, _ in alone_offsets], [end for _, end in alone_offsets]]),
        ]
    return {
        "name": text.name,
        "unit": text.unit,
        "times": text.times,
        "sentences": digest([[start for start, _ in starts]]),
        "cleaned": digest([map(ord, cleaned.text), [start for start, _ in places], [end for _, end in places]]),
        "tokenizers": tokenizers,
    }


def renumbered(tokenizer: TextTokenizer, numbers: Mapping[int, int]) -> Callable[[str], Tokens]:
    def tokenize(text: str) -> Tokens:
        tokens = tokenizer.tokenize(text)
        return Tokens([numbers[number] for number in tokens.ids], tokens.offsets)

    return tokenize


def write_corpus(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """ASCII, so that halves of characters can be written."""
    lines = "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records)
    path.write_bytes(gzip.compress(lines.encode("ascii"), compresslevel=9, mtime=0))


def read_corpus(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
