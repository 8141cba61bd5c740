#!/usr/bin/env bash
# Runs a cluster on this machine at 80 % of its capacity with restarts of the job, and watches that nothing piles up:
# soak.sh --minutes N [--every SECONDS] [--restarts MINUTES] [--bundle DIR] [--output FILE]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
harness SoakCommand "$@"
