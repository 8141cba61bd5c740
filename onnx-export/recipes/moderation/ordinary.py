"""Paragraphs without any label as data for the recipe: ``python ordinary.py CONTRACTS DECISIONS WORDNET PROSE MANUAL OUTPUT``.

Posts are all that the annotation knows. What contracts, judgments, dictionaries, novels and manuals say of killing, insults and
threats is no reason for a label, and from these paragraphs a model learns that. CONTRACTS is a file of JSON lines, DECISIONS a folder of
CSV files with the words of a paragraph in a line, WORDNET one with the files ``data.noun`` and so on, PROSE one with texts, MANUAL one
with pages of HTML, see README.md. To these come all of ``notices.txt``, which was written for it.
"""

import ast
import csv
import gzip
import html
import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

COUNTS = {"contract": 500, "decision": 1500, "definition": 3000, "prose": 2000, "manual": 1000}
"""Paragraphs of each kind."""
NOTICES = 5
"""How often each notice is written, as there are only sixty."""
_WORDS = range(15, 80)


def main(contracts: Path, decisions: Path, wordnet: Path, prose: Path, manual: Path, target: Path) -> None:
    chance = random.Random(7)
    sources = (of_contracts(contracts), of_decisions(decisions), of_definitions(wordnet), of_prose(prose), of_manual(manual))
    with target.open("w", encoding="utf-8") as lines:
        for (kind, count), paragraphs in zip(COUNTS.items(), sources, strict=True):
            suitable = sorted({each for each in paragraphs if len(each.split()) in _WORDS})
            for number, text in enumerate(chance.sample(suitable, count)):
                lines.write(json.dumps({"id": f"{kind}-{number}", "text": text, "labels": []}, ensure_ascii=False) + "\n")
        notices = (Path(__file__).parent / "notices.txt").read_text(encoding="utf-8").split("\n\n") * NOTICES
        for number, text in enumerate(notices):
            lines.write(
                json.dumps({"id": f"notice-{number}", "text": " ".join(text.split()), "labels": []}, ensure_ascii=False) + "\n"
            )
    print(f"{target}: {sum(COUNTS.values()) + len(notices)} paragraphs")


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
    """What WordNet says of neighbouring words, as many as make twenty words or more."""
    for path in sorted(folder.glob("data.*")):
        said = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            entry, bar, gloss = line.partition(" | ")
            if not bar or line.startswith(" "):
                continue
            said += f"{entry.split()[4].replace('_', ' ')}: {gloss.strip()}. "
            if len(said.split()) >= 20:
                yield said.strip()
                said = ""


def of_prose(folder: Path) -> Iterator[str]:
    """Sentences that follow each other, as many as make thirty words or more."""
    for path in sorted(folder.rglob("*.txt")):
        said = ""
        for sentence in re.split(r"(?<=[.?!]) ", " ".join(path.read_text(encoding="utf-8").split())):
            said += f"{sentence} "
            if len(said.split()) >= 30:
                yield said.strip()
                said = ""


def of_manual(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*.html")):
        for paragraph in re.findall(r"<p>(.*?)</p>", path.read_text(encoding="utf-8", errors="replace"), re.DOTALL):
            yield " ".join(html.unescape(re.sub(r"<[^>]*>", "", paragraph)).split())


if __name__ == "__main__":
    if len(sys.argv) != 7:
        sys.exit("usage: ordinary.py CONTRACTS.jsonl[.gz] DECISIONS WORDNET PROSE MANUAL OUTPUT.jsonl")
    main(*map(Path, sys.argv[1:]))
