# shellcheck shell=bash
# Sourced in deploy/kubernetes: makes target/venv, where requirements.txt has changed since.
if ! cmp -s requirements.txt target/venv/requirements.txt; then
    python3 -m venv --clear target/venv
    target/venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
    cp requirements.txt target/venv/requirements.txt
fi
