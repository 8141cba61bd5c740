#!/usr/bin/env bash
# Measures the packed graph of HAT-base's shape on an NVIDIA GPU: documents per second over batch sizes, busy ratio, share of the card's
# own half-precision matrix rate. Not run yet: no GPU was at hand.
#
#   gpu.sh [--output FILE]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
command -v nvidia-smi >/dev/null || {
    echo "gpu.sh: no nvidia-smi, so no NVIDIA driver on this machine; nothing was measured" >&2
    exit 1
}
# Of its own: onnxruntime and onnxruntime-gpu cannot share one.
venv="$target/venv-gpu"
make_venv requirements-gpu.txt
arguments=()
[[ " $* " == *" --output"* ]] || arguments+=(--output "$root/docs/benchmarks/gpu.json")
"$venv/bin/python" "$here/python/gpu.py" --checkpoint-code "$root/onnx-export" "${arguments[@]}" "$@"
