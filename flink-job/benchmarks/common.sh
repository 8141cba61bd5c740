# Sourced by the scripts beside it: builds what is missing, and runs a command of the benchmarks.
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
target="$here/target"
venv="$target/venv"

# shellcheck source=../../deploy/launch/build.sh
source "$root/deploy/launch/build.sh"

# make_venv REQUIREMENTS…: a virtual environment that holds them.
make_venv() {
    local file
    [[ -x "$venv/bin/python" ]] || python3 -m venv "$venv"
    for file in "$@"; do
        cmp -s "$here/python/$file" "$venv/$file" && continue
        echo "benchmarks: installing python/$file into $venv" >&2
        "$venv/bin/python" -m pip install --quiet -r "$here/python/$file"
        cp "$here/python/$file" "$venv/$file"
    done
}

# build_benchmarks: builds what is missing. What gpu/pack.sh has packed is whole.
build_benchmarks() {
    [[ -e "$root/PACKED" ]] || build_if_needed benchmarks "$target/benchmarks.classpath" flink-job/benchmarks \
        "$root/flink-job/registry" "$here"
}

# benchmarks ARGUMENTS…: runs a command. Classes in $first_classes, if it is set, stand before all others.
benchmarks() {
    build_benchmarks
    # By the environment and not as an argument: ONNX Runtime 1.29 crashes where the command line is very long.
    CLASSPATH="${first_classes:+$first_classes:}$target/classes:$(cat "$target/benchmarks.classpath")"
    export CLASSPATH
    # ONNX Runtime 1.29 would report its use to its maker.
    export ORT_DISABLE_TELEMETRY=1
    local options=(-Dlog4j2.configurationFile="$root/deploy/conf/log4j2.properties" -Dfile.encoding=UTF-8 -Xmx3g)
    local package
    for package in lang net nio time util util.concurrent; do
        options+=("--add-opens=java.base/java.$package=ALL-UNNAMED")
    done
    # In a process of its own, which is the JVM: what is temporary goes with it.
    (
        own_temporary_folder
        exec "$java" "${temporary[@]}" "${options[@]}" ${JAVA_OPTS:-} io.hatflow.benchmarks.Benchmarks "$@"
    )
}
