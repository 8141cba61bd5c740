#!/usr/bin/env bash
# Writes the figures of docs/benchmarks.md, docs/scaling.md and docs/reliability.md anew from the JSON files beside them.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
make_venv requirements.txt
"$venv/bin/python" "$here/python/report.py" "$root/docs"
