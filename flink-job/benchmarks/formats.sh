#!/usr/bin/env bash
# Measures what it costs that records are users' own: the pipeline with each document.format, by turns on the same documents.
#
#   formats.sh [--bundle DIR] [--output FILE] [--documents COUNT] [--repetitions COUNT]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
arguments=()
[[ " $* " == *" --bundle"* ]] || arguments+=(--bundle "$root/deploy/bundles/contract-clauses")
[[ " $* " == *" --output"* ]] || arguments+=(--output "$root/docs/benchmarks/formats.json")
benchmarks formats "${arguments[@]}" "$@"
