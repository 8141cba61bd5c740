#!/usr/bin/env bash
# From annotated contracts to a measured bundle; see README.md. Run again after a break, it goes on where it was.
set -euo pipefail

if (($# != 2)); then
    echo "usage: recipe.sh CONTRACTS.jsonl[.gz] WORK_FOLDER" >&2
    exit 2
fi
contracts=$1 work=$2
here=$(cd "$(dirname "$0")" && pwd)
source "$here/training.sh"
mkdir -p "$work"

# Share and seed of the split are the defaults of all three commands, so that all three hold out the same contracts.
"$python" -m onnx_export split --data "$contracts" --output "$work/split"
[[ -f $work/baseline.json ]] || "$python" -m onnx_export baseline --data "$contracts" --output "$work/baseline.json"

options+=(--teacher-share 0.6)

train --output "$work/measured" "${options[@]}" --passes 8
# What is deployed learns from all contracts; what is known of it, and its thresholds, come from those that the first held out.
train --output "$work/last" --warm-start "$work/measured" --held-out-scores "$work/measured" "${options[@]}" --passes 2

# Writes the bundles and verifies what it wrote.
for which in measured last; do
    "$python" -m onnx_export bundle --checkpoint "$work/$which" --output "$work/$which/contract-clauses" \
        --name contract-clauses --weights int8 --cleaning pdf --model-card "$here/MODEL_CARD.md"
done

# The held-out contracts, through the same pipeline as documents from Kafka.
rm -f "$work/events.jsonl" "$work/events.jsonl.rejected.jsonl"
"$here/../../../deploy/hatflow" score --bundle "$work/measured/contract-clauses" --input "$work/split/test.jsonl" --output "$work/events.jsonl"
"$python" -m onnx_export evaluate --data "$work/split/test.jsonl" --events "$work/events.jsonl" --output "$work/evaluation.json"
