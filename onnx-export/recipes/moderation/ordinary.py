"""Paragraphs without any label as data for the recipe: ``python ordinary.py CONTRACTS.jsonl[.gz] DECISIONS ordinary.jsonl``.

Posts are all that the annotation knows. What contracts and judgments say of killing, insults and threats is no reason for a label, and
from these paragraphs a model learns that. DECISIONS is a folder of CSV files with the words of a paragraph in a line, see README.md.
"""

import ast
import csv
import gzip
import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

OF_EACH = 400
"""Paragraphs of contracts, and of decisions."""
_WORDS = range(15, 80)


def main(contracts: Path, decisions: Path, target: Path) -> None:
    chance = random.Random(7)
    with target.open("w", encoding="utf-8") as lines:
        for kind, paragraphs in (("contract", of_contracts(contracts)), ("decision", of_decisions(decisions))):
            suitable = sorted({each for each in paragraphs if len(each.split()) in _WORDS})
            for number, text in enumerate(chance.sample(suitable, OF_EACH)):
                lines.write(json.dumps({"id": f"{kind}-{number}", "text": text, "labels": []}, ensure_ascii=False) + "\n")
    print(f"{target}: {2 * OF_EACH} paragraphs")


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


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: ordinary.py CONTRACTS.jsonl[.gz] DECISIONS ordinary.jsonl")
    main(*map(Path, sys.argv[1:]))
