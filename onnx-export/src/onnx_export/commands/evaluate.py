"""How well a bundle does on annotated texts: ``python -m onnx_export evaluate --data FILE.jsonl --events events.jsonl``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from onnx_export.arguments import Arguments
from onnx_export.evaluate.events import compare, read_events
from onnx_export.json_files import write_json
from onnx_export.problems import sentence
from onnx_export.train.labelled_texts import read_labelled_texts


def main(arguments: Sequence[str]) -> int:
    parser = Arguments.of_command("evaluate", __doc__)
    parser.add_argument("--data", type=Path, required=True, help="annotated texts (.jsonl or .jsonl.gz), see split")
    parser.add_argument("--events", type=Path, required=True, help="what deploy/hatflow score wrote for these texts")
    parser.add_argument("--output", type=Path, help="JSON file for the report")
    options = parser.parse_args(arguments)
    try:
        report = compare(read_labelled_texts(options.data), read_events(options.events))
    except (OSError, ValueError) as error:
        sys.exit(sentence(error))
    for line in report.lines():
        print(line)
    if options.output:
        write_json(options.output, asdict(report))
    if len(report.missing) == report.documents:
        sys.exit("no event belongs to any of the texts; are these the events of this file?")
    return 0
