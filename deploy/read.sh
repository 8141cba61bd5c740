#!/usr/bin/env bash
# Prints events as JSON lines: read.sh --bootstrap-servers HOST:PORT [--topic labelled-documents] [--dead-letters] [--follow]
exec "$(dirname "${BASH_SOURCE[0]}")/hatflow.sh" read "$@"
