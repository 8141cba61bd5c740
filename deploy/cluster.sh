#!/usr/bin/env bash
# A Kafka broker, a Flink JobManager and two TaskManagers as processes of this machine, each started again when it dies:
# cluster.sh start [--kafka-port 9092] [--web-port 8081] | submit [--parallelism 2] -- SETTINGS… | status | stop [--job]
# All take --home DIR, the folder of everything that the cluster writes (CLUSTER_HOME, or ~/.hatflow-cluster).
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(dirname "$here")"
# shellcheck source=build.sh
source "$here/build.sh"
build_if_needed cluster "$root/flink-job/cluster/target/cluster.classpath" flink-job/job,flink-job/cluster \
    "$root/flink-job/cluster"

CLASSPATH="$(echo "$root"/flink-job/cluster/target/hatflow-cluster-*-SNAPSHOT.jar):$(cat "$root/flink-job/cluster/target/cluster.classpath")"
export CLASSPATH
export ORT_DISABLE_TELEMETRY=1

verb="${1:---help}"
(($#)) && shift
home="${CLUSTER_HOME:-$HOME/.hatflow-cluster}"
place=(--home "$home")
for ((i = 1; i <= $#; i++)); do
    next=$((i + 1))
    case "${!i}" in
        --) break ;;
        --home) home="${!next:-}" place=() ;;
        --home=*) home="${!i#*=}" place=() ;;
    esac
done

cluster() {
    "$java" -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 io.hatflow.cluster.ClusterCommand "$@"
}

case "$verb" in
    start)
        mkdir -p "$home"
        # Behind what is there: a cluster that runs already refuses a second one, and its log must stay.
        touch "$home/cluster.log"
        lines=$(($(wc -l <"$home/cluster.log") + 1))
        CLASSPATH="$CLASSPATH" setsid "$java" -Xmx256m -XX:+UseSerialGC io.hatflow.cluster.ClusterCommand run \
            "${place[@]}" --checkout "$root" "$@" >>"$home/cluster.log" 2>&1 </dev/null &
        supervisor=$!
        disown
        while read -r line; do
            [[ "$line" == "Ready." ]] && break
            echo "$line"
        done < <(tail -n +$lines -f --pid=$supervisor "$home/cluster.log")
        kill -0 $supervisor 2>/dev/null || exit 1
        echo "Ready. Submit the job with deploy/cluster.sh submit -- --model.bundle=DIR …; log: $home/cluster.log"
        ;;
    submit) cluster submit "${place[@]}" --checkout "$root" "$@" ;;
    status | stop) cluster "$verb" "${place[@]}" "$@" ;;
    *) cluster "$verb" "$@" ;;
esac
