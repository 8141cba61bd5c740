# Sourced by hatflow: chaos and soak, which run a cluster on this machine. Needs build.sh.

# launch chaos|soak ARGUMENTS…
launch() {
    local target="$root/flink-job/chaos/target"
    build_if_needed "chaos harness" "$target/chaos.classpath" flink-job/chaos \
        "$root"/flink-job/{registry,cli,cluster,chaos}
    # By the environment and not as an argument: ONNX Runtime 1.29 crashes where the command line is very long.
    CLASSPATH="$(echo "$target"/hatflow-chaos-*-SNAPSHOT.jar):$(cat "$target/chaos.classpath")"
    export CLASSPATH
    local command="$1"
    shift
    own_temporary_folder
    exec "$java" "${temporary[@]}" -Xmx1g -XX:+UseSerialGC -Dlog4j2.configurationFile="$here/conf/log4j2.properties" \
        "io.hatflow.chaos.${command^}Command" --checkout "$root" "$@"
}
