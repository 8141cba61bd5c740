#!/usr/bin/env bash
# From annotated posts to a measured bundle; see README.md. Run again after a break, it goes on where it was.
set -euo pipefail

if (($# != 4)); then
    echo "usage: recipe.sh POSTS.jsonl[.gz] ORDINARY.jsonl ENCODER_FOLDER WORK_FOLDER" >&2
    exit 2
fi
ordinary=$2 encoder=$3 work=$4 name=moderation texts=$4/posts.jsonl
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../training.sh"
mkdir -p "$work"
"$python" "$here/posts.py" "$1" "$texts"

options=(--also-learn "$ordinary" --mixed-precision "$precision" --layout 'S|S|S|S|S|SD|S|S|S' --learning-rate 1e-4 --passes 2
    --segment-length 32 --max-segments 32 --window-overlap 4 --negative-windows-kept 1 --vary-segments 0.3 --mask-tokens 0.05
    --weight-average 0.998 --teacher-share 0.4 --teacher-characters)
first_options=(--encoder "$encoder")
last_passes=1
baseline_options=(--characters)
bundle_options=(--weights int8 --model-card "$here/MODEL_CARD.md")
source "$here/../steps.sh"

# How many ordinary paragraphs get a label.
for which in measured last; do
    "$python" "$here/left_alone.py" "$work/$which/moderation" "$here/ordinary"
done
