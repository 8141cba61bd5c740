#!/usr/bin/env bash
# Streams documents through a cluster on this machine while its processes are killed, and checks that none is lost or doubled:
# chaos.sh [--seconds 60] [--seed N] [--guarantee exactly-once|at-least-once] [--bundle DIR] [--faults A,B] [--keep]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
harness ChaosCommand "$@"
