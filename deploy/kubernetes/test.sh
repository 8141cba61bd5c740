#!/usr/bin/env bash
# Checks the manifests: test.sh. Needs Python 3.11 with venv. What it skips, for want of kustomize or of the operator's definition, it names:
# FLINK_OPERATOR_CRD=FILE is the operator's flinkdeployments.flink.apache.org-v1.yml.
set -euo pipefail
if (($#)); then
    echo "test.sh: what is $1? It takes no options; FLINK_OPERATOR_CRD=FILE before it names the operator's definition" >&2
    exit 2
fi
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=venv.sh
source venv.sh
target/venv/bin/python -W error::SyntaxWarning -m unittest --verbose test_manifests
