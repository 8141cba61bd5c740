#!/usr/bin/env bash
# Measures hatflow against everything that one could use instead: throughput by turns on the same documents, then latency under load.
#
#   run.sh [--bundle DIR] [--int8-bundle DIR] [--output FILE] [--skip-python] [--skip-beam] [more: run.sh --help]
#   run.sh --quick            a minute, on a tiny model: that everything runs, not how fast
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

bundle="$root/deploy/bundles/contract-clauses"
tiny="$root/flink-job/inference/src/test/resources/bundles/tiny-segments"
output=""
plain=""
python=yes
quick=""
more=()
while (($#)); do
    case "$1" in
        --bundle) bundle="$(realpath "$2")"; shift 2 ;;
        --plain-graph) plain="$(realpath "$2")"; shift 2 ;;
        --output) output="$2"; shift 2 ;;
        --skip-python) python=""; shift ;;
        --quick) quick=yes; shift ;;
        --help) benchmarks run --help; exit ;;
        *) more+=("$1"); shift ;;
    esac
done

if [[ -n "$quick" ]]; then
    bundle="$tiny"
    plain="$here/src/test/resources/plain/tiny-segments.onnx"
    output="${output:-$target/quick.json}"
    # The environment of onnx-export has onnxruntime; Beam is not needed to see that the harness works.
    more=(--documents 4 --contracts 2 --repetitions 1 --close-repetitions 1 --latency-seconds 2 --loads 50,90 --skip-beam "${more[@]}")
    if [[ -n "$python" && -x "$root/onnx-export/target/venv/bin/python" ]]; then
        more+=(--python "$root/onnx-export/target/venv/bin/python")
    fi
else
    output="${output:-$root/docs/benchmarks/results.json}"
    # A mistake is named before minutes of preparation.
    benchmarks run --bundle "$bundle" --plain-graph "" --scripts "" --output "$output" "${more[@]}" --help >/dev/null
    if [[ -z "$plain" ]]; then
        plain="$target/plain/$(basename "$bundle")-$(sha256sum "$bundle/manifest.json" | cut -c1-12).onnx"
        if [[ ! -f "$plain" ]]; then
            make_venv requirements.txt requirements-export.txt
            "$venv/bin/python" "$here/python/plain_graph.py" --bundle "$bundle" --output "$plain"
        fi
    fi
    if [[ -n "$python" ]]; then
        make_venv requirements.txt
        more+=(--python "$venv/bin/python")
    fi
fi
benchmarks run --bundle "$bundle" --plain-graph "$plain" --scripts "$here/python" --output "$output" "${more[@]}"
