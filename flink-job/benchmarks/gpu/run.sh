#!/usr/bin/env bash
# Measures hatflow on an NVIDIA GPU: the bare graph, the operator, the whole pipeline, what one would use instead, and whether scores agree
# with the CPU's. The shipped models and a random one of HAT-base's shape, in fp16 and fp32; what is wanted most comes first.
#
#   run.sh [--device cuda:N|cpu] [--minutes COUNT] [--steps REGEX] [--python PYTHON] [--output DIR] [--width W] [--layers L]
#   run.sh --quick            on the CPU with a tiny model: that it runs, not how fast
#
# --device   default: cuda:0
# --minutes  after which nothing more is begun and what runs is ended (default: 9)
# --steps    those alone whose names match as a whole: machine, and graph-, profile-, race-, padded-, python-, device-MODEL (default: .*)
# --python   which has PyTorch, onnxscript, onnxruntime-gpu and what onnx-export needs (default: virtual environments made here; where
#            pack.sh's parts are unpacked, python3)
# --output   results.jsonl, log.txt and nvidia-smi.csv are added to (default: flink-job/benchmarks/target/gpu/results)
# --width, --layers  of the random model (default: 768 and 12)
#
# A step that fails is named at the end and stops no other. Runs beside each other wait for one another.
set -euo pipefail
gpu="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
benchmarks="$(dirname "$gpu")"
root="$(cd "$benchmarks/../.." && pwd)"

device=cuda:0 minutes=9 steps=".*" python="" output="$benchmarks/target/gpu/results" width=768 layers=12 quick="" exporter=""
while (($#)); do
    case "$1" in
        --device) device="$2"; shift 2 ;;
        --minutes) minutes="$2"; shift 2 ;;
        --steps) steps="$2"; shift 2 ;;
        --python) python="$2"; shift 2 ;;
        --output) output="$(realpath -m "$2")"; shift 2 ;;
        --width) width="$2"; shift 2 ;;
        --layers) layers="$2"; shift 2 ;;
        --quick) quick=yes device=cpu width=64 layers=3; shift ;;
        --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit ;;
        *) echo "run.sh: unknown option $1; --help shows the options" >&2; exit 2 ;;
    esac
done
if [[ -e "$root/PACKED" ]]; then
    exporter_path="$root/site:$root/onnx-export/src"
    export JAVA_HOME="$root/jre" PYTHONPATH="$root/site-gpu:$exporter_path"
    python="${python:-python3}" exporter="${python:-python3}"
else
    exporter_path="$root/onnx-export/src"
    export PYTHONPATH="$exporter_path"
    # shellcheck source=../common.sh
    source "$benchmarks/common.sh"
    if [[ -z "$python" && -n "$quick" ]]; then
        python="$root/onnx-export/target/venv/bin/python"
    elif [[ -z "$python" ]]; then
        venv="$target/venv-gpu-export"
        make_venv requirements-gpu-export.txt
        exporter="$venv/bin/python"
        venv="$target/venv-gpu"
        make_venv requirements-gpu.txt
        python="$venv/bin/python"
    fi
    exporter="${exporter:-$python}"
    build_benchmarks
fi
export ORT_DISABLE_TELEMETRY=1 PYTHONUNBUFFERED=1
deadline=$((SECONDS + 60 * minutes))

models="$benchmarks/target/gpu/models-$width-$layers"
mkdir -p "$output" "$models"
for shipped in contract-clauses text-quality; do ln -sfn "$root/deploy/bundles/$shipped" "$models/$shipped-fp32"; done
exec 9> "$models/lock"
flock --wait $((deadline - SECONDS)) 9 || { echo "run.sh: another run of it still goes on" >&2; exit 1; }

# What every batch of the bare graph holds; documents and seconds of a contender's run; repetitions.
if [[ "$device" != cpu ]]; then
    rows=1,8,32,64,128,256,512,1024,2048 full=1024 seconds=1 documents=6000 run_seconds=1.5 repetitions=2 tasks="$(nproc)" copies=40
    export JAVA_OPTS="-Xmx16g"
    LD_LIBRARY_PATH="$("$python" "$gpu/cuda_libraries.py")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
    export LD_LIBRARY_PATH
else
    rows=1,8 full=8 seconds=0.2 documents=16 run_seconds=1 repetitions=1 tasks=2 copies=2
fi
if [[ -e "$root/PACKED" || "$device" != cpu ]]; then
    # Java runs the native libraries of the Python package, whose CUDA is that of its environment, through the JNI library of its own jar.
    native="$models/native"
    "$python" "$gpu/native_libraries.py" "$benchmarks/target" "$native"
    export JAVA_OPTS="${JAVA_OPTS:-} -Donnxruntime.native.path=$native"
fi

failed=()
now() { date -u +%FT%T.%3NZ; }

is_wanted() { [[ "$1" =~ ^($steps)$ ]]; }

# step NAME SECONDS COMMAND…: runs it for so many seconds at most. JSON lines that it prints are results, and so is $output/running.json.
step() {
    local name="$1" limit="$2" left=$((deadline - SECONDS)) begun code=0
    shift 2
    is_wanted "$name" || return 0
    ((limit < left)) || limit=$left
    if ((limit < 5)); then
        failed+=("$name (no time left)")
        return
    fi
    echo "run.sh: $(now) $name, at most $limit s"
    begun="$(now)"
    rm -f "$output/running.json"
    timeout --kill-after=5 "$limit" "$@" > "$output/running.log" 2>&1 9>&- || code=$?
    {
        grep '^{"' "$output/running.log" || true
        [[ ! -e "$output/running.json" ]] || "$python" "$gpu/one_line.py" "$name" "$output/running.json" || true
        printf '{"part": "step", "step": "%s", "begun": "%s", "ended": "%s", "exit": %d}\n' "$name" "$begun" "$(now)" "$code"
    } >> "$output/results.jsonl"
    { echo "=== $name"; cat "$output/running.log"; } >> "$output/log.txt"
    if ((code)); then
        echo "run.sh: $name ended with $code; the end of its log:"
        tail -n 5 "$output/running.log"
        failed+=("$name")
    fi
}

# with MODEL… -- KIND MODEL…: the step, when the models are there.
with() {
    local needed=()
    while [[ "$1" != -- ]]; do needed+=("$1"); shift; done
    is_wanted "$2-$3" || return 0
    local model
    for model in "${needed[@]}"; do
        while [[ ! -e "$models/$model" ]] && ((SECONDS < deadline)) && kill -0 "$preparing" 2>/dev/null; do sleep 0.2; done
        [[ -e "$models/$model" ]] || { failed+=("$2-$3 ($model was not exported)"); return; }
    done
    "${@:2}"
}

graph() { step "graph-$1" 60 "$python" "$gpu/bare_graph.py" --bundle "$models/$1" --device "$device" --rows "$rows" --seconds "$seconds"; }

profile() {
    CUDA_LAUNCH_BLOCKING=1 step "profile-$1" 60 "$python" "$gpu/bare_graph.py" --bundle "$models/$1" --device "$device" --rows "$full" --profile
}

# jvm NAME SECONDS ARGUMENTS…: a command of the benchmarks.
jvm() {
    local name="$1" limit="$2"
    shift 2
    step "$name" "$limit" bash -c 'set -euo pipefail; source "$0"; benchmarks "$@"' "$benchmarks/common.sh" \
        "$@" --device "$device" --output "$output/running.json"
}

# Contenders by turns, ours alone, against padded ones, and against those in Python: one that fails ends no more than its own step.
race() { contenders "race-$1" "$1" "$2" operator,pipeline; }
padded() { contenders "padded-$1" "$1" "$2" operator,padded8,padded32,naive,async-per-record; }
python() { contenders "python-$1" "$1" "$2" operator,python-padded8,python-padded32,torch-padded32,torch-padded8; }

contenders() {
    local name="$1" model="$2" limit="$3" only="$4"
    jvm "$name" "$limit" run --bundle "$models/$model" --plain-graph "$models/$model.onnx" --python "$python" \
        --scripts "$benchmarks/python" --skip-beam --streams MIXED --documents "$documents" --seconds "$run_seconds" \
        --repetitions "$repetitions" --close-repetitions 0 --latency-seconds 0 --tasks "$tasks" --only "$only"
}

# device MODEL REFERENCE MIB: scores, batches, memory; MIB are too few for a full batch.
device() {
    local limited=()
    [[ "$device" == cpu ]] || limited=(--memory-limit "$3")
    jvm "device-$1" 60 device --bundle "$models/$1" --reference "$models/$2" --texts "$root/deploy/samples" --copies "$copies" \
        "${limited[@]}"
}

# Models are made once, on the processors, while what needs none of them runs.
bundle() {
    [[ -e "$models/$1-$2" ]] && return
    PYTHONPATH="$exporter_path" "$exporter" -m onnx_export bundle --checkpoint "$models/checkpoints/$1" --precision "$2" --output "$models/making/$1-$2"
    mv "$models/making/$1-$2" "$models"
}

plain() {
    [[ -e "$models/$1.onnx" || -z "$torch" ]] && return
    "$python" "$benchmarks/python/plain_graph.py" --bundle "$models/$1" --output "$models/making/$1.onnx"
    mv "$models/making/$1.onnx" "$models"
}

checkpoint() {
    local made="$models/checkpoints/$1"
    [[ -e "$made" ]] && return
    if [[ "$1" == hat-base ]]; then
        PYTHONPATH="$exporter_path" "$exporter" "$gpu/random_hat.py" --tokenizer "$root/deploy/bundles/contract-clauses/tokenizer.json" --output "$models/making/$1" \
            --width "$width" --layers "$layers"
    else
        PYTHONPATH="$exporter_path" "$exporter" -m onnx_export unpack "$root/deploy/bundles/$1" --output "$models/making/$1"
    fi
    mv "$models/making/$1" "$made"
}

prepare() {
    set -e
    exec 8> "$models/lock-of-models"
    flock 8
    rm -rf "$models/making"
    mkdir -p "$models"/{making,checkpoints}
    checkpoint hat-base
    { bundle hat-base fp16 && plain hat-base-fp16; } &
    bundle hat-base fp32 &
    if [[ -z "$quick" ]]; then
        { checkpoint contract-clauses && bundle contract-clauses fp16 && plain contract-clauses-fp16 && plain contract-clauses-fp32; } &
    fi
    wait
}

# What is wanted most comes first. What needs Python alone stands before what needs Java.
all_steps() {
    step machine 60 "$python" "$gpu/machine.py" --device "$device"
    with hat-base-fp16 -- graph hat-base-fp16
    with hat-base-fp16 -- profile hat-base-fp16
    with hat-base-fp32 -- graph hat-base-fp32
    if [[ -z "$quick" ]]; then
        graph text-quality-fp32
        graph contract-clauses-fp32
        with contract-clauses-fp16 -- graph contract-clauses-fp16
        with contract-clauses-fp16 -- profile contract-clauses-fp16
    fi
    with hat-base-fp16 -- race hat-base-fp16 90
    with hat-base-fp16 hat-base-fp32 -- device hat-base-fp16 hat-base-fp32 1024
    [[ -z "$quick" ]] || return 0
    with contract-clauses-fp16 -- race contract-clauses-fp16 90
    if [[ -n "$torch" ]]; then
        with hat-base-fp16.onnx -- padded hat-base-fp16 90
        with contract-clauses-fp16.onnx -- padded contract-clauses-fp16 90
        with hat-base-fp16.onnx -- python hat-base-fp16 150
    fi
    with contract-clauses-fp16 -- device contract-clauses-fp16 contract-clauses-fp32 256
    device contract-clauses-fp32 contract-clauses-fp32 512
    race contract-clauses-fp32 60
    race hat-base-fp32 60
    device hat-base-fp32 hat-base-fp32 2048
    device text-quality-fp32 text-quality-fp32 128
    if [[ -n "$torch" ]]; then
        with contract-clauses-fp16.onnx -- python contract-clauses-fp16 120
        with contract-clauses-fp32.onnx -- padded contract-clauses-fp32 90
    fi
}

torch="$("$python" -c 'import importlib.util as i; print("yes" if i.find_spec("torch") and i.find_spec("onnxscript") else "")')"
set -m # a process group of its own, to be ended as a whole
(prepare) > "$output/exports.log" 2>&1 9>&- &
preparing=$!
set +m
sampling=""
if command -v nvidia-smi > /dev/null; then
    TZ=UTC nvidia-smi --query-gpu=timestamp,utilization.gpu,memory.used,power.draw,clocks.sm --format=csv,noheader,nounits \
        --loop-ms=200 >> "$output/nvidia-smi.csv" 9>&- &
    sampling=$!
fi
# Whether anything is left to be ended must not become the exit code.
trap '[[ -z $sampling ]] || kill $sampling 2>/dev/null || true; kill -- -$preparing 2>/dev/null || true' EXIT
all_steps
rm -f "$output"/running.{log,json}
"$python" "$gpu/summary.py" "$output"
((${#failed[@]} == 0)) || { printf 'run.sh: failed: %s\n' "${failed[@]}"; exit 1; }
