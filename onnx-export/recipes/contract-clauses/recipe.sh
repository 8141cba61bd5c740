#!/usr/bin/env bash
# From annotated contracts to a measured bundle; see README.md. Run again after a break, it goes on where it was.
set -euo pipefail

if (($# != 2)); then
    echo "usage: recipe.sh CONTRACTS.jsonl[.gz] WORK_FOLDER" >&2
    exit 2
fi
texts=$1 work=$2 name=contract-clauses
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../training.sh"
options+=(--teacher-share 0.6)
bundle_options=(--weights int8 --cleaning pdf --model-card "$here/MODEL_CARD.md")
source "$here/../steps.sh"
