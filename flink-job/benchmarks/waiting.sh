#!/usr/bin/env bash
# Measures how long short documents wait where a very long one comes now and then, at 70 % of the capacity, and a job's start.
#
#   waiting.sh [--before REVISION] [--bundle DIR] [--documents COUNT] [--one-in COUNT] [--segments COUNT] [--output FILE]
#
# With --before, first with flink-job/inference as it was in that revision, then, at the same load, as it is.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
arguments=()
before=""
output="$root/docs/benchmarks/waiting.json"
while (($#)); do
    case "$1" in
        --before) before="$2"; shift 2 ;;
        --output) output="$2"; shift 2 ;;
        *) arguments+=("$1"); shift ;;
    esac
done
[[ " ${arguments[*]} " == *" --bundle"* ]] || arguments+=(--bundle "$root/deploy/bundles/contract-clauses")
if [[ -n "$before" ]]; then
    earlier="$target/earlier"
    git -C "$root" worktree remove --force "$earlier" 2> /dev/null || true
    git -C "$root" worktree add --quiet --detach "$earlier" "$before"
    (cd "$earlier" && ./mvnw -q package -pl flink-job/inference -am -DskipTests)
    first_classes="$earlier/flink-job/inference/target/classes" benchmarks waiting "${arguments[@]}" --output "${output%.json}-before.json"
    git -C "$root" worktree remove --force "$earlier"
    arguments+=(--rate "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["waiting"]["offered"])' "${output%.json}-before.json")")
fi
benchmarks waiting "${arguments[@]}" --output "$output"
