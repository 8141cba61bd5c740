#!/usr/bin/env bash
# Checks alerts, dashboard and run-books, without the job: test.sh. Needs Python 3.11, and a Debian-like machine for promtool; ends with 77,
# and a line that says why, where that cannot be had. deploy/docker/test.sh asks a real Prometheus beside the running job.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=prometheus.sh
source prometheus.sh
fetch_prometheus || {
    echo "monitoring test: NOT RUN, because $why" >&2
    exit 77
}
PROMTOOL="$prometheus/promtool" PYTHONPATH=../launch python3 -W error -m unittest test_monitoring test_diagnose
