#!/usr/bin/env bash
# Sends the records in dead letters again: replay.sh --bootstrap-servers HOST:PORT --reason REASON[,…] [--dead-letters TOPIC] [--to TOPIC] [--dry-run]
exec "$(dirname "${BASH_SOURCE[0]}")/hatflow.sh" replay "$@"
