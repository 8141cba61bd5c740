#!/usr/bin/env bash
# Measures how cost grows: documents of 1 to 10,000 segments, queues of 10 to 10,000 documents, 1 to 64 tasks.
#
#   growth.sh [--bundle DIR] [--output FILE] [--longest SEGMENTS] [--documents COUNT]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
arguments=()
[[ " $* " == *" --bundle"* ]] || arguments+=(--bundle "$root/deploy/bundles/contract-clauses")
[[ " $* " == *" --output"* ]] || arguments+=(--output "$root/docs/benchmarks/growth.json")
benchmarks growth "${arguments[@]}" "$@"
