"""The int8 bundle of an fp32 one, for the contender pipeline-int8.

    PYTHONPATH=onnx-export/src python int8_bundle.py --bundle BUNDLE --texts FOLDER --output INT8_BUNDLE

Unpacks the bundle to a checkpoint and exports that in int8, calibrated on the .txt files of a folder.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path


def onnx_export(*arguments: object) -> None:
    done = subprocess.run([sys.executable, "-m", "onnx_export", *map(str, arguments)], check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint, texts = Path(scratch) / "checkpoint", Path(scratch) / "texts.jsonl"
        lines = [json.dumps({"text": path.read_text(encoding="utf-8")}) for path in sorted(arguments.texts.glob("*.txt"))]
        texts.write_text("\n".join(lines), encoding="utf-8")
        onnx_export("unpack", arguments.bundle, "--output", checkpoint)
        options = ("--precision", "int8", "--weights", "int8", "--calibration", texts)
        onnx_export("bundle", "--checkpoint", checkpoint, "--output", arguments.output, *options)


if __name__ == "__main__":
    main()
