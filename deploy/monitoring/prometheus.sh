# shellcheck shell=bash
# Sourced in deploy/: fetch_prometheus puts Debian's prometheus and promtool into monitoring/target/prometheus/usr/bin, as a package that is
# unpacked and not installed, and sets $prometheus to that folder. Returns 1, with the reason in $why, where that cannot be done.
fetch_prometheus() {
    local target
    target="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/target"
    prometheus="$target/prometheus/usr/bin" why=''
    [[ ! -x "$prometheus/promtool" ]] || return 0
    command -v apt-get >/dev/null && command -v dpkg >/dev/null || { why="Prometheus cannot be fetched: there is no apt-get here"; return 1; }
    rm -rf "$target"
    mkdir -p "$target"
    chmod a+rwx "$target" # apt-get fetches as a user of its own.
    (cd "$target" && { apt-get download -q prometheus || { apt-get update -q && apt-get download -q prometheus; }; }) >"$target/apt.log" 2>&1 ||
        { why="apt-get could not fetch prometheus: $(tail -n 1 "$target/apt.log")"; return 1; }
    dpkg -x "$target"/prometheus_*.deb "$target/prometheus"
    rm "$target"/prometheus_*.deb
}
