# Sourced by hatflow: a Kafka broker, a Flink JobManager and two TaskManagers as processes of this machine, each started again when it dies.
# All take --home DIR, the folder of everything that the cluster writes (CLUSTER_HOME, or ~/.hatflow-cluster). Needs build.sh.

# launch cluster start|submit|status|stop ARGUMENTS…
launch() {
    local target="$root/flink-job/cluster/target"
    build_if_needed cluster "$target/cluster.classpath" flink-job/broker,flink-job/job,flink-job/cluster "$root/flink-job/cluster"
    CLASSPATH="$(echo "$target"/hatflow-cluster-*-SNAPSHOT.jar):$(cat "$target/cluster.classpath")"
    export CLASSPATH

    local verb="${2:---help}"
    shift
    (($#)) && shift
    local home="${CLUSTER_HOME:-$HOME/.hatflow-cluster}"
    local place=(--home "$home") i next
    for ((i = 1; i <= $#; i++)); do
        next=$((i + 1))
        case "${!i}" in
            --) break ;;
            --home) home="${!next:-}" place=() ;;
            --home=*) home="${!i#*=}" place=() ;;
        esac
    done

    case "$verb" in
        start) start_cluster "$home" "${place[@]}" "$@" ;;
        submit) cluster_command submit "${place[@]}" --checkout "$root" "$@" ;;
        status | stop) cluster_command "$verb" "${place[@]}" "$@" ;;
        *) cluster_command "$verb" "$@" ;;
    esac
}

cluster_command() {
    "$java" -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 io.hatflow.cluster.ClusterCommand "$@"
}

# start_cluster HOME ARGUMENTS…: puts the supervisor into the background and waits until it is ready.
start_cluster() {
    local home="$1" lines supervisor line
    shift
    mkdir -p "$home"
    # Behind what is there: a cluster that runs already refuses a second one, and its log must stay.
    touch "$home/cluster.log"
    lines=$(($(wc -l <"$home/cluster.log") + 1))
    setsid "$java" -Xmx256m -XX:+UseSerialGC io.hatflow.cluster.ClusterCommand run \
        --checkout "$root" "$@" >>"$home/cluster.log" 2>&1 </dev/null &
    supervisor=$!
    disown
    while read -r line; do
        [[ "$line" == "Ready." ]] && break
        echo "$line"
    done < <(tail -n +$lines -f --pid=$supervisor "$home/cluster.log")
    kill -0 $supervisor 2>/dev/null || exit 1
    echo "Ready. Submit the job with deploy/hatflow cluster submit -- --model.bundle=DIR …; log: $home/cluster.log"
}
