# shellcheck shell=bash
# Sourced by test.sh: makes what stands in for images that may be out of reach, from Debian's packages, Flink's wheels and what the build
# fetches anyway. Each has the name of the official one. Expects $here, $root, $work, $flink, $base, say and unable.

make_java_image() {
    local options=(--variant=minbase --dpkgopt=force-unsafe-io --aptopt='Acquire::Languages "none"')
    options+=(--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*')
    options+=(--include=ca-certificates,openjdk-17-jre-headless,libjemalloc2,curl)
    mmdebstrap "${options[@]}" bookworm "$work/cache/java.tar" >"$work/mmdebstrap.log" 2>&1 ||
        unable "mmdebstrap could not make a base image: $(tail -n 1 "$work/mmdebstrap.log")"
    say "importing the base image"
    podman import --quiet "$work/cache/java.tar" localhost/hatflow-test-java:17 >/dev/null
    podman run --rm localhost/hatflow-test-java:17 true >"$work/podman.log" 2>&1 ||
        unable "podman runs no container here: $(tail -n 1 "$work/podman.log")"
    rm "$work/cache/java.tar"
}

fetch_flink() {
    # The one that Python 3.11 would get, whatever Python this is: only its scripts are taken.
    "$work/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work/cache/wheels" \
        --implementation cp --python-version 3.11 --abi cp311 --platform manylinux2014_x86_64 \
        "apache-flink-libraries==$flink" "apache-flink==$flink" 2>"$work/pip.log" ||
        unable "pip could not fetch the wheels apache-flink and apache-flink-libraries $flink: $(tail -n 1 "$work/pip.log")"
}

# image NAME FILE CONTEXT: builds it; the context is removed.
image() {
    podman build --quiet --pull=never --format docker --tag "$1" --file "$here/test/Dockerfile.$2" "$3" >/dev/null
    rm -rf "$3"
}

make_flink() {
    local context="$work/cache/flink" wheel
    # Both wait for the network most of the time.
    fetch_flink &
    local fetching=$!
    trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$state"' EXIT
    podman image exists localhost/hatflow-test-java:17 || make_java_image
    wait $fetching || exit $?
    say "putting Flink into it"
    rm -rf "$context"
    mkdir -p "$context"
    for wheel in "$work"/cache/wheels/*.whl; do python3 -m zipfile -e "$wheel" "$context"; done
    (cd "$context" && rm -rf -- *.dist-info pyflink/opt && mv pyflink all && mkdir pyflink && mv all/{bin,conf,lib,log,plugins} pyflink && rm -r all)
    chmod 755 "$context"/pyflink/bin/*.sh "$context"/pyflink/bin/flink
    cp "$here/test/docker-entrypoint.sh" "$context"
    image "$base" flink "$context"
    rm -rf "$work/cache/wheels"
}

# make_kafka IMAGE: of the broker's jars, as the command line has them.
make_kafka() {
    local context="$work/cache/kafka" jar
    mkdir -p "$context/libs"
    for jar in $(tr : '\n' <"$root/flink-job/cli/target/cli.classpath" | grep -E '\.jar$' | grep -vE '/(hatflow|flink|onnxruntime|tokenizers)[^/]*\.jar$'); do
        cp "$jar" "$context/libs"
        # From the same release; only a test has it on its class path.
        [[ "$jar" != */kafka-clients-*.jar ]] || cp "${jar//kafka-clients/kafka-tools}" "$context/libs"
    done
    cp "$here"/test/kafka-*.sh "$root/flink-job/broker/src/main/resources/io/hatflow/broker/broker-log.properties" "$context"
    image "$1" kafka "$context"
}

make_registry() {
    local context="$work/cache/registry"
    [[ -d "$root/flink-job/registry/target/apicurio" ]] ||
        (cd "$root" && ./mvnw -q -B -ntp -pl flink-job/registry -am process-classes -Dmaven.test.skip=true)
    mkdir -p "$context"
    cp -r "$root/flink-job/registry/target/apicurio" "$context"
    image "$1" registry "$context"
}

make_prometheus() {
    local context="$work/cache/prometheus"
    # shellcheck source=../../monitoring/prometheus.sh
    source "$root/deploy/monitoring/prometheus.sh"
    fetch_prometheus || unable "$why"
    mkdir -p "$context"
    cp "$prometheus/prometheus" "$context"
    image "$1" prometheus "$context"
}

# make_stand_ins KAFKA REGISTRY PROMETHEUS: those that are missing, or all where a source here has changed.
make_stand_ins() {
    if [[ ! -e "$work/stand-ins" || -n "$(find "$here"/test/{Dockerfile.*,*.sh} -newer "$work/stand-ins")" ]]; then
        podman image rm --force "$base" "$@" >/dev/null 2>&1 || true
    fi
    if ! podman image exists "$base"; then
        say "making stand-ins: a base image with Java, and Flink's wheels"
        make_flink
    fi
    podman image exists "$1" || { say "making a stand-in for $1" && make_kafka "$1"; }
    podman image exists "$2" || { say "making a stand-in for $2" && make_registry "$2"; }
    podman image exists "$3" || { say "making a stand-in for $3" && make_prometheus "$3"; }
    touch "$work/stand-ins"
}
