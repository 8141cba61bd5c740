"""Paragraphs without any label as data for the recipe: ``python ordinary.py CONTRACTS DECISIONS WORDNET PROSE MANUAL OUTPUT``.

Only posts are annotated. A contract, a judgment, a dictionary, a novel or a manual may speak of killing, insults and threats without
deserving a label, and these paragraphs teach a model so. All of ``notices.txt``, which was written for this, is added to them.

CONTRACTS is a file of JSON lines. The others are folders: DECISIONS of CSV files with a paragraph's words in each row, WORDNET of
``data.noun`` and its like, PROSE of texts, MANUAL of HTML pages. README.md says where to get them.
"""

import ast
import csv
import gzip
import html
import json
import random
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

COUNTS = {"contract": 500, "decision": 1500, "definition": 3000, "prose": 2000, "manual": 1000}
"""Paragraphs of each kind."""
NOTICES = 5
"""How often each notice is written, as there are only sixty."""
_WORDS = range(15, 80)


def main(contracts: Path, decisions: Path, wordnet: Path, prose: Path, manual: Path, target: Path) -> None:
    chance = random.Random(7)
    sources = (
        (contracts, of_contracts),
        (decisions, of_decisions),
        (wordnet, of_definitions),
        (prose, of_prose),
        (manual, of_manual),
    )
    drawn: list[tuple[str, str]] = []
    for (kind, count), (source, paragraphs_of) in zip(COUNTS.items(), sources, strict=True):
        suitable = sorted({each for each in paragraphs_of(source) if len(each.split()) in _WORDS})
        if len(suitable) < count:
            sys.exit(
                f"ordinary.py: {source} holds {len(suitable)} paragraphs of {_WORDS.start} to {_WORDS.stop - 1} words, "
                f"expected at least {count}; README.md says what belongs there"
            )
        drawn += [(f"{kind}-{number}", text) for number, text in enumerate(chance.sample(suitable, count))]
    notices = (Path(__file__).parent / "notices.txt").read_text(encoding="utf-8").split("\n\n") * NOTICES
    drawn += [(f"notice-{number}", " ".join(text.split())) for number, text in enumerate(notices)]
    with target.open("w", encoding="utf-8") as lines:
        for name, text in drawn:
            lines.write(json.dumps({"id": name, "text": text, "labels": []}, ensure_ascii=False) + "\n")
    print(f"{target}: {len(drawn)} paragraphs")


def of_contracts(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            yield from (" ".join(each.split()) for each in re.split(r"\n\s*\n", json.loads(line)["text"]))


def of_decisions(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*.csv")):
        with path.open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows, delimiter="\t"):
                words = " ".join(ast.literal_eval(row["tokens"]))
                yield re.sub(r" ([.,;:!?)\]’”])", r"\1", re.sub(r"([(\[‘“]) ", r"\1", words))


def of_definitions(folder: Path) -> Iterator[str]:
    """What WordNet says of neighbouring words."""
    for path in sorted(folder.glob("data.*")):
        entries = (line.partition(" | ") for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith(" "))
        yield from _joined(
            (f"{entry.split()[4].replace('_', ' ')}: {gloss.strip()}." for entry, bar, gloss in entries if bar), least=20
        )


def of_prose(folder: Path) -> Iterator[str]:
    """Sentences that follow each other."""
    for path in sorted(folder.rglob("*.txt")):
        yield from _joined(re.split(r"(?<=[.?!]) ", " ".join(path.read_text(encoding="utf-8").split())), least=30)


def _joined(parts: Iterable[str], *, least: int) -> Iterator[str]:
    """As many parts as make so many words; what is left at the end is dropped."""
    said: list[str] = []
    for part in parts:
        said.append(part)
        if sum(len(each.split()) for each in said) >= least:
            yield " ".join(said)
            said = []


def of_manual(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*.html")):
        for paragraph in re.findall(r"<p>(.*?)</p>", path.read_text(encoding="utf-8", errors="replace"), re.DOTALL):
            yield " ".join(html.unescape(re.sub(r"<[^>]*>", "", paragraph)).split())


if __name__ == "__main__":
    if len(sys.argv) != 7:
        sys.exit("usage: ordinary.py CONTRACTS.jsonl[.gz] DECISIONS WORDNET PROSE MANUAL OUTPUT.jsonl")
    main(*map(Path, sys.argv[1:]))
