#!/usr/bin/env bash
# Writes the figures of docs/benchmarks.md and docs/scaling.md anew from docs/benchmarks/*.json.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
make_venv requirements.txt
"$venv/bin/python" "$here/python/report.py" "$root/docs"
