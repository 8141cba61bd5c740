#!/usr/bin/env bash
# Measures hatflow against everything that one could use instead: throughput by turns on the same documents, then latency under load.
#
#   run.sh [--bundle DIR] [--int8-bundle DIR] [--output FILE] [--skip-int8] [--skip-python] [--skip-beam] [more: run.sh --help]
#   run.sh --quick            on a tiny model: that this script and what it prepares run; BenchmarksRunTest runs the rest
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

bundle="$root/deploy/bundles/contract-clauses"
tiny="$root/flink-job/inference/src/test/resources/bundles/tiny-segments"
output=""
int8=""
plain=""
python=yes
quick=""
dry_run=""
more=()
while (($#)); do
    case "$1" in
        --bundle) bundle="$(realpath "$2")"; shift 2 ;;
        --int8-bundle) more+=(--int8-bundle "$(realpath "$2")"); int8=given; shift 2 ;;
        --skip-int8) int8=none; shift ;;
        --plain-graph) plain="$(realpath "$2")"; shift 2 ;;
        --output) output="$2"; shift 2 ;;
        --skip-python) python=""; shift ;;
        --quick) quick=yes; shift ;;
        --dry-run) dry_run=yes; shift ;;
        --help) benchmarks run --help; exit ;;
        *) more+=("$1"); shift ;;
    esac
done

interpreter="$venv/bin/python"
if [[ -n "$quick" ]]; then
    bundle="$tiny"
    plain="$here/src/test/resources/plain/tiny-segments.onnx"
    output="${output:-$target/quick.json}"
    python=""
    interpreter="$root/onnx-export/target/venv/bin/python"
    [[ -x "$interpreter" ]] || int8=none
    more=(--only operator,pipeline-int8 --streams CONTRACTS --contracts 2 --repetitions 1 --close-repetitions 0 --latency-seconds 0 "${more[@]}")
else
    output="${output:-$root/docs/benchmarks/results.json}"
    # A mistake is named before minutes of preparation.
    benchmarks run --bundle "$bundle" --plain-graph "" --scripts "" --output "$output" "${more[@]}" --dry-run
    [[ -z "$dry_run" ]] || exit 0
    make_venv requirements.txt requirements-export.txt
fi

made_from="$(basename "$bundle")-$(sha256sum "$bundle/manifest.json" | cut -c1-12)"
plain="${plain:-$target/plain/$made_from.onnx}"
if [[ ! -f "$plain" ]]; then
    "$interpreter" "$here/python/plain_graph.py" --bundle "$bundle" --output "$plain"
fi
if [[ -z "$int8" ]]; then
    int8="$target/int8/$made_from"
    if [[ ! -f "$int8/manifest.json" ]]; then
        PYTHONPATH="$root/onnx-export/src" "$interpreter" "$here/python/int8_bundle.py" \
            --bundle "$bundle" --texts "$root/deploy/samples" --output "$int8"
    fi
    more+=(--int8-bundle "$int8")
fi
[[ -z "$python" ]] || more+=(--python "$interpreter")
benchmarks run --bundle "$bundle" --plain-graph "$plain" --scripts "$here/python" --output "$output" "${more[@]}"
