# For recipe.sh and layouts.sh: how a training is started, and the options of one in which all layers learn.
python=${PYTHON:-python3}

# PyTorch gives every large buffer back to the system and gets it again, page fault by page fault, in each operation. Keeping
# them halves the time of elementwise operations. PASSIVE lets waiting threads sleep, which matters where cores are shared.
train() {
    MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000 THP_MEM_ALLOC_ENABLE=1 OMP_WAIT_POLICY=PASSIVE \
        "$python" -m onnx_export.train --data "$contracts" "$@"
}

everything_learns=(--frozen-layers 0 --dropout 0 --mask-tokens 0.05 --weight-average 0.998 --segment-length 64 --window-overlap 8
    --batch-segments 64 --vary-segments 0.4 --negative-segments-kept 0.15 --learning-rate 1.5e-4 --head-learning-rate 5e-4
    --evaluate-every 100)
