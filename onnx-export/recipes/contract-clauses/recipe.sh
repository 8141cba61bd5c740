#!/usr/bin/env bash
# From annotated contracts to a measured bundle; see README.md. Run again after a break, it goes on where it was.
set -euo pipefail

if (($# != 2)); then
    echo "usage: recipe.sh CONTRACTS.jsonl[.gz] WORK_FOLDER" >&2
    exit 2
fi
contracts=$1 work=$2
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
mkdir -p "$work"

# Share and seed of the split are the defaults of all three commands, so that all three hold out the same contracts.
"$python" -m onnx_export.split --data "$contracts" --output "$work/split"
[[ -f $work/baseline.json ]] || "$python" -m onnx_export.baseline --data "$contracts" --output "$work/baseline.json"

# PyTorch gives every large buffer back to the system and gets it again, page fault by page fault, in each operation. Keeping
# them halves the time of elementwise operations. PASSIVE lets waiting threads sleep, which matters where cores are shared.
train() {
    MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000 THP_MEM_ALLOC_ENABLE=1 OMP_WAIT_POLICY=PASSIVE \
        "$python" -m onnx_export.train --data "$contracts" "$@"
}
everything_learns=(--frozen-layers 0 --dropout 0 --mask-tokens 0.05 --teacher-share 0.6 --weight-average 0.998
    --segment-length 64 --window-overlap 8 --batch-segments 64 --vary-segments 0.4 --negative-segments-kept 0.15
    --learning-rate 1.5e-4 --head-learning-rate 5e-4 --evaluate-every 100)

# The upper layers over frozen ones, hours of a first training in one; then all layers, over texts cut anew in each pass.
train --output "$work/first"
train --output "$work/second" --warm-start "$work/first" "${everything_learns[@]}" --passes 6
# What is deployed learns from all contracts; what is known of it, and its thresholds, come from those that the second held out.
train --output "$work/last" --warm-start "$work/second" --held-out-scores "$work/second" "${everything_learns[@]}" --passes 2

# Writes the bundles and verifies what it wrote. The second is measured, as it has not seen the contracts that are held out.
for which in second last; do
    "$python" -m onnx_export bundle --checkpoint "$work/$which" --output "$work/$which/contract-clauses" \
        --name contract-clauses --weights int8 --model-card "$here/MODEL_CARD.md"
done

# The held-out contracts, through the same pipeline as documents from Kafka.
rm -f "$work/events.jsonl" "$work/events.jsonl.rejected.jsonl"
"$here/../../../deploy/score.sh" --bundle "$work/second/contract-clauses" --input "$work/split/test.jsonl" --output "$work/events.jsonl"
"$python" -m onnx_export.evaluate --data "$work/split/test.jsonl" --events "$work/events.jsonl" --output "$work/evaluation.json"
