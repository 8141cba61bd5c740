#!/usr/bin/env bash
# Builds the image, and runs deploy/compose.yaml on it with podman-compose: broker, schema registry, JobManager, TaskManager and Prometheus in
# containers, which are started before what they need is there. Sends the demo's documents, kills the TaskManager while it has documents in
# hand, sends the shorter ones again by other ids, stops the job with a savepoint and starts it from that, and checks that each record ended
# in exactly one event. Meanwhile Prometheus asks the job: each expression of alerts and dashboard must find what it names.
#
#   test.sh [--official | --load MINUTES | --clean]
#
# --official      on the official images, pulled from their registries, Grafana included, in place of stand-ins that are made here
# --load MINUTES  tests nothing, but sends documents for so long, and draws the dashboard's panels into docs/operations
# --clean         only removes what earlier runs have left under target/: packages, Flink's wheels and images
#
# Takes a JDK 17, Python 3.11 with pip, and root on a Debian-like machine; what else it needs it installs with apt-get and pip. Ends with 77,
# and a line that says why, where the machine cannot run containers or fetch what is needed.
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

official='' load=''
case "${1:-}" in
    --official) official=1 ;;
    --load) load="${2:?test.sh: --load needs a number of minutes}" ;;
    --clean) rm -rf "$here/target"; exit ;;
    '') ;;
    *) echo "test.sh: unknown option $1; there are --official, --load MINUTES and --clean" >&2; exit 2 ;;
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
remove_containers() {
    local attempt
    # On a busy machine, a process may take longer to die than podman waits.
    for attempt in 1 2 3 4 5; do podman rm --all --force --time 0 >/dev/null 2>&1 && break; done
    podman pod rm --all --force >/dev/null
    podman volume prune --force >/dev/null
    podman network prune --force >/dev/null
}
remove_containers # That a run has left which was itself killed.
{ podman network create hatflow-probe && podman network rm hatflow-probe; } >"$work/podman.log" 2>&1 ||
    unable "podman makes no bridge network here: $(tail -n 1 "$work/podman.log")"

# ---- the images that ours is built on, and runs beside ------------------------------------------------------------------------------------
flink="$(sed -n 's/.*<flink.version>\(.*\)<.*/\1/p' "$root/pom.xml")"
base="docker.io/library/flink:$flink-java17"
if [[ ! -x "$work/venv/bin/podman-compose" ]]; then
    python3 -m venv "$work/venv"
    "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check podman-compose==1.6.0 2>"$work/pip.log" ||
        unable "pip could not install podman-compose: $(tail -n 1 "$work/pip.log")"
fi
# compose COMMAND …: on the stack of this test.
compose() { "$work/venv/bin/podman-compose" --file "$root/deploy/compose.yaml" "$@" >>"$work/compose.log" 2>&1; }
: >"$work/compose.log"
services=(broker topics registry jobmanager taskmanager prometheus)
# The command line sends and reads documents here; its class path has a broker, too.
"$root/deploy/hatflow" --version >/dev/null
if [[ -n "$official" ]]; then
    services+=(grafana)
    podman pull --quiet "$base" >/dev/null && compose pull "${services[@]}" || unable "an official image could not be pulled"
else
    # shellcheck source=test/stand-ins.sh
    source "$here/test/stand-ins.sh"
    mapfile -t beside < <(sed -nE 's/^ +image: (docker.io.*(kafka|registry|prometheus):.*)/\1/p' "$root/deploy/compose.yaml" | uniq)
    make_stand_ins "${beside[@]}"
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
lib64="$cuda/usr/local/cuda/lib64"
mkdir -p "$lib64"
for library in cudart.so.12 cublas.so.12 cublasLt.so.12 curand.so.10 cufft.so.11 cusparse.so.12; do
    echo "$library" >"$lib64/lib$library.9.1"
    ln -sf "lib$library.9.1" "$lib64/lib$library"
done
printf 'FROM scratch\nCOPY usr /usr\n' >"$cuda/Dockerfile"
podman build --quiet --format docker --tag localhost/hatflow-test-cuda "$cuda" >/dev/null
podman build --quiet --pull=never --format docker --tag localhost/hatflow-test-flink-cuda --file "$here/Dockerfile.cuda" \
    --build-arg CUDA_IMAGE=localhost/hatflow-test-cuda "$cuda" >/dev/null
expect "CUDA's libraries" "libcublas.so.12 cublas.so.12 libcublasLt.so.12 cublasLt.so.12 libcudart.so.12 cudart.so.12 libcurand.so.10 curand.so.10" \
    "$(in_image localhost/hatflow-test-flink-cuda 'export LC_ALL=C; cd /opt/cuda/lib; echo $(for each in *; do [ -L $each ] || echo $each $(cat $each); done)')"

# ---- containers --------------------------------------------------------------------------------------------------------------------------
run="$work/run"
rm -rf "$run"
mkdir -p "$run"/{bundles,www}
chown 9999:9999 "$run/bundles"
export IMAGE="$image" BUNDLES="$run/bundles" CHECKPOINT_INTERVAL='2 s'
export KAFKA_PORT=19092 REGISTRY_PORT=19081 FLINK_PORT=18081 PROMETHEUS_PORT=19090 GRAFANA_PORT=13000
broker="127.0.0.1:$KAFKA_PORT" registry="http://127.0.0.1:$REGISTRY_PORT/apis/ccompat/v7" web="http://127.0.0.1:$FLINK_PORT"
metrics="http://127.0.0.1:$PROMETHEUS_PORT"
network=hatflow-test
serving=''
clean_up() {
    local status=$? each
    trap - EXIT
    if ((status)); then
        for each in $(podman ps --all --format '{{.Names}}'); do podman logs "$each" >"$run/$each.log" 2>&1 || true; done
        echo "docker test: FAILED; the containers' logs are in $run, podman-compose's is $work/compose.log" >&2
        tail -n 20 "$run/"*jobmanager*.log >&2 || true
    fi
    [[ -z "$serving" ]] || kill "$serving" 2>/dev/null || true
    remove_containers
    rm -rf "$state"
    exit $status
}

# container SERVICE: its id.
container() { podman ps --all --quiet --filter label=com.docker.compose.service="$1" | head -n 1; }

# until_so SECONDS WHAT COMMAND: waits until the command succeeds.
until_so() {
    local limit=$((SECONDS + $1)) what="$2"
    shift 2
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < limit)) || { echo "docker test: FAILED: waited in vain until $what" >&2; exit 1; }
        sleep 0.5
    done
}

trap clean_up EXIT
podman network create $network >/dev/null
gateway="$(podman network inspect --format '{{(index .Subnets 0).Gateway}}' $network)"

say "fetching a bundle, as an init container does"
tar --create --gzip --file "$run/www/bundle.tar.gz" --directory "$(dirname "$bundle")" contract-clauses
# At all addresses, since the network's is there only while a container is.
python3 -m http.server --directory "$run/www" 18000 >"$run/www.log" 2>&1 &
serving=$!
sha256="$(sha256sum "$run/www/bundle.tar.gz" | cut -d ' ' -f 1)"
fetch() {
    podman run --rm --no-healthcheck --network $network --volume "$run/bundles:/opt/flink/bundles" --entrypoint /opt/hatflow/bin/fetch-bundle "$image" \
        "http://$gateway:18000/bundle.tar.gz" "$1" /opt/flink/bundles/contract-clauses
}
until_so 20 "the bundle's server answers" curl --fail --silent --output /dev/null http://127.0.0.1:18000/
if fetch "${sha256//[0-9]/0}" 2>"$run/refused"; then
    echo "docker test: FAILED: a bundle with another checksum was taken" >&2
    exit 1
fi
grep -q 'nothing was unpacked' "$run/refused"
fetch "$sha256" >/dev/null
expect "a bundle that is there already" "fetch-bundle: /opt/flink/bundles/contract-clauses is there already" "$(fetch "$sha256")"

say "starting all at once, the last first"
compose up --detach --no-deps prometheus taskmanager jobmanager
compose up --detach "${services[@]}"

# counts: how many records the operator's tasks have received, labelled and rejected, as Prometheus would see it.
counts() {
    curl --fail --silent "http://$address:9249/metrics" | awk '
        /^flink_taskmanager_job_task_operator_(received|labelled|rejected)\{/ && /operator_name="classify"/ { sum[substr($0, 37, 8)] += $NF }
        END { print sum["received"] + 0, sum["labelled"] + 0, sum["rejected"] + 0 }'
}
job_runs() { curl --fail --silent "$web/v1/jobs/overview" | grep -q '"state":"RUNNING".*"running":[1-9]'; }
in_hand() { read -r received labelled rejected < <(counts) && ((labelled >= 2 && received > labelled + rejected)); }
until_so 400 "the job runs" job_runs
locate() { address="$(podman inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$(container taskmanager)")"; }
locate
for each in broker registry jobmanager taskmanager; do until_so 30 "$each is healthy" podman healthcheck run "$(container "$each")"; done

if [[ -n "$load" ]]; then
    say "the job runs; sending documents for $load minutes"
    end=$((SECONDS + 60 * load))
    while ((SECONDS < end)); do "$root/deploy/hatflow" send --bootstrap-servers "$broker" "$root"/deploy/samples/{01,08,09,1?}-*.txt >/dev/null; done
    "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check matplotlib
    "$work/venv/bin/python" "$root/deploy/monitoring/draw.py" "$metrics" "$load" "$root/docs/operations/dashboard.svg"
    exit
fi

say "the job runs; sending the demo's documents"
printf '{"id": "empty", "text": " "}\n' >"$run/empty.jsonl"
send() { "$root/deploy/hatflow" send --bootstrap-servers "$broker" "$@" >/dev/null; }
CLASSPATH="$(<"$root/flink-job/cli/target/cli.classpath")" "${JAVA_HOME:+$JAVA_HOME/bin/}java" "$here/test/NoDocument.java" "$broker"
# The long ones three times, so that there is time to see them in hand.
for each in "$root"/deploy/samples/0[1-7]-*.txt; do
    for time in second third; do cp "$each" "$run/$time-$(basename "$each")"; done
done
send "$root"/deploy/samples/*.txt "$run"/{second,third}-*.txt "$run/empty.jsonl" &
sending=$!
until_so 120 "documents are in hand, some labelled and some not" in_hand
# The process and not the container, which podman would take for the wish that it stay away.
kill -KILL "$(podman inspect --format '{{.State.Pid}}' "$(container taskmanager)")"
say "the TaskManager was killed with documents in hand; sending the shorter ones by other ids"
for each in "$root"/deploy/samples/{08,09,1?}-*.txt; do cp "$each" "$run/again-$(basename "$each")"; done
wait $sending
send "$run"/again-*.txt

(cd "$root/deploy/samples" && ls -- *.txt && cd "$run" && ls -- *.txt) >"$run/sent"
read_events() { "$root/deploy/hatflow" read --bootstrap-servers "$broker" --registry-url "$registry" "$@"; }
all_answered() {
    read_events >"$run/labelled.jsonl"
    read_events --dead-letters >"$run/dead.jsonl"
    (($(cat "$run/labelled.jsonl" "$run/dead.jsonl" | wc -l) >= $(wc -l <"$run/sent") + 2))
}
again="$(grep -c '^again-' "$run/sent")"
caught_up() {
    locate && read -r received labelled rejected < <(counts) && ((labelled >= again && received == labelled + rejected))
}
until_so 300 "the restarted tasks have answered all that they got" caught_up
memory="$(podman exec "$(container taskmanager)" bash -c 'awk "/VmHWM/ { print int(\$2 / 1024) }" /proc/1/status')"
((memory < 2600)) || { echo "docker test: FAILED: the TaskManager took $memory MiB, expected less than its 2600" >&2; exit 1; }
podman exec "$(container taskmanager)" bash -c 'grep -q libjemalloc /proc/1/maps' ||
    { echo "docker test: FAILED: jemalloc is not loaded" >&2; exit 1; }

say "asking Prometheus all that alerts and dashboard ask; collecting a diagnosis"
python3 "$root/deploy/monitoring/check.py" "$metrics" 60
"$root/deploy/diagnose.sh" --flink "$web" --prometheus "$metrics" --bundle "$run/bundles/contract-clauses" --output "$run/diagnosis.tar.gz" >/dev/null
python3 "$here/test/check_diagnosis.py" "$run/diagnosis.tar.gz" "$root"/deploy/samples/*.txt

say "stopping the job with a savepoint, and starting it from that with another model"
compose exec -T jobmanager flink list
job="$(sed -nE 's/.* : ([0-9a-f]{32}) : hatflow \(RUNNING\)/\1/p' "$work/compose.log" | tail -n 1)"
compose exec -T jobmanager flink stop --savepointPath /opt/flink/checkpoints "$job"
savepoint="$(grep -o 'file:/opt/flink/checkpoints/savepoint-[0-9a-f-]*' "$work/compose.log" | tail -n 1)"
stopped() { [[ "$(podman inspect --format '{{.State.Running}}' "$(container jobmanager)")" == false ]]; }
until_so 60 "the JobManager has ended with its job" stopped
cp -r "$root/deploy/bundles/text-quality" "$run/bundles"
BUNDLE=text-quality SAVEPOINT="$savepoint" compose up --detach --no-deps jobmanager
until_so 120 "the job runs again" job_runs
cp "$root/deploy/samples/18-one-line.txt" "$run/last.txt"
echo last.txt >>"$run/sent"
send "$run/last.txt"
# With the event of the last record, what came twice would be there.
until_so 120 "as many events are there as records were sent" all_answered
python3 "$here/test/check_events.py" "$run/labelled.jsonl" "$run/dead.jsonl" "$run/sent"
models() { python3 -c 'import json, sys; print(*sorted({a["model"]["name"] for e in map(json.loads, sys.stdin) for a in e["answers"]}))'; }
expect "models before and after" "contract-clauses text-quality" "$(models <"$run/labelled.jsonl")"
say "passed; the TaskManager took $memory MiB at most"
