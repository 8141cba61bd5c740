# Sourced by hatflow: the commands of the module cli. Needs build.sh.

# launch COMMAND ARGUMENTS…
launch() {
    local target="$root/flink-job/cli/target"
    build_if_needed "command line" "$target/cli.classpath" flink-job/cli "$root/flink-job/cli"

    # By the environment and not as an argument: ONNX Runtime 1.29 crashes where the command line is very long.
    CLASSPATH="$(echo "$target"/hatflow-cli-*-SNAPSHOT.jar):$(cat "$target/cli.classpath")"
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
        [[ " $* " == *" --quality-bundle"* ]] || defaults+=(--quality-bundle "$here/bundles/text-quality")
        [[ " $* " == *" --samples"* ]] || defaults+=(--samples "$here/samples")
    fi
    own_temporary_folder
    exec "$java" "${temporary[@]}" "${options[@]}" ${JAVA_OPTS:-} io.hatflow.cli.Commands "$@" "${defaults[@]}"
}
