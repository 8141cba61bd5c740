"""Weights in half precision, in pieces that travel: ``halves.py encoder FROM TO | checkpoint FROM TO | join FOLDER``."""

from __future__ import annotations

import hashlib
import io
import shutil
import sys
import tarfile
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

PIECE = 15_000_000
"""Bytes."""

_KEPT = ("config.json", "tokenizer.json", "bundle.json", "calibration.json", "metrics.json", "held-out.npz", "training.json")
_PICTURES = ("learning-curve.png", "reliability.png")


def main(words: list[str]) -> None:
    match words:
        case ["encoder", source, target]:
            from onnx_export.commands.train import folder_of

            halve(folder_of(source), Path(target))
        case ["checkpoint", source, target]:
            split(Path(source), Path(target))
        case ["join", folder]:
            join(Path(folder))
        case _:
            sys.exit(str(__doc__))


def halve(source: Path, target: Path) -> None:
    """A checkpoint's files that matter, its weights in float16."""
    from onnx_export.checkpoints.weights import read_weights  # not there where pieces are joined

    target.mkdir(parents=True, exist_ok=True)
    for name in (*_KEPT, *_PICTURES):
        if (source / name).is_file():
            shutil.copy(source / name, target / name)
    weights = {
        name: weight if weight.dtype.kind in "iub" else np.array(weight, np.float16)
        for name, weight in read_weights(source).tensors.items()
    }
    save_file(weights, target / "model.safetensors")


def split(source: Path, target: Path) -> None:
    """The same as pieces of an archive, with their checksum."""
    halved = target / "checkpoint"
    halve(source, halved)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(halved, arcname=source.name)
    shutil.rmtree(halved)
    content = archive.getvalue()
    for number, begin in enumerate(range(0, len(content), PIECE)):
        (target / f"piece-{number:02}").write_bytes(content[begin : begin + PIECE])
    (target / "sha256").write_text(hashlib.sha256(content).hexdigest() + "\n")


def join(folder: Path) -> None:
    """Unpack pieces where they lie."""
    pieces = sorted(folder.glob("piece-*"))
    content = b"".join(piece.read_bytes() for piece in pieces)
    expected = (folder / "sha256").read_text().strip()
    if hashlib.sha256(content).hexdigest() != expected:
        sys.exit(f"{folder}: the {len(pieces)} pieces together have another SHA-256 than {expected}; copy them again")
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        tar.extraction_filter = getattr(tarfile, "data_filter", None)  # which Python before 3.11.4 does not know
        tar.extractall(folder)
        print(f"unpacked {folder / tar.getnames()[0]}")


if __name__ == "__main__":
    main(sys.argv[1:])
