"""How good a model is, as a page for a person: ``python -m onnx_export report --training FOLDER --data FILE.jsonl --events events.jsonl
--output report.html``.

The texts are those that the training held out (``split``), the events what ``deploy/hatflow score`` wrote for them with its bundle.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from onnx_export.arguments import Arguments
from onnx_export.evaluate.events import read_events
from onnx_export.evaluate.report_page import Learning, page
from onnx_export.problems import sentence
from onnx_export.train.labelled_texts import read_labelled_texts


def main(arguments: Sequence[str]) -> int:
    parser = Arguments.of_command("report", __doc__)
    parser.add_argument("--training", type=Path, required=True, help="folder of the training")
    parser.add_argument("--data", type=Path, required=True, help="texts that it held out (.jsonl or .jsonl.gz), see split")
    parser.add_argument("--events", type=Path, required=True, help="what deploy/hatflow score wrote for these texts")
    parser.add_argument("--title", default="The trained model", help="default: %(default)s")
    parser.add_argument("--output", type=Path, required=True, help="HTML file; it quotes the texts")
    options = parser.parse_args(arguments)
    try:
        texts, events = read_labelled_texts(options.data), read_events(options.events)
        html = page(options.title, texts, events, Learning.read(options.training))
    except (OSError, ValueError) as error:
        sys.exit(sentence(error))
    if not any(text.id in events for text in texts):
        sys.exit("no event belongs to any of the texts; are these the events of this file?")
    options.output.write_text(html, encoding="utf-8")
    print(f"wrote {options.output}")
    return 0
