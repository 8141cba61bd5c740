#!/usr/bin/env bash
# From clean texts to a measured bundle of a language model; see README.md. Run again after a break, it goes on where it was.
set -euo pipefail

if (($# < 2)); then
    echo "usage: recipe.sh WORK_FOLDER DATA…" >&2
    exit 2
fi
work=$1
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
data=()
for each in "${@:2}"; do
    data+=(--data "$each")
done
mkdir -p "$work"

# Keeps large buffers instead of giving them back after each operation; see the recipe of contract-clauses.
MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000 THP_MEM_ALLOC_ENABLE=1 OMP_WAIT_POLICY=PASSIVE \
    "$python" -m onnx_export train-language-model "${data[@]}" --config "$here/config.json" --output "$work/checkpoint" \
    --megabytes 50 --window-length 256 --batch-windows 16 --learning-rate 0.004

# Writes the bundle, verifies what it wrote, and measures it on the texts that were held out.
"$python" -m onnx_export bundle --checkpoint "$work/checkpoint" --output "$work/text-quality" --name text-quality \
    --window-length 128 --window-overlap 8 --thresholds "$here/thresholds.json" --model-card "$here/MODEL_CARD.md"
"$python" -m onnx_export separation --bundle "$work/text-quality" "${data[@]}" --texts 300 | tee "$work/separation.md"
