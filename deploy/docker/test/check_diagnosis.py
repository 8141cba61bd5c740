"""Checks that an archive of diagnose.sh holds what it should, and no text of documents: check_diagnosis.py ARCHIVE DOCUMENT…"""

import re
import sys
import tarfile
from pathlib import Path

EXPECTED = ("versions.json", "job-.*/exceptions.json", "job-.*/checkpoints.json", "taskmanager-.*/log.txt", "jobmanager/log.txt", "manifest.json")


def sentences(file: str) -> list[str]:
    """Passages of a document, each too long to be found in anything else by chance."""
    return [line.strip()[:40] for line in Path(file).read_text(encoding="utf-8").splitlines() if len(line.strip()) >= 40]


def main() -> None:
    """Reads the archive and ends with 1 if something is wrong."""
    with tarfile.open(sys.argv[1]) as archive:
        files = {each.name: archive.extractfile(each).read().decode() for each in archive.getmembers() if each.isfile()}
    found = [f"there is no {name} in it" for name in EXPECTED if not any(re.search(f"/{name}$", each) for each in files)]
    texts = [text for document in sys.argv[2:] for text in sentences(document)]
    found += [f"{name} holds text of a document" for name, content in files.items() if any(text in content for text in texts)]
    for each in found:
        print(f"check_diagnosis: {each}", file=sys.stderr)
    if found or not texts:
        sys.exit(1)


main()
