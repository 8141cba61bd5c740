#!/usr/bin/env bash
# In the unpacked archive: trains and writes the checkpoint in pieces; see README.md.
#
#   train.sh FOLDER MINUTES [options of `onnx_export train`…]
set -euo pipefail

if (($# < 2)); then
    echo "usage: train.sh FOLDER MINUTES [options of \`onnx_export train\`…]" >&2
    exit 2
fi
mkdir -p "$1"
work=$(cd "$1" && pwd) minutes=$2
cd "$(dirname "$0")"
export PYTHONPATH=$PWD
texts=texts.jsonl.gz
source ./training.sh
options+=(--teacher-share 0.6)

train --encoder encoder --output "$work/measured" "${options[@]}" --hours "$(awk "BEGIN { print $minutes / 60 }")" "${@:3}"
"$python" halves.py checkpoint "$work/measured" "$work/pieces"
ls -l "$work/pieces"
