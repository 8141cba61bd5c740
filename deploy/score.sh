#!/usr/bin/env bash
# Scores a file of JSON lines: score.sh --bundle DIR --input docs.jsonl --output events.jsonl [--overwrite]
exec "$(dirname "${BASH_SOURCE[0]}")/hatflow.sh" score "$@"
