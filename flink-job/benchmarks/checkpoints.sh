#!/usr/bin/env bash
# Measures how long checkpoints take while more documents wait than a task holds, also with very long ones among them.
#
#   checkpoints.sh [--bundle DIR] [--documents COUNT] [--one-in COUNT] [--segments COUNT] [--output FILE]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
arguments=()
[[ " $* " == *" --bundle"* ]] || arguments+=(--bundle "$root/deploy/bundles/contract-clauses")
[[ " $* " == *" --output"* ]] || arguments+=(--output "$root/docs/benchmarks/checkpoints.json")
benchmarks checkpoints "${arguments[@]}" "$@"
