#!/usr/bin/env bash
# Of the stand-in for Flink's image: jemalloc, JOB_MANAGER_RPC_ADDRESS and FLINK_PROPERTIES as the official entrypoint takes them.
set -euo pipefail

library="/usr/lib/$(uname -m)-linux-gnu/libjemalloc.so"
[[ "${DISABLE_JEMALLOC:-false}" == true ]] || export LD_PRELOAD="$library"
options=("-Djobmanager.rpc.address=${JOB_MANAGER_RPC_ADDRESS:-$(hostname)}" -Dblob.server.port=6124 -Dquery.server.port=6125)
while IFS=: read -r key value; do
    [[ -z "${key// /}" ]] || options+=("-D$(xargs <<<"$key")=$(xargs <<<"$value")")
done <<<"${FLINK_PROPERTIES:-}"

command="${1:-help}"
(($#)) && shift
case "$command" in
    jobmanager) script=jobmanager.sh ;;
    standalone-job) script=standalone-job.sh ;;
    taskmanager) script=taskmanager.sh ;;
    *) exec "$command" "$@" ;;
esac
/bin/bash "$FLINK_HOME/bin/config-parser-utils.sh" "$FLINK_HOME"/{conf,bin,lib} "${options[@]}"
exec "$FLINK_HOME/bin/$script" start-foreground "$@"
