"""Posts as data for the recipe: ``python posts.py POSTS.jsonl[.gz] data.jsonl``; see README.md.

Posts that are nearly the same get one ``group``, so that none of them is measured on after another was learned from: a template of
spam with other numbers in it, a comment that answers another and repeats it. What they say is never printed.
"""

import gzip
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ALIKE = 0.5
"""Share of their runs of three words that two posts have in common (Jaccard) from which on they are nearly the same."""
_COMMON = 100
"""A run of words in more posts than this says nothing."""


def main(source: Path, target: Path) -> None:
    with gzip.open(source, "rt", encoding="utf-8") if source.suffix == ".gz" else source.open(encoding="utf-8") as lines:
        posts: list[dict[str, Any]] = [json.loads(line) for line in lines]
    groups = groups_of([post["text"] for post in posts])
    with target.open("w", encoding="utf-8") as lines:
        for post, group in zip(posts, groups, strict=True):
            record = {key: post[key] for key in ("id", "text", "labels", "spans")}
            lines.write(json.dumps(record | {"group": posts[group]["id"]}, ensure_ascii=False) + "\n")
    print(f"{target}: {len(posts)} posts in {len(set(groups))} groups")


def groups_of(texts: Sequence[str]) -> list[int]:
    """For each text the first one of its group."""
    runs = [_runs_of_words(text) for text in texts]
    leaders = list(range(len(texts)))

    def leader(text: int) -> int:
        while leaders[text] != text:
            leaders[text] = text = leaders[leaders[text]]
        return text

    for one, other in _alike(runs):
        first, second = sorted((leader(one), leader(other)))
        leaders[second] = first
    return [leader(text) for text in range(len(texts))]


def _runs_of_words(text: str) -> frozenset[tuple[str, ...]]:
    words = re.findall(r"\w+", re.sub(r"\d+", "0", text.lower()))
    return frozenset(tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2)))


def _alike(runs: Sequence[frozenset[tuple[str, ...]]]) -> Iterator[tuple[int, int]]:
    holders: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for text, own in enumerate(runs):
        shared: Counter[int] = Counter()
        for run in own:
            if len(holders[run]) < _COMMON:
                shared.update(holders[run])
                holders[run].append(text)
        for other, count in shared.items():
            if count >= ALIKE * (len(own) + len(runs[other]) - count):
                yield text, other


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: posts.py POSTS.jsonl[.gz] TEXTS.jsonl")
    main(*map(Path, sys.argv[1:]))
