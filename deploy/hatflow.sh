#!/usr/bin/env bash
# Runs a command of the job module on this machine: score, send, read, replay, demo (see --help), or run, which is the job itself.
# Builds what is missing or older than its sources. JAVA_OPTS adds options for the JVM.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(dirname "$here")"
target="$root/flink-job/job/target"

# shellcheck source=build.sh
source "$here/build.sh"
build_if_needed job "$target/provided.classpath" flink-job/job

# By the environment and not as an argument: ONNX Runtime 1.29 crashes where the command line is very long.
CLASSPATH="$(echo "$target"/hatflow-job-*-SNAPSHOT.jar):$(cat "$target/job.classpath"):$(cat "$target/provided.classpath")"
export CLASSPATH
# ONNX Runtime 1.29 would report its use to its maker.
export ORT_DISABLE_TELEMETRY=1

options=(-Dlog4j2.configurationFile="$here/conf/log4j2.properties" -Dfile.encoding=UTF-8 -Xmx2g)
for package in lang net nio time util util.concurrent; do
    options+=("--add-opens=java.base/java.$package=ALL-UNNAMED")
done
[[ -t 1 ]] && options+=(-Dhatflow.colour=true)

[[ "${1:-}" == run ]] && options+=(-Dhatflow.log.level=INFO)
(($#)) || set -- --help
own_temporary_folder
exec "$java" "${temporary[@]}" "${options[@]}" ${JAVA_OPTS:-} io.hatflow.job.cli.Commands "$@"
