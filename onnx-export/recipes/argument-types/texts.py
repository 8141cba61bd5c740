"""The decisions of Habernal et al. 2022 as labelled texts: ``texts.py ARCHIVE.tar.xz TEXTS.jsonl``.

The archive has a file for each decision, a row for each paragraph: its tokens, and for each token whether an argument begins there
(``B-…``), goes on (``I-…``) or not (``O``). A paragraph becomes a line of the text, tokens with blanks between them.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import sys
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

ENGLISH = {
    "Subsumtion": "Application to the case",
    "Vorherige Rechtsprechung des EGMR": "Precedents of the ECHR",
    "Verhältnismäßigkeitsprüfung – Angemessenheit": "Necessity and proportionality",
    "Verhältnismäßigkeitsprüfung – Rechtsgrundlage": "Legal basis",
    "Verhältnismäßigkeitsprüfung – Legitimer Zweck": "Legitimate purpose",
    "Verhältnismäßigkeitsprüfung – Geeignetheit": "Suitability",
    "Entscheidung des EGMR": "Decision of the ECHR",
    "Konsens der prozessualen Parteien": "Non-contestation by the parties",
    "Distinguishing": "Distinguishing",
    "Einschätzungsspielraum": "Margin of appreciation",
    "Sinn & Zweck Auslegung": "Teleological interpretation",
    "Rechtsvergleichung": "Comparative law",
    "Wortlaut Auslegung": "Textual interpretation",
    "Systematische Auslegung": "Systematic interpretation",
    "Overruling": "Overruling",
}
"""The labels' names in the paper."""


def decisions(archive: Path) -> Iterator[dict[str, Any]]:
    with tarfile.open(archive) as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            content = tar.extractfile(member) if path.suffix == ".csv" and path.parent.name == "argType" else None
            if content is not None:
                rows = csv.DictReader(io.TextIOWrapper(content, "utf-8", newline=""), delimiter="\t")
                yield labelled(path.stem, [(ast.literal_eval(row["tokens"]), ast.literal_eval(row["labels"])) for row in rows])


def labelled(id: str, paragraphs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> dict[str, Any]:
    text, clauses = "", []
    for tokens, labels in paragraphs:
        for token, label in zip(tokens, labels, strict=True):
            start = len(text)
            text += token + " "
            if label.startswith("B-"):
                clauses.append({"label": ENGLISH[label[2:]], "start": start, "end": start + len(token)})
            elif label.startswith("I-"):
                clauses[-1]["end"] = start + len(token)
        text = text.rstrip(" ") + "\n"
    return {"id": id, "text": text, "clauses": clauses}


def main(archive: str, output: str) -> None:
    with open(output, "w", encoding="utf-8") as lines:
        count = [lines.write(json.dumps(decision, ensure_ascii=False) + "\n") for decision in decisions(Path(archive))]
    if not count:
        sys.exit(f"{archive} holds no decisions; expected files argType/*.csv, as in the data of Habernal et al. 2022")
    print(f"wrote {len(count)} decisions to {output}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: texts.py ARCHIVE.tar.xz TEXTS.jsonl")
    try:
        main(*sys.argv[1:])
    except (OSError, tarfile.TarError) as error:
        sys.exit(f"{sys.argv[1]} cannot be read: {str(error).splitlines()[0]}")
