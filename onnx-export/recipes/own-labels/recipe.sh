#!/usr/bin/env bash
# From your own labelled texts to a measured bundle and a report; see README.md. Run again after a break, it goes on where it was.
set -euo pipefail

if (($# < 3)) || [[ $3 == -* ]]; then
    echo "usage: recipe.sh TEXTS.jsonl[.gz] WORK_FOLDER NAME_OF_THE_BUNDLE [options of \`onnx_export train\`…]" >&2
    exit 2
fi
texts=$1 work=$2 name=$3
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../training.sh"
options+=(--teacher-share 0.6 "${@:4}")
bundle_options=(--weights int8)
source "$here/../steps.sh"
