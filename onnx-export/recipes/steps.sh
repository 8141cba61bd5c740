# For the recipes of classifiers: from labelled texts to a measured bundle and a report. Run again after a break, it goes on where it
# was. Wants texts (the file), work (a folder), name (of the bundle), options (of `onnx_export train`), bundle_options,
# baseline_options, and perhaps first_options (of the first training alone) and last_passes (of the last one; 2).
mkdir -p "$work"

# Share and seed of the split are the defaults of all three commands, so that all three hold out the same texts.
"$python" -m onnx_export split --data "$texts" --output "$work/split"
[[ -f $work/baseline.json ]] || "$python" -m onnx_export baseline "${baseline_options[@]}" --data "$texts" --output "$work/baseline.json"

# bundle TRAINING: writes its bundle and verifies what it wrote.
bundle() {
    "$python" -m onnx_export bundle --checkpoint "$work/$1" --output "$work/$1/$name" --name "$name" "${bundle_options[@]}"
}

train --output "$work/measured" --passes 8 "${options[@]}" "${first_options[@]}"
bundle measured

# The texts held out, through the same pipeline as documents from Kafka.
rm -f "$work/events.jsonl" "$work/events.jsonl.rejected.jsonl"
"$(dirname "${BASH_SOURCE[0]}")/../../deploy/hatflow" score --bundle "$work/measured/$name" --input "$work/split/test.jsonl" \
    --output "$work/events.jsonl"
"$python" -m onnx_export evaluate --data "$work/split/test.jsonl" --events "$work/events.jsonl" --output "$work/evaluation.json"
"$python" -m onnx_export report --training "$work/measured" --data "$work/split/test.jsonl" --events "$work/events.jsonl" \
    --title "$name" --output "$work/report.html"

# What is deployed learns from all texts; what is known of it, and its thresholds, come from those that the first held out.
train --output "$work/last" --encoder "$work/measured" --held-out-scores "$work/measured" "${options[@]}" --passes "${last_passes:-2}"
bundle last
echo "The bundle is $work/last/$name. How good it is: $work/report.html"
