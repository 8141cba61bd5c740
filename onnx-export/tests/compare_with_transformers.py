"""Whether texts become the ids and scores that transformers gives them, with tokenizers as people have them. To be run by hand.

    venv/bin/python tests/compare_with_transformers.py KIND=FOLDER …          # such as Roberta=roberta-base

KIND is a class of transformers, such as Bert, and FOLDER holds its tokenizer's files. Each gets a small model of random weights with its
vocabulary, becomes a bundle with ``python -m onnx_export``, and is compared with transformers on the texts of ``corpus.py``: ids of all,
cut where transformers cuts them, and scores of some. A folder without ``tokenizer.json`` is converted first by the command that the
exporter names.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT / "src"), str(PROJECT / "tests")]

import numpy as np  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402

from corpus import corpus  # noqa: E402
from make_encoder_fixtures import COUNTED, DEFAULTS, SEQUENCE, _config, widen  # noqa: E402
from onnx_export.__main__ import main as onnx_export  # noqa: E402
from onnx_export.bundle.classifier import Classifier  # noqa: E402
from onnx_export.bundle.manifest import read_manifest  # noqa: E402
from onnx_export.text.tokenization import missing_tokenizer  # noqa: E402

SCORED = 60
LONGEST = 100_000
"""Characters: those of the corpus that are longer are there for other reasons."""


def main() -> None:
    transformers.logging.set_verbosity_error()
    texts = [text.text for text in corpus() if len(text.text) <= LONGEST]
    # What is no character, transformers does not take.
    texts = [text for text in texts if not any("\ud800" <= character <= "\udfff" for character in text)]
    for argument in sys.argv[1:]:
        kind, _, folder = argument.partition("=")
        with tempfile.TemporaryDirectory() as scratch:
            compare(kind, Path(folder), Path(scratch), texts)


def compare(kind: str, source: Path, scratch: Path, texts: list[str]) -> None:
    folder = scratch / "checkpoint"
    tokenizer, model = _checkpoint(kind, source, folder)
    arguments = ["bundle", "--checkpoint", str(folder), "--output", str(scratch / "bundle"), "--segmenter", "uniform"]
    assert onnx_export(arguments) == 0
    bundle = Classifier(scratch / "bundle", read_manifest(scratch / "bundle"))
    length = bundle.manifest["segmentation"]["segment_length"]
    compared = other = 0
    worst = 0.0
    scored = set(np.random.default_rng(1).permutation(len(texts))[:SCORED])
    for index, text in enumerate(texts):
        expected = tokenizer(text, truncation=True, max_length=length, return_overflowing_tokens=True)["input_ids"]
        if expected == [expected[0]] and len(expected[0]) == 2:
            continue  # nothing but [CLS] and [SEP]: refused by us
        document = bundle.cut(text)
        compared += 1
        if [ids for [ids] in bundle.window_inputs(document)] != expected:
            other += 1
            print(f"  other ids: {text[:60]!r}")
        elif index in scored:
            with torch.no_grad():
                logits = np.array([model(torch.tensor([ids])).logits[0].numpy() for ids in expected])
            actual = np.concatenate([window.segments for window in bundle.answer(document)])
            worst = max(worst, float(np.abs(actual - logits).max()))
    print(f"{kind} {source.name}: {compared} texts, {other} with other ids; largest difference of a logit {worst:.1e}")


def _checkpoint(kind: str, source: Path, folder: Path) -> tuple[Any, Any]:
    folder.mkdir(parents=True)
    for file in source.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    case = {**DEFAULTS, "kind": kind, "head": SEQUENCE, "hidden": 24, "length": 128}
    torch.manual_seed(3)
    rows = 60_000 if kind in COUNTED else 31_000
    config = _config({**case, "vocabulary": rows})
    model = getattr(transformers, kind + SEQUENCE)(config).eval()
    widen(model)
    model.save_pretrained(folder)
    if not (folder / "tokenizer.json").is_file():
        said = missing_tokenizer(folder)
        print(f"  {said}")
        command = said.split('python -c "')[1].split('"')[0]
        subprocess.run([sys.executable, "-c", command], check=True)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.model_max_length = 10**30
    return tokenizer, model


if __name__ == "__main__":
    main()
