#!/usr/bin/env bash
# Shows documents on their way through Kafka, Flink and a model to labelled events, with everything on this machine.
# demo.sh [--keep] [--bundle DIR] [--samples DIR]
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
defaults=()
[[ " $* " == *" --bundle"* ]] || defaults+=(--bundle "$here/bundles/contract-clauses")
[[ " $* " == *" --samples"* ]] || defaults+=(--samples "$here/samples")
exec "$here/hatflow.sh" demo "${defaults[@]}" "$@"
