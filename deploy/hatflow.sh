#!/usr/bin/env bash
# Runs a command of the job module on this machine: score, send, read, replay, demo (see --help), or run, which is the job itself.
# Builds what is missing or older than its sources. JAVA_OPTS adds options for the JVM.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(dirname "$here")"
target="$root/flink-job/job/target"

java="${JAVA_HOME:+$JAVA_HOME/bin/}java"
command -v "$java" >/dev/null || {
    echo "hatflow: no java found; install a JDK 17 (Debian: openjdk-17-jdk-headless) or set JAVA_HOME" >&2
    exit 1
}

is_built() {
    [[ -f "$target/provided.classpath" ]] || return 1
    local jar
    for jar in $(tr ':' '\n' <"$target/job.classpath" | grep "^$root/"); do
        [[ -f "$jar" ]] || return 1
    done
    [[ -z "$(find "$root/pom.xml" "$root"/schemas/{pom.xml,src/main} "$root"/flink-job/{pom.xml,inference/pom.xml,inference/src/main,job/pom.xml,job/src/main} \
        -newer "$target/provided.classpath" -type f -print -quit)" ]]
}

if ! is_built; then
    command -v "${java}c" >/dev/null || {
        echo "hatflow: to build the job, a JDK 17 is needed, not only a JRE" >&2
        exit 1
    }
    echo "hatflow: building the job; the first time this takes minutes, because Maven fetches what it needs" >&2
    (cd "$root" && ./mvnw -B -ntp -Dmaven.test.skip=true -pl flink-job/job -am package) |
        grep --line-buffered -E '^\[INFO\] (Building hatflow|BUILD)|^\[ERROR\]' >&2 || true
    touch -c "$target/provided.classpath"
    is_built || {
        echo "hatflow: the build failed; run ./mvnw -pl flink-job/job -am package to see why" >&2
        exit 1
    }
fi

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
exec "$java" "${options[@]}" ${JAVA_OPTS:-} io.hatflow.job.cli.Commands "$@"
