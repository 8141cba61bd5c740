"""Whether a bundle keeps its promises: ``python -m onnx_export verify BUNDLE_DIR``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from onnx_export.arguments import Arguments
from onnx_export.bundle.promises import promises
from onnx_export.bundle.verify import checks
from onnx_export.checksums import file_sha256
from onnx_export.contract import MANIFEST
from onnx_export.json_files import read_json_object


def main(arguments: Sequence[str]) -> int:
    parser = Arguments.of_command("verify", __doc__)
    parser.add_argument("bundle", type=Path, metavar="BUNDLE_DIR")
    return print_verification(parser.parse_args(arguments).bundle)


def print_verification(folder: Path) -> int:
    """Say what a bundle promises and whether it keeps that; 0 if it does, else 1."""
    passed = True
    for check in checks(folder):
        if check.name == "manifest" and check.passed:
            print(promises(read_json_object(folder / MANIFEST)))
            print(f"Digest {file_sha256(folder / MANIFEST)}.\n")
        print(check)
        passed = passed and check.passed
    print("the bundle keeps its promises" if passed else "the bundle does not keep its promises")
    return 0 if passed else 1
