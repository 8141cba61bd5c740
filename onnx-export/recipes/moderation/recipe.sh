#!/usr/bin/env bash
# From annotated posts to a measured bundle; see README.md. Run again after a break, it goes on where it was.
set -euo pipefail

if (($# != 3)); then
    echo "usage: recipe.sh POSTS.jsonl[.gz] ORDINARY.jsonl WORK_FOLDER" >&2
    exit 2
fi
posts=$1 ordinary=$2 work=$3
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
mkdir -p "$work"
data="$work/posts.jsonl"

"$python" "$here/posts.py" "$posts" "$data"
# Share and seed of the split are the defaults of all three commands, so that all three hold out the same posts.
"$python" -m onnx_export split --data "$data" --output "$work/split"
[[ -f $work/baseline.json ]] || "$python" -m onnx_export baseline --characters --data "$data" --output "$work/baseline.json"

# The variables keep large buffers instead of giving them back after each operation; see the recipe of contract-clauses.
train() {
    MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000 THP_MEM_ALLOC_ENABLE=1 OMP_WAIT_POLICY=PASSIVE \
        "$python" -m onnx_export train --data "$data" --also-learn "$ordinary" "$@"
}
precision=no
if grep -qsE 'avx512_bf16|amx_bf16' /proc/cpuinfo; then
    precision=bf16
fi
options=(--mixed-precision "$precision" --segment-length 32 --max-segments 32 --window-overlap 4 --batch-segments 64
    --negative-windows-kept 1 --dropout 0.1 --vary-segments 0.3 --mask-tokens 0.05 --weight-average 0.998
    --teacher-share 0.4 --teacher-characters)

train --output "$work/measured" "${options[@]}" --passes 5
# What is deployed learns from all posts; what is known of it, and its thresholds, come from those that the first held out.
train --output "$work/last" --warm-start "$work/measured" --held-out-scores "$work/measured" "${options[@]}" --passes 2

# Writes the bundles, verifies what it wrote, and counts which ordinary paragraphs get a label.
for which in measured last; do
    "$python" -m onnx_export bundle --checkpoint "$work/$which" --output "$work/$which/moderation" \
        --name moderation --weights int8 --model-card "$here/MODEL_CARD.md"
    "$python" "$here/left_alone.py" "$work/$which/moderation" "$here/ordinary"
done

# The held-out posts, through the same pipeline as documents from Kafka.
rm -f "$work/events.jsonl" "$work/events.jsonl.rejected.jsonl"
"$here/../../../deploy/hatflow" score --bundle "$work/measured/moderation" --input "$work/split/test.jsonl" --output "$work/events.jsonl"
"$python" -m onnx_export evaluate --data "$work/split/test.jsonl" --events "$work/events.jsonl" --output "$work/evaluation.json"
