"""Checks that every record of the test ended in exactly one event: check_events.py LABELLED DEAD_LETTERS DOCUMENTS."""

import json
import sys
from collections import Counter
from pathlib import Path


def events(path: str) -> list[dict]:
    """The events of a file of JSON lines."""
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def problems(labelled: list[dict], dead: list[dict], sent: set[str]) -> list[str]:
    """What is wrong with the answers to the documents of these ids, one empty text and one record that is no document."""
    found = [f"{n} labelled events for {name}" for name, n in Counter(e["document_id"] for e in labelled).items() if n > 1]
    answered = {event["document_id"] for event in labelled}
    found += [f"no labelled event for {name}" for name in sorted(sent - answered)]
    found += [f"a labelled event for {name}, which was not sent" for name in sorted(answered - sent)]
    found += [f"{event['document_id']} has no answer" for event in labelled if not event["answers"][0]["labels"]]
    reasons = sorted(event["reason"] for event in dead)
    if reasons != ["EMPTY_TEXT", "NOT_AVRO"]:
        found.append(f"dead letters are {reasons}, expected EMPTY_TEXT and NOT_AVRO, once each")
    places = Counter((e["provenance"]["topic"], e["provenance"]["partition"], e["provenance"]["offset"]) for e in labelled + dead)
    found += [f"{n} events for the record at {place}" for place, n in places.items() if n > 1]
    return found


def main() -> None:
    """Reads the files and ends with 1 if something is wrong."""
    labelled, dead = events(sys.argv[1]), events(sys.argv[2])
    found = problems(labelled, dead, set(Path(sys.argv[3]).read_text(encoding="utf-8").split()))
    for each in found:
        print(f"check_events: {each}", file=sys.stderr)
    if found:
        sys.exit(1)
    print(f"{len(labelled)} documents labelled, {len(dead)} dead letters, each record once")


main()
