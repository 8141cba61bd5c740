#!/usr/bin/env bash
# From annotated contracts to a measured bundle; see README.md. Run again after a break, it goes on where it was.
set -euo pipefail

if (($# < 2)); then
    echo "usage: recipe.sh CONTRACTS.jsonl[.gz] WORK_FOLDER [options of onnx_export.train]" >&2
    exit 2
fi
contracts=$1 work=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
mkdir -p "$work"

# Share and seed of the split are the defaults of all three commands, so that all three hold out the same contracts.
"$python" -m onnx_export.split --data "$contracts" --output "$work/split"
[[ -f $work/baseline.json ]] || "$python" -m onnx_export.baseline --data "$contracts" --output "$work/baseline.json"

# PyTorch gives every large buffer back to the system and gets it again, page fault by page fault, in each operation. Keeping
# them halves the time of elementwise operations. PASSIVE lets waiting threads sleep, which matters where cores are shared.
MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000 THP_MEM_ALLOC_ENABLE=1 OMP_WAIT_POLICY=PASSIVE \
    "$python" -m onnx_export.train --data "$contracts" --output "$work/checkpoint" "$@"

# Writes the bundle and verifies what it wrote.
"$python" -m onnx_export bundle --checkpoint "$work/checkpoint" --output "$work/contract-clauses" \
    --name contract-clauses --weights int8 --model-card "$here/MODEL_CARD.md"

# The held-out contracts, through the same pipeline as documents from Kafka.
rm -f "$work/events.jsonl" "$work/events.jsonl.rejected.jsonl"
"$here/../../../deploy/score.sh" --bundle "$work/contract-clauses" --input "$work/split/test.jsonl" --output "$work/events.jsonl"
"$python" -m onnx_export.evaluate --data "$work/split/test.jsonl" --events "$work/events.jsonl" --output "$work/evaluation.json"
