#!/usr/bin/env bash
# Builds the image, and the jar for it if that is missing or older than its sources.
#
#   build.sh [--tag NAME:TAG] [--bundle DIR]… [--cuda] [--engine podman|docker] [-- OPTIONS OF THE ENGINE'S build]
#
# --tag     how the image is called (default: hatflow:VERSION, with -cuda behind it for --cuda)
# --bundle  goes into the image, as /opt/flink/bundles/NAME-OF-DIR; without any, mount a bundle or fetch it
# --cuda    with CUDA's libraries and ONNX Runtime for GPUs
# --engine  what builds (default: podman if it is there, else docker)
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(dirname "$(dirname "$here")")"
# shellcheck source=../launch/build.sh
source "$root/deploy/launch/build.sh"

tag='' engine='' cuda='' bundles=() options=()
while (($#)); do
    case "$1" in
        --tag | --bundle | --engine)
            (($# > 1)) || { echo "build.sh: $1 needs a value" >&2; exit 2; }
            case "$1" in
                --tag) tag="$2" ;;
                --bundle) bundles+=("${2%/}") ;;
                --engine) engine="$2" ;;
            esac
            shift 2
            ;;
        --cuda) cuda=.cuda; shift ;;
        --) shift; options=("$@"); break ;;
        -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) echo "build.sh: unknown option $1; --help lists those that there are" >&2; exit 2 ;;
    esac
done
for bundle in "${bundles[@]}"; do
    [[ -f "$bundle/manifest.json" ]] || { echo "build.sh: --bundle $bundle has no manifest.json, so it is not a bundle" >&2; exit 2; }
done
if [[ -z "$engine" ]]; then
    for engine in podman docker none; do command -v "$engine" >/dev/null && break; done
fi
command -v "$engine" >/dev/null || { echo "build.sh: neither podman nor docker is on the PATH; install one of them" >&2; exit 1; }

version="$(sed -n '/<artifactId>hatflow-parent</,/<packaging>/s/.*<version>\(.*\)<\/version>.*/\1/p' "$root/pom.xml")"
jar="$root/flink-job/job/target/hatflow-job-$version-cluster.jar"
build_if_needed "jar for the image" "$jar" flink-job/job

# A fresh folder with no more in it than goes into the image.
context="$here/target/context$cuda"
rm -rf "$context"
mkdir -p "$context"/{lib,usrlib,bin,bundles}
install -m 755 "$here"/image/* "$context/bin"
for bundle in "${bundles[@]}"; do cp -rL "$bundle" "$context/bundles/"; done
IFS=: read -ra native <<<"$(<"$root/flink-job/job/target/native.classpath")"
install -m 644 "${native[@]}" "$context/lib"
if [[ -n "$cuda" ]]; then
    cpu=("$context"/lib/onnxruntime-*.jar)
    gpu="onnxruntime_gpu:$(basename "${cpu[0]%.jar}" | sed 's/^onnxruntime-//')"
    (cd "$root" && ./mvnw -q -B -ntp org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy \
        -Dartifact="com.microsoft.onnxruntime:$gpu" -DoutputDirectory="$context/lib" -pl .)
    rm "${cpu[@]}"
fi
# What is in lib/ would be in the image twice. Times stay, so that the same jar makes the same layer.
python3 - "$jar" "$context/usrlib/hatflow-job.jar" <<'PYTHON'
import sys
import zipfile

whole, without = sys.argv[1:]
native = ("ai/onnxruntime/", "ai/djl/", "native/lib/", "com/sun/jna/")
with zipfile.ZipFile(whole) as source, zipfile.ZipFile(without, "w", zipfile.ZIP_DEFLATED) as target:
    for entry in source.infolist():
        if not entry.filename.startswith(native):
            target.writestr(entry, source.read(entry))
PYTHON
chmod -R a+rX,go-w "$context"
find "$context" -exec touch -d 2026-01-01T00:00:00Z {} +

[[ "$engine" != *podman ]] || options=(--format docker "${options[@]}") # Otherwise podman leaves the health check out.
if [[ -n "$cuda" ]]; then
    base="localhost/hatflow-flink-cuda:$version"
    "$engine" build --tag "$base" --file "$here/Dockerfile.cuda" "${options[@]}" "$context/bin"
    options+=(--build-arg FLINK_IMAGE="$base" --pull=false)
fi
"$engine" build --tag "${tag:-hatflow:$version${cuda:+-cuda}}" --file "$here/Dockerfile" \
    --build-arg VERSION="$version" --build-arg REVISION="$(git -C "$root" rev-parse HEAD 2>/dev/null || echo unknown)" \
    "${options[@]}" "$context"
