"""``python -m onnx_export.train`` is ``python -m onnx_export train``."""

import sys

from onnx_export.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
