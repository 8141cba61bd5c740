#!/usr/bin/env bash
# Packs what run.sh needs for a machine with a GPU that has no JDK and no network, but Python with PyTorch, onnx, onnxscript, onnxruntime
# (1.30 or later), ml-dtypes, safetensors and tokenizers, and the libraries of CUDA 13.
#
#   pack.sh [--architecture CAPABILITY|all] [--python VERSION] [--part-size MB] [--output DIR]
#
# --architecture  compute capability of the GPU without its point (default: 90, of H100 and H200); all makes parts of 130 MB more
# --python        of that machine (default: 3.12)
# --part-size     largest part (default: 48)
# --output        where parts 1, 2, … come to lie (default: flink-job/benchmarks/target/gpu/parts)
#
# Carry the parts there, in this order or together, and run N/unpack.sh FOLDER for each; then FOLDER/flink-job/benchmarks/gpu/run.sh.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

architecture=90 version=3.12 size=48 output="$target/gpu/parts"
while (($#)); do
    case "$1" in
        --architecture) architecture="$2" ;;
        --python) version="$2" ;;
        --part-size) size="$2" ;;
        --output) output="$(realpath -m "$2")" ;;
        --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit ;;
        *) echo "pack.sh: unknown option $1; --help shows the options" >&2; exit 2 ;;
    esac
    shift 2
done

# What jdeps names for our class path, and those that are found by name.
modules=java.base,java.compiler,java.desktop,java.logging,java.management,java.management.rmi,java.naming,java.net.http,java.scripting
modules+=,java.security.jgss,java.security.sasl,java.sql,jdk.management,jdk.net,jdk.unsupported,jdk.zipfs

build_benchmarks
wheels="$target/gpu/wheels-$version" jre="$target/gpu/jre"
platforms=()
for glibc in 2_28 2_27 2_17; do platforms+=(--platform "manylinux_${glibc}_x86_64"); done
python3 -m pip download --quiet --no-deps --only-binary=:all: --implementation cp --python-version "$version" "${platforms[@]}" \
    --requirement "$here/gpu/packed.txt" --dest "$wheels"
rm -rf "$jre"
"${JAVA_HOME:+$JAVA_HOME/bin/}jlink" --add-modules "$modules" --strip-debug --no-man-pages --no-header-files --output "$jre"
python3 "$here/gpu/pack.py" --root "$root" --wheels "$wheels" --jre "$jre" --classpath "$target/benchmarks.classpath" \
    --architecture "$architecture" --part-size "$size" --output "$output"
