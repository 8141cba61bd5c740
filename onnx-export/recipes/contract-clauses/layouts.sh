#!/usr/bin/env bash
# Which layout is best, and what does it cost to shorten segments? Layouts trained alike from the same encoder, on
# splits of their own for each seed; see README.md. Run again after a break, it goes on where it was.
set -euo pipefail

# Of equal cost. Attention across segments at the end, in between, at the beginning, and none at all.
layouts='S|S|S|S|S|SD|D S|S|SD|S|S|SD SD|SD|S|S|S|S S|S|S|S|S|S'
if [[ ${1-} == --layouts ]]; then
    layouts=${2-}
    shift $(($# < 2 ? $# : 2))
fi
if (($# < 2)) || [[ -z ${layouts// /} ]]; then
    echo "usage: layouts.sh [--layouts 'LAYOUT LAYOUT…'] CONTRACTS.jsonl[.gz] WORK_FOLDER [SEED…]" >&2
    exit 2
fi
texts=$1 work=$2
seeds=("${@:3}")
source "$(dirname "${BASH_SOURCE[0]}")/../training.sh"

trained=()
for seed in "${seeds[@]:-7}"; do
    for layout in $layouts; do
        name=${layout//|/-}
        checkpoint="$work/layouts/${name//\//by}-$seed"
        mkdir -p "$checkpoint"
        # One pass, and no teacher, which would be the same for all and hide what they are worth.
        [[ -f $checkpoint/metrics.json ]] || train --output "$checkpoint" --layout "$layout" --seed "$seed" "${options[@]}" --passes 1
        trained+=("$checkpoint")
        "$python" -m onnx_export compare "${trained[@]}" | tee "$work/layouts.md"
    done
done
