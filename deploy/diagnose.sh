#!/usr/bin/env bash
# Collects what a support ticket needs, without text of documents and without secrets: diagnose.sh --help
set -euo pipefail
command -v python3 >/dev/null || { echo "diagnose.sh: no python3 found; install Python 3.9 or newer" >&2; exit 1; }
exec python3 "$(dirname "${BASH_SOURCE[0]}")/launch/diagnose.py" "$@"
