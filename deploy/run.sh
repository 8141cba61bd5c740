#!/usr/bin/env bash
# Runs the job on this machine against your own Kafka: run.sh --kafka.bootstrap-servers HOST:PORT --model.bundle DIR […]
# All settings: docs/configuration.md
exec "$(dirname "${BASH_SOURCE[0]}")/hatflow.sh" run "$@"
