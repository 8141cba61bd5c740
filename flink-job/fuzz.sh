#!/usr/bin/env bash
# Searches, guided by coverage, for inputs that break what every input should keep: fuzz.sh --minutes N [--target TARGET]
# Targets: document, json, avro, confluent, plain (values of Kafka records), manifest (of bundles), text (tokens, segments, windows); without
# one, each for N minutes.
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
            echo "fuzz.sh: unknown option $1; expected --minutes N [--target document|json|avro|confluent|plain|manifest|text]" >&2
            exit 2
            ;;
    esac
done
[[ "$minutes" =~ ^[1-9][0-9]*$ ]] || { echo "fuzz.sh: --minutes is \"$minutes\", expected a whole number from 1" >&2; exit 2; }

declare -A modules=([document]=job [json]=job [avro]=job [confluent]=job [plain]=job [manifest]=inference [text]=inference)
declare -A tests=([document]=SingleObjectDecoderFuzzTest [json]=JsonDecoderFuzzTest [avro]=AvroRecordFuzzTest
    [confluent]=ConfluentFramingFuzzTest [plain]=TextDecoderFuzzTest [manifest]=ManifestReaderFuzzTest [text]=SegmentsFuzzTest)
# What reads for us is followed, too.
declare -A libraries=([document]='org.apache.avro.**,' [json]='com.fasterxml.jackson.**,' [avro]='org.apache.avro.**,'
    [confluent]='org.apache.avro.**,' [plain]='' [manifest]='com.fasterxml.jackson.**,com.networknt.**,' [text]='')
[[ -z "$target" || -n "${tests[$target]:-}" ]] || {
    echo "fuzz.sh: --target is \"$target\", expected document, json, avro, confluent, plain, manifest or text" >&2
    exit 2
}

found=0
for each in ${target:-document json avro confluent plain manifest text}; do
    echo "fuzz.sh: $each, $minutes min"
    (cd "$root" && JAZZER_FUZZ=1 ./mvnw -q -B -ntp -pl "flink-job/${modules[$each]}" -am -Dtest="${tests[$each]}" \
        -Djazzer.hooks=true -Djazzer.max_duration="${minutes}m" -Djazzer.instrument="${libraries[$each]}io.hatflow.**" \
        test 2>&1 | sed -u '/^INFO: \(Instrumented\|Loaded\)/d') || found=1
done
exit $found
