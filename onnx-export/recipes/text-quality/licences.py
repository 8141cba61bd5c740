"""Licence texts of ScanCode as data for the recipe: ``python licences.py FOLDER_OF_LICENSE_FILES english.jsonl others.jsonl``.

A file begins with properties between two lines of dashes. Those of other languages than English say so with ``language``.
"""

import json
import re
import sys
from pathlib import Path

folder, english, others = map(Path, sys.argv[1:])
with english.open("w", encoding="utf-8") as of_english, others.open("w", encoding="utf-8") as of_others:
    for path in sorted(folder.glob("*.LICENSE")):
        content = re.fullmatch(r"---\n(.*?)\n---\s*(.*?)\s*", path.read_text(encoding="utf-8"), re.DOTALL)
        properties, text = content.groups() if content else ("", "")
        foreign = re.search("^language:", properties, re.MULTILINE)
        # Some are not English and do not say so.
        mixed = sum(ord(character) > 127 for character in text) > 0.02 * len(text)
        if len(text) > 200 and (foreign or not mixed):
            (of_others if foreign else of_english).write(json.dumps({"text": text}) + "\n")
