#!/usr/bin/env bash
# Puts together what pack.sh made, one part at a time: takes the part that lies beside it, and unpacks every archive that is whole.
#
#   PART/unpack.sh FOLDER        FOLDER is made; it may be called again with the same part
set -euo pipefail
part="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
folder="${1:?a folder to unpack into}"
mkdir -p "$folder/pieces"
folder="$(cd "$folder" && pwd)"

(cd "$part" && sha256sum --check --quiet --strict --ignore-missing MANIFEST)
if [[ -e "$folder/MANIFEST" ]] && ! cmp -s "$part/MANIFEST" "$folder/MANIFEST"; then
    echo "unpack.sh: $folder holds parts of another packing; remove it, or choose another folder" >&2
    exit 1
fi
cp "$part/MANIFEST" "$folder"
for piece in "$part"/*.tar.xz.*; do
    archive="$(basename "${piece%.*}")"
    [[ -e "$folder/pieces/$archive.done" ]] || cp "$piece" "$folder/pieces"
done
for archive in $(sed -E 's/.*  (.*)\.[0-9]+$/\1/' "$folder/MANIFEST" | sort -u); do
    [[ -e "$folder/pieces/$archive.done" ]] && continue
    if ! (cd "$folder/pieces" && grep -F "  $archive." ../MANIFEST | sha256sum --check --status -) 2>/dev/null; then
        echo "unpack.sh: $archive is not whole yet"
        continue
    fi
    # With Python, as xz may be missing. Python before 3.11.4 knows no filters.
    cat "$folder/pieces/$archive".* | python3 -c '
import sys, tarfile
archive = tarfile.open(fileobj=sys.stdin.buffer, mode="r|xz")
archive.extraction_filter = getattr(tarfile, "tar_filter", None)
archive.extractall(sys.argv[1])' "$folder"
    rm "$folder/pieces/$archive".*
    touch "$folder/pieces/$archive.done"
    echo "unpack.sh: $archive is unpacked"
done
lib="$folder/flink-job/benchmarks/target/lib"
[[ ! -d "$lib" ]] || printf '%s\n' "$lib"/*.jar | paste -sd: > "$lib/../benchmarks.classpath"
