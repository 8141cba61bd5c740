# Sourced by hatflow: the commands of the job module, and run, which is the job itself. Needs build.sh.

# launch COMMAND ARGUMENTS…
launch() {
    local target="$root/flink-job/job/target"
    build_if_needed job "$target/provided.classpath" flink-job/job

    # By the environment and not as an argument: ONNX Runtime 1.29 crashes where the command line is very long.
    CLASSPATH="$(echo "$target"/hatflow-job-*-SNAPSHOT.jar):$(cat "$target/job.classpath"):$(cat "$target/provided.classpath")"
    export CLASSPATH

    local package options=(-Dlog4j2.configurationFile="$here/conf/log4j2.properties" -Dfile.encoding=UTF-8 -Xmx2g)
    for package in lang net nio time util util.concurrent; do
        options+=("--add-opens=java.base/java.$package=ALL-UNNAMED")
    done
    [[ -t 1 ]] && options+=(-Dhatflow.colour=true)
    [[ "$1" == run ]] && options+=(-Dhatflow.log.level=INFO)

    local defaults=()
    if [[ "$1" == demo ]]; then
        [[ " $* " == *" --bundle"* ]] || defaults+=(--bundle "$here/bundles/contract-clauses")
        [[ " $* " == *" --samples"* ]] || defaults+=(--samples "$here/samples")
    fi
    own_temporary_folder
    exec "$java" "${temporary[@]}" "${options[@]}" ${JAVA_OPTS:-} io.hatflow.job.cli.Commands "$@" "${defaults[@]}"
}
