#!/usr/bin/env bash
# Streams documents through a cluster on this machine while its processes are killed, and checks that none is lost or doubled:
# chaos.sh [--seconds 60] [--seed N] [--guarantee exactly-once|at-least-once] [--bundle DIR] [--faults A,B] [--keep]
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(dirname "$here")"
# shellcheck source=build.sh
source "$here/build.sh"
build_if_needed "chaos harness" "$root/flink-job/chaos/target/chaos.classpath" flink-job/job,flink-job/cluster,flink-job/chaos \
    "$root/flink-job/cluster" "$root/flink-job/chaos"

CLASSPATH="$(echo "$root"/flink-job/chaos/target/hatflow-chaos-*-SNAPSHOT.jar):$(cat "$root/flink-job/chaos/target/chaos.classpath")"
export CLASSPATH
export ORT_DISABLE_TELEMETRY=1
exec "$java" -Xmx1g -XX:+UseSerialGC -Dlog4j2.configurationFile="$here/conf/log4j2.properties" \
    io.hatflow.chaos.ChaosCommand --checkout "$root" "$@"
