"""The checkpoint of a bundle: ``python -m onnx_export unpack BUNDLE_DIR --output DIR``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from onnx_export.arguments import Arguments
from onnx_export.bundle.unpack import unpack


def main(arguments: Sequence[str]) -> int:
    parser = Arguments.of_command("unpack", __doc__)
    parser.add_argument("bundle", type=Path, metavar="BUNDLE_DIR")
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="folder to write, which does not exist yet or is empty"
    )
    options = parser.parse_args(arguments)
    agreement = unpack(options.bundle, options.output)
    print(f"{options.output}: written")
    print(
        f"✓ the reference computation on it agrees with the bundle on {agreement.documents} documents to {agreement.deviation:.1e}"
    )
    return 0
