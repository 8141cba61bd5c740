#!/usr/bin/env bash
# Searches, guided by coverage, for inputs that break what every input should keep: fuzz.sh --minutes N [--target TARGET]
# Targets: document (values of Kafka records), manifest (of bundles), text (tokens, segments, windows); without one, each for N minutes.
# What it finds lies in the target's folder of seeds in src/test/resources, is part of every build from then on, and belongs into a commit.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

minutes='' target=''
while (($#)); do
    case "$1" in
        --minutes | --target)
            (($# > 1)) || { echo "fuzz.sh: $1 has no value" >&2; exit 2; }
            declare "${1#--}=$2"
            shift 2
            ;;
        *)
            echo "fuzz.sh: unknown option $1; expected --minutes N [--target document|manifest|text]" >&2
            exit 2
            ;;
    esac
done
[[ "$minutes" =~ ^[1-9][0-9]*$ ]] || { echo "fuzz.sh: --minutes is \"$minutes\", expected a whole number from 1" >&2; exit 2; }

declare -A modules=([document]=job [manifest]=inference [text]=inference)
declare -A tests=([document]=DocumentDeserializerFuzzTest [manifest]=ManifestReaderFuzzTest [text]=SegmentsFuzzTest)
[[ -z "$target" || -n "${tests[$target]:-}" ]] || {
    echo "fuzz.sh: --target is \"$target\", expected document, manifest or text" >&2
    exit 2
}

found=0
for each in ${target:-document manifest text}; do
    echo "fuzz.sh: $each, $minutes min"
    (cd "$root" && JAZZER_FUZZ=1 JAZZER_HOOKS=true JAZZER_MAX_DURATION="${minutes}m" ./mvnw -q -B -ntp -pl "flink-job/${modules[$each]}" -am \
        -Dtest="${tests[$each]}" test) || found=1
done
exit $found
