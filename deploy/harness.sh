# Sourced by chaos.sh and soak.sh: builds what they need, and runs it.
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(dirname "$here")"
# shellcheck source=build.sh
source "$here/build.sh"

# harness COMMAND ARGUMENTS…
harness() {
    local target="$root/flink-job/chaos/target"
    build_if_needed "chaos harness" "$target/chaos.classpath" flink-job/job,flink-job/cluster,flink-job/chaos \
        "$root/flink-job/cluster" "$root/flink-job/chaos"
    # By the environment and not as an argument: ONNX Runtime 1.29 crashes where the command line is very long.
    CLASSPATH="$(echo "$target"/hatflow-chaos-*-SNAPSHOT.jar):$(cat "$target/chaos.classpath")"
    export CLASSPATH
    export ORT_DISABLE_TELEMETRY=1
    local command="$1"
    shift
    own_temporary_folder
    exec "$java" "${temporary[@]}" -Xmx1g -XX:+UseSerialGC -Dlog4j2.configurationFile="$here/conf/log4j2.properties" \
        "io.hatflow.chaos.$command" --checkout "$root" "$@"
}
