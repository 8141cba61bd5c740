#!/usr/bin/env bash
# Builds the image and runs it: broker, schema registry, JobManager and TaskManager in containers on a bridge network. Sends the demo's
# documents, kills the TaskManager while it has documents in hand, sends the shorter ones again by other ids, and checks that each record ended in
# exactly one event.
#
#   test.sh [--official] [--clean]
#
# --official  on Flink's own image, pulled from its registry, in place of the stand-in that is made here
# --clean     only removes what earlier runs have left under target/: packages, Flink's wheels and images, 1.5 GB
#
# Takes a JDK 17, Python 3.11 with pip, and root on a Debian-like machine; what else it needs it installs with apt-get. Ends with 77, and a
# line that says why, where the machine cannot run containers or fetch what is needed.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(dirname "$(dirname "$here")")"
work="$here/target/test"
started=$SECONDS

say() { echo "docker test: $((SECONDS - started)) s: $*"; }
unable() {
    echo "docker test: NOT RUN, because $*" >&2
    exit 77
}

official=''
case "${1:-}" in
    --official) official=1 ;;
    --clean) rm -rf "$here/target"; exit ;;
    '') ;;
    *) echo "test.sh: unknown option $1; there are --official and --clean" >&2; exit 2 ;;
esac

# ---- what it needs -----------------------------------------------------------------------------------------------------------------------
[[ "$(uname -sm)" == "Linux x86_64" ]] || unable "this is $(uname -sm), and Flink's wheels and packages are fetched for Linux x86_64"
((EUID == 0)) || unable "it needs root, for the bridge network and for making a base image; run it with sudo"
packages=()
for each in podman runc iptables mmdebstrap; do command -v "$each" >/dev/null || packages+=("$each"); done
[[ -x /usr/lib/podman/netavark && -x /usr/lib/podman/aardvark-dns ]] || packages+=(netavark aardvark-dns)
if ((${#packages[@]})); then
    command -v apt-get >/dev/null || unable "${packages[*]} are missing and there is no apt-get to install them with"
    say "installing ${packages[*]}"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null ||
        unable "apt-get could not install ${packages[*]}"
fi

mkdir -p "$work"/{cache,podman}
# What podman keeps of running containers: the same in each run, because its database holds it, and no path of more than 50 characters.
state="/run/hatflow-test-$(cksum <<<"$work" | cut -d ' ' -f 1)"
trap 'rm -rf "$state"' EXIT
# All that podman keeps is in this folder, and nothing of the machine's own podman is touched. With crun, and with podman's own limits,
# containers do not start where cgroups are in hybrid mode or where limits cannot be raised.
at_most() { [[ "$2" != unlimited && "$2" -lt "$1" ]] && echo "$2" || echo "$1"; }
files="$(at_most 20000 "$(ulimit -Hn)")" processes="$(at_most 30000 "$(ulimit -Hu)")"
cat >"$work/podman/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=$files:$files", "nproc=$processes:$processes"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "$state/tmp"
[network]
network_backend = "netavark"
network_config_dir = "$work/podman/networks"
CONF
cat >"$work/podman/storage.conf" <<CONF
[storage]
driver = "overlay"
graphroot = "$work/podman/storage"
runroot = "$state/run"
CONF
export CONTAINERS_CONF="$work/podman/containers.conf" CONTAINERS_STORAGE_CONF="$work/podman/storage.conf"
# Without systemd, podman complains at each container that has a health check; the checks are made below.
podman() { command podman "$@" 2> >(grep -v -e 'unable to get systemd connection' -e 'failed to connect to syslog' >&2); }
# A container within a container, for one, may have neither the file system nor the rights.
podman info >"$work/podman.log" 2>&1 || unable "podman does not run here: $(tail -n 1 "$work/podman.log")"
# Containers that a run has left which was itself killed.
podman rm --all --force --time 0 >/dev/null
podman network prune --force >/dev/null
{ podman network create hatflow-probe && podman network rm hatflow-probe; } >"$work/podman.log" 2>&1 ||
    unable "podman makes no bridge network here: $(tail -n 1 "$work/podman.log")"

# ---- the image that ours is built on -----------------------------------------------------------------------------------------------------
flink="$(sed -n 's/.*<flink.version>\(.*\)<.*/\1/p' "$root/pom.xml")"
base="docker.io/library/flink:$flink-java17"

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
    python3 -m venv "$work/venv"
    # The one that Python 3.11 would get, whatever Python this is: only its scripts are taken.
    "$work/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work/cache/wheels" \
        --implementation cp --python-version 3.11 --abi cp311 --platform manylinux2014_x86_64 \
        "apache-flink-libraries==$flink" "apache-flink==$flink" 2>"$work/pip.log" ||
        unable "pip could not fetch the wheels apache-flink and apache-flink-libraries $flink: $(tail -n 1 "$work/pip.log")"
}

make_stand_in() {
    local context="$work/cache/flink" wheel
    say "making the stand-in for $base: a base image with Java, and Flink's wheels"
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
    podman build --quiet --pull=never --format docker --tag "$base" --file "$here/test/Dockerfile.flink" "$context" >/dev/null
    rm -rf "$context" "$work/cache/wheels"
}

if [[ -n "$official" ]]; then
    podman pull --quiet "$base" >/dev/null || unable "$base could not be pulled"
elif [[ ! -e "$work/stand-in" || -n "$(find "$here"/test/{Dockerfile.flink,docker-entrypoint.sh} -newer "$work/stand-in")" ]] ||
    ! podman image exists "$base"; then
    make_stand_in
    touch "$work/stand-in"
fi

# ---- our image ---------------------------------------------------------------------------------------------------------------------------
say "building the image"
image=localhost/hatflow:test
bundle="$root/deploy/bundles/contract-clauses"
"$here/build.sh" --engine podman --tag "$image" -- --pull=never --quiet >/dev/null
"$here/build.sh" --engine podman --tag "$image-with-bundle" --bundle "$bundle" -- --pull=never --quiet >/dev/null

# in_image IMAGE COMMAND: what bash says in a container of it, without the entrypoint.
in_image() { podman run --rm --no-healthcheck --network none --entrypoint bash "$1" -c "$2"; }
expect() {
    [[ "$2" == "$3" ]] || { echo "docker test: FAILED: $1: expected '$2', found '$3'" >&2; exit 1; }
}
expect "the user" 9999:9999 "$(podman image inspect --format '{{.Config.User}}' "$image")"
expect "the health check" '[/opt/hatflow/bin/health]' "$(podman image inspect --format '{{.HealthCheck.Test}}' "$image" | sed 's/CMD //')"
expect "the label of the licence" Apache-2.0 \
    "$(podman image inspect --format '{{index .Config.Labels "org.opencontainers.image.licenses"}}' "$image")"
expect "native libraries in lib/" "1 1" "$(in_image "$image" 'cd lib; echo $(ls onnxruntime-*.jar | wc -l) $(ls tokenizers-*.jar | wc -l)')"
expect "the health of a container without Flink" unhealthy \
    "$(in_image "$image" '/opt/hatflow/bin/health >/dev/null 2>&1 && echo healthy || echo unhealthy')"
expect "the bundle in the image" "$(cd "$bundle" && sha256sum -- * | sha256sum)" \
    "$(in_image "$image-with-bundle" 'cd bundles/contract-clauses && sha256sum -- * | sha256sum')"

# The libraries of CUDA, by names without content: NVIDIA's image is in a registry.
cuda="$work/cache/cuda"
mkdir -p "$cuda/usr/local/cuda/lib64" "$cuda/usr/lib/x86_64-linux-gnu"
touch "$cuda"/usr/local/cuda/lib64/lib{cudart.so.12,cublas.so.12,cublasLt.so.12,cufft.so.11,curand.so.10,nvrtc.so.12,cusparse.so.12} \
    "$cuda/usr/lib/x86_64-linux-gnu/libcudnn.so.9"
printf 'FROM scratch\nCOPY usr /usr\n' >"$cuda/Dockerfile"
podman build --quiet --format docker --tag localhost/hatflow-test-cuda "$cuda" >/dev/null
podman build --quiet --pull=never --format docker --tag localhost/hatflow-test-flink-cuda --file "$here/Dockerfile.cuda" \
    --build-arg CUDA_IMAGE=localhost/hatflow-test-cuda "$cuda" >/dev/null
expect "CUDA's libraries" "libcublas.so.12 libcublasLt.so.12 libcudart.so.12 libcudnn.so.9 libcufft.so.11 libcurand.so.10 libnvrtc.so.12" \
    "$(in_image localhost/hatflow-test-flink-cuda 'export LC_ALL=C; echo $(ls /opt/cuda/lib)')"

# ---- containers --------------------------------------------------------------------------------------------------------------------------
run="$work/run"
rm -rf "$run"
mkdir -p "$run"/{broker,registry/config,checkpoints,bundles,www}
chown 9999:9999 "$run"/{checkpoints,bundles}
network=hatflow-test
serving=''
clean_up() {
    local status=$?
    trap - EXIT
    if ((status)); then
        for each in broker registry jobmanager taskmanager; do podman logs "$each" >"$run/$each.log" 2>&1 || true; done
        echo "docker test: FAILED; the containers' logs are in $run" >&2
        tail -n 20 "$run/jobmanager.log" >&2 || true
    fi
    [[ -z "$serving" ]] || kill "$serving" 2>/dev/null || true
    # On a busy machine, a process may take longer to die than podman waits.
    for each in 1 2 3 4 5; do podman rm --all --force --time 0 >/dev/null 2>&1 && break; done
    podman network rm --force $network >/dev/null || true
    rm -rf "$state"
    exit $status
}
trap clean_up EXIT
podman network create $network >/dev/null
gateway="$(podman network inspect --format '{{(index .Subnets 0).Gateway}}' $network)"

# start NAME OPTIONS AND COMMAND: a container on the network, found there by its name.
start() {
    local name="$1"
    shift
    podman run --detach --name "$name" --hostname "$name" --network $network "$@" >/dev/null
}

# until_so SECONDS WHAT COMMAND: waits until the command succeeds.
until_so() {
    local limit=$((SECONDS + $1)) what="$2"
    shift 2
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < limit)) || { echo "docker test: FAILED: waited in vain until $what" >&2; exit 1; }
        sleep 0.5
    done
}

say "starting broker and registry"
# The command line's class path: it has the broker, Kafka's clients and what the registry needs to be started.
"$root/deploy/hatflow" --version >/dev/null
class_path="$(echo "$root"/flink-job/cli/target/hatflow-cli-*-SNAPSHOT.jar):$(<"$root/flink-job/cli/target/cli.classpath")"
mounts=()
for each in $(tr : '\n' <<<"$class_path" | sed -E "s|^($root\|.*/repository)/.*|\1|" | sort -u); do mounts+=(--volume "$each:$each:ro"); done
cat >"$run/broker/server.properties" <<CONF
process.roles=broker,controller
node.id=1
listeners=CONTAINERS://:9092,HOST://:9094,CONTROLLER://127.0.0.1:9093
advertised.listeners=CONTAINERS://broker:9092,HOST://127.0.0.1:19092
listener.security.protocol.map=CONTAINERS:PLAINTEXT,HOST:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CONTAINERS
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:9093
log.dirs=/broker/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
message.max.bytes=75497472
log.index.size.max.bytes=1048576
CONF
# It ends with its standard input.
start broker --user 0 --no-healthcheck --publish 127.0.0.1:19092:9094 "${mounts[@]}" --volume "$run/broker:/broker" --env CLASSPATH="$class_path" \
    --entrypoint bash "$base" -c 'sleep infinity | exec java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
        -Dlog4j2.configurationFile=classpath:io/hatflow/broker/broker-log.properties \
        io.hatflow.broker.BrokerProcess /broker/server.properties aGF0Zmxvdy1jbHVzdGVyLQ'

apicurio="$(sed -n 's/.*<apicurio.version>\(.*\)<.*/\1/p' "$root/pom.xml")"
registry="$root/flink-job/registry/target/apicurio"
if [[ ! -d "$registry" ]]; then
    (cd "$root" && ./mvnw -q -B -ntp -pl flink-job/registry -am process-classes -Dmaven.test.skip=true)
fi
start registry --user 0 --no-healthcheck --publish 127.0.0.1:19081:8080 --volume "$registry:/apicurio:ro" --entrypoint java "$base" \
    -Xmx192m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -jar "/apicurio/apicurio-registry-app-$apicurio-runner.jar"

CLASSPATH="$class_path" until_so 60 "the broker takes topics" "${JAVA_HOME:+$JAVA_HOME/bin/}java" "$here/test/Topics.java" 127.0.0.1:19092
until_so 60 "the registry answers" curl --fail --silent http://127.0.0.1:19081/apis/ccompat/v7/subjects

say "fetching a bundle, as an init container does"
tar --create --gzip --file "$run/www/bundle.tar.gz" --directory "$(dirname "$bundle")" contract-clauses
python3 -m http.server --bind "$gateway" --directory "$run/www" 18000 >"$run/www.log" 2>&1 &
serving=$!
sha256="$(sha256sum "$run/www/bundle.tar.gz" | cut -d ' ' -f 1)"
fetch() {
    podman run --rm --no-healthcheck --network $network --volume "$run/bundles:/opt/flink/bundles" --entrypoint /opt/hatflow/bin/fetch-bundle "$image" \
        "http://$gateway:18000/bundle.tar.gz" "$1" /opt/flink/bundles/contract-clauses
}
until_so 20 "the bundle's server answers" curl --fail --silent --output /dev/null "http://$gateway:18000/"
if fetch "${sha256//[0-9]/0}" 2>"$run/refused"; then
    echo "docker test: FAILED: a bundle with another checksum was taken" >&2
    exit 1
fi
grep -q 'nothing was unpacked' "$run/refused"
fetch "$sha256" >/dev/null
expect "a bundle that is there already" "fetch-bundle: /opt/flink/bundles/contract-clauses is there already" "$(fetch "$sha256")"

say "starting JobManager and TaskManager"
# Without spaces in values: Flink's own script would cut them off.
properties="execution.checkpointing.dir: file:///checkpoints
execution.checkpointing.storage: filesystem
restart-strategy.type: exponential-delay
restart-strategy.exponential-delay.initial-backoff: 1s
heartbeat.interval: 2s
heartbeat.timeout: 20s
taskmanager.numberOfTaskSlots: 2
parallelism.default: 2"
flink=(--env JOB_MANAGER_RPC_ADDRESS=jobmanager --env FLINK_PROPERTIES="$properties" --volume "$run/checkpoints:/checkpoints")
flink+=(--volume "$run/bundles:/opt/flink/bundles:ro")
start jobmanager "${flink[@]}" --publish 127.0.0.1:18081:8081 \
    --env HATFLOW_KAFKA_BOOTSTRAP_SERVERS=broker:9092 --env HATFLOW_MODEL_BUNDLE=/opt/flink/bundles/contract-clauses \
    --env HATFLOW_CHECKPOINT_INTERVAL='2 s' --env HATFLOW_EVENTS_FORMAT=confluent-avro \
    --env HATFLOW_REGISTRY_URL=http://registry:8080/apis/ccompat/v7 "$image" standalone-job
start taskmanager "${flink[@]}" --publish 127.0.0.1:19249:9249 "$image" taskmanager

# metric NAME: of the operator, summed over its tasks, as Prometheus would see it.
metric() {
    curl --fail --silent http://127.0.0.1:19249/metrics |
        awk -v name="flink_taskmanager_job_task_operator_$1{" 'index($0, name) == 1 && /operator_name="classify"/ { sum += $NF } END { print sum + 0 }'
}
job_runs() { curl --fail --silent http://127.0.0.1:18081/v1/jobs/overview | grep -q '"state":"RUNNING".*"running":[1-9]'; }
in_hand() { (($(metric labelled) >= 2 && $(metric received) > $(metric labelled) + $(metric rejected))); }
until_so 400 "the job runs" job_runs
for each in jobmanager taskmanager; do until_so 30 "$each is healthy" podman healthcheck run "$each"; done

say "the job runs; sending the demo's documents"
printf '{"id": "empty", "text": " "}\n' >"$run/empty.jsonl"
send() { "$root/deploy/hatflow" send --bootstrap-servers 127.0.0.1:19092 "$@" >/dev/null; }
send "$root"/deploy/samples/*.txt "$run/empty.jsonl"
until_so 120 "documents are in hand, some labelled and some not" in_hand
podman kill --signal KILL taskmanager >/dev/null
say "the TaskManager was killed with documents in hand; starting it again and sending the shorter ones by other ids"
for each in "$root"/deploy/samples/{08,09,1?}-*.txt; do cp "$each" "$run/again-$(basename "$each")"; done
podman start taskmanager >/dev/null
send "$run"/again-*.txt

(cd "$root/deploy/samples" && ls -- *.txt && cd "$run" && ls -- again-*.txt) >"$run/sent"
read_events() {
    "$root/deploy/hatflow" read --bootstrap-servers 127.0.0.1:19092 --registry-url http://127.0.0.1:19081/apis/ccompat/v7 "$@"
}
all_answered() {
    read_events >"$run/labelled.jsonl"
    read_events --dead-letters >"$run/dead.jsonl"
    (($(cat "$run/labelled.jsonl" "$run/dead.jsonl" | wc -l) >= $(wc -l <"$run/sent") + 2))
}
again="$(grep -c '^again-' "$run/sent")"
caught_up() { (($(metric labelled) >= again && $(metric received) == $(metric labelled) + $(metric rejected))); }
until_so 300 "the restarted tasks have answered all that they got" caught_up
until_so 60 "as many events are there as records were sent" all_answered
# One more checkpoint: what came twice would be there now.
job="$(curl --fail --silent http://127.0.0.1:18081/v1/jobs/overview | sed 's/.*"jid":"\([0-9a-f]*\)".*/\1/')"
checkpoints() {
    curl --fail --silent "http://127.0.0.1:18081/v1/jobs/$job/checkpoints" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["counts"]["completed"])'
}
before="$(checkpoints)"
one_more() { (($(checkpoints) > before)); }
until_so 60 "one more checkpoint is complete" one_more
all_answered
python3 "$here/test/check_events.py" "$run/labelled.jsonl" "$run/dead.jsonl" "$run/sent"

memory="$(podman exec taskmanager bash -c 'awk "/VmHWM/ { print int(\$2 / 1024) }" /proc/1/status')"
((memory < 2600)) || { echo "docker test: FAILED: the TaskManager took $memory MiB, expected less than its 2600" >&2; exit 1; }
podman exec taskmanager bash -c 'grep -q libjemalloc /proc/1/maps' || { echo "docker test: FAILED: jemalloc is not loaded" >&2; exit 1; }
say "passed; the TaskManager took $memory MiB at most"
