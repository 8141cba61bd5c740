# Sourced by the scripts that run what Maven builds: finds java, and builds what is missing or older than its sources.
# Leaves $java set; expects $root.
java="${JAVA_HOME:+$JAVA_HOME/bin/}java"
command -v "$java" >/dev/null || {
    echo "hatflow: no java found; install a JDK 17 (Debian: openjdk-17-jdk-headless) or set JAVA_HOME" >&2
    exit 1
}

# own_temporary_folder: makes a folder for all that the JVM of this script leaves behind, and sets $temporary to its options. The JVM
# removes it as it ends; what waits in the background does, where the JVM was killed or left that to it. A file in it that is called keep
# says that it is to stay. To be followed by exec.
own_temporary_folder() {
    local folder jvm=$BASHPID # which exec keeps
    folder="$(mktemp -d "${TMPDIR:-/tmp}/hatflow-XXXXXXXX")"
    temporary=(-Djava.io.tmpdir="$folder" -Dhatflow.temporary="$folder")
    (
        trap '' INT TERM HUP
        while kill -0 "$jvm" 2>/dev/null; do sleep 1; done
        [[ -e "$folder/keep" ]] || rm -rf "$folder"
    ) </dev/null >/dev/null 2>&1 &
    disown
}

# is_built MADE SOURCES…: whether MADE is newer than all SOURCES, and what the class paths beside it name of this repository is there.
is_built() {
    local made="$1" entry
    shift
    [[ -f "$made" ]] || return 1
    for entry in $(cat "$(dirname "$made")"/*.classpath | tr ':' '\n' | grep "^$root/"); do
        [[ -e "$entry" ]] || return 1
    done
    [[ -z "$(find "$@" -newer "$made" -type f -print -quit)" ]]
}

# build_if_needed NAME MADE MODULES SOURCES…: runs Maven for MODULES if the class path MADE is missing or older than a source of the
# job and what it needs, or of SOURCES, which are folders of modules.
build_if_needed() {
    local name="$1" made="$2" modules="$3"
    shift 3
    local sources=("$root"/pom.xml "$root"/schemas/{pom.xml,src/main} "$root"/flink-job/{pom.xml,{inference,operator,broker,job}/{pom.xml,src/main}})
    local folder
    for folder in "$@"; do
        sources+=("$folder/pom.xml" "$folder/src/main")
    done
    is_built "$made" "${sources[@]}" && return
    command -v "${java}c" >/dev/null || {
        echo "hatflow: to build the $name, a JDK 17 is needed, not only a JRE" >&2
        exit 1
    }
    echo "hatflow: building the $name; the first time this takes minutes, because Maven fetches what it needs" >&2
    # A build that fails must not pass for one by what an earlier one has left.
    if (
        set -o pipefail
        cd "$root"
        ./mvnw -B -ntp -Dmaven.test.skip=true -pl "$modules" -am package |
            { grep --line-buffered -E '^\[INFO\] (Building hatflow|BUILD)|^\[ERROR\]' >&2 || true; }
    ); then
        # Maven leaves a file as it is where its content would not change.
        touch -c "$made"
        is_built "$made" "${sources[@]}" && return
    fi
    echo "hatflow: the build failed; run ./mvnw -pl $modules -am package to see why" >&2
    exit 1
}
