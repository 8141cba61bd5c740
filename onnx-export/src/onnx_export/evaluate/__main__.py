"""``python -m onnx_export.evaluate`` is ``python -m onnx_export evaluate``."""

import sys

from onnx_export.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["evaluate", *sys.argv[1:]]))
