# For the recipes of classifiers: how a training is started, and with which options. Sets train, options, first_options
# and baseline_options.
python=${PYTHON:-python3}

# PyTorch gives every large buffer back to the system and gets it again, page fault by page fault, in each operation. Keeping
# them halves the time of elementwise operations. PASSIVE lets waiting threads sleep, which matters where cores are shared.
train() {
    MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000 THP_MEM_ALLOC_ENABLE=1 OMP_WAIT_POLICY=PASSIVE \
        "$python" -m onnx_export train --data "$texts" "$@"
}

# Faster where the GPU or the processor multiplies in bfloat16; elsewhere it would only round.
precision=no
if command -v nvidia-smi >/dev/null || grep -qsE 'avx512_bf16|amx_bf16' /proc/cpuinfo; then
    precision=bf16
fi

options=(--mixed-precision "$precision" --segment-length 64 --window-overlap 8 --negative-segments-kept 0.15 --dropout 0
    --vary-segments 0.4 --mask-tokens 0.05 --weight-average 0.998 --evaluate-every 2)
first_options=()
baseline_options=()
