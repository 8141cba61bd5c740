#!/usr/bin/env bash
# Prints events as JSON lines: read.sh --bootstrap-servers HOST:PORT [--dead-letters] [--topic TOPIC] [--follow]
exec "$(dirname "${BASH_SOURCE[0]}")/hatflow.sh" read "$@"
