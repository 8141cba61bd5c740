#!/usr/bin/env bash
# Measures what the machine's matrix products can do, by library and precision: the ceiling under every other benchmark.
#
#   products.sh [--threads COUNT] [--seconds S]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
make_venv requirements.txt requirements-export.txt
"$venv/bin/python" "$here/python/products.py" "$@"
