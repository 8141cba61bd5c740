# Sourced by the scripts beside it: builds what is missing, and runs a command of the benchmarks.
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
target="$here/target"
venv="$target/venv"

java="${JAVA_HOME:+$JAVA_HOME/bin/}java"
command -v "$java" >/dev/null || {
    echo "benchmarks: no java found; install a JDK 17 (Debian: openjdk-17-jdk-headless) or set JAVA_HOME" >&2
    exit 1
}

is_built() {
    [[ -f "$target/benchmarks.classpath" ]] || return 1
    local jar
    for jar in $(tr ':' '\n' <"$target/benchmarks.classpath" | grep "^$root/"); do
        [[ -e "$jar" ]] || return 1
    done
    [[ -z "$(find "$root/pom.xml" "$root"/schemas/{pom.xml,src/main} \
        "$root"/flink-job/{pom.xml,inference/pom.xml,inference/src/main,job/pom.xml,job/src/main,benchmarks/pom.xml,benchmarks/src/main} \
        -newer "$target/benchmarks.classpath" -type f -print -quit)" ]]
}

build() {
    is_built && return
    echo "benchmarks: building; the first time this takes minutes, because Maven fetches what it needs" >&2
    (cd "$root" && ./mvnw -B -ntp -Dmaven.test.skip=true -pl flink-job/benchmarks -am package) |
        grep --line-buffered -E '^\[INFO\] (Building hatflow|BUILD)|^\[ERROR\]' >&2 || true
    touch -c "$target/benchmarks.classpath"
    is_built || {
        echo "benchmarks: the build failed; run ./mvnw -pl flink-job/benchmarks -am package to see why" >&2
        exit 1
    }
}

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

# benchmarks ARGUMENTS…: runs a command.
benchmarks() {
    build
    # By the environment and not as an argument: ONNX Runtime 1.29 crashes where the command line is very long.
    CLASSPATH="$target/classes:$(cat "$target/benchmarks.classpath")"
    export CLASSPATH
    # ONNX Runtime 1.29 would report its use to its maker.
    export ORT_DISABLE_TELEMETRY=1
    local options=(-Dlog4j2.configurationFile="$root/deploy/conf/log4j2.properties" -Dfile.encoding=UTF-8 -Xmx3g)
    local package
    for package in lang net nio time util util.concurrent; do
        options+=("--add-opens=java.base/java.$package=ALL-UNNAMED")
    done
    "$java" "${options[@]}" ${JAVA_OPTS:-} io.hatflow.benchmarks.Benchmarks "$@"
}
