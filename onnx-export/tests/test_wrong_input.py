"""Commands with one mistake each, and the one message that a person sees. ``…`` stands for what differs from case to case."""

import gzip
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from onnx_export import __main__
from onnx_export.hat.config import Head
from random_checkpoints import hat_config, write_checkpoint
from random_hourglass import pytorch_config, trax_config, write_hourglass

PAGE = Path(__file__).parents[2] / "docs/troubleshooting.md"
BUNDLE = Path(__file__).parents[2] / "flink-job/inference/src/test/resources/bundles/tiny-segments"

pytestmark = pytest.mark.skipif(not BUNDLE.is_dir(), reason="needs the whole repository")

HELP = "; --help shows the options"
EXPECTED_BUNDLE = ": expected a folder written by `python -m onnx_export bundle`"
GRAPH = "graph --checkpoint CHECKPOINT --output DIR/m.onnx"
WRITE = "bundle --checkpoint CHECKPOINT --output DIR/out"

# Command (DIR: a folder, CHECKPOINT, ENCODER and LANGUAGE: good checkpoints in it, BUNDLE: a good bundle in it), exit code, message.
WRONG_COMMANDS = [
    ("bundel", 2, "python -m onnx_export: argument COMMAND: invalid choice: 'bundel' (choose from …)" + HELP),
    (
        "graph --chekpoint x --output y",
        2,
        "python -m onnx_export graph: unknown option --chekpoint, did you mean --checkpoint?" + HELP,
    ),
    ("graph --output y", 2, "python -m onnx_export graph: the following arguments are required: --checkpoint" + HELP),
    (GRAPH + " --quantise int8", 2, "python -m onnx_export graph: unknown option --quantise" + HELP),
    (GRAPH + " now", 2, "python -m onnx_export graph: 'now' is not understood" + HELP),
    (
        GRAPH + " --precision fp8",
        2,
        "python -m onnx_export graph: argument --precision: invalid choice: 'fp8' (choose from …)" + HELP,
    ),
    (WRITE + " --window-overlap x", 2, "python -m onnx_export bundle: argument --window-overlap: invalid int value: 'x'" + HELP),
    (
        "graph --checkpoint DIR/none --output DIR/m.onnx",
        1,
        "DIR/none: 1 problem\n  - there is no such folder; expected one with config.json and model.safetensors",
    ),
    (
        "graph --checkpoint CHECKPOINT/config.json --output DIR/m.onnx",
        1,
        "CHECKPOINT/config.json: 1 problem\n  - is not a folder; expected one with config.json and model.safetensors",
    ),
    (
        "graph --checkpoint DIR --output DIR/m.onnx",
        1,
        "DIR: 1 problem\n  - holds no checkpoint: expected config.json with model.safetensors or pytorch_model.bin (HAT, or an encoder of "
        "transformers), or of a language "
        "model config.json with model.safetensors, config.gin with model.pkl.gz (trax), or checkpoint_last.pt (PyTorch)",
    ),
    (
        GRAPH + " --pooling mean --segment-length 9",
        1,
        "options: 2 problems\n  - --pooling mean is for ordinary encoders; of a HAT expected one of max, first, last, attentive\n"
        "  - --segment-length is for ordinary encoders, …",
    ),
    (
        "bundle --checkpoint ENCODER --output DIR/out --task embedding",
        1,
        "options: 1 problem\n  - --task is for HAT models, and this checkpoint holds an ordinary encoder: leave it out",
    ),
    (
        "bundle --checkpoint ENCODER --output DIR/out --segment-length 25",
        1,
        "config.json: 1 problem\n  - segment_length is 25, expected 3 to 24, the tokens that the model can read at once",
    ),
    (
        "bundle --checkpoint DIR/deberta --output DIR/out",
        1,
        "config.json: 1 problem\n  - architectures: DebertaV2ForSequenceClassification is not supported, because …",
    ),
    (
        "bundle --checkpoint DIR/two-seps --output DIR/out",
        1,
        "DIR/two-seps/tokenizer.json: 1 problem\n  - puts [CLS] before a text and [SEP] [SEP] after it, expected one token each, such as "
        "[CLS] and [SEP]: a tokenizer of another kind of model",
    ),
    (
        "graph --checkpoint LANGUAGE --output DIR/m.onnx --pooling max",
        1,
        "options: 1 problem\n  - --pooling is for HAT models, and this checkpoint holds an Hourglass model: leave it out",
    ),
    (
        "bundle --checkpoint LANGUAGE --output DIR/out --window-length 8 --window-overlap 8",
        1,
        "bundle settings: 1 problem\n  - window_overlap is 8, expected 1 to 7 symbols (below window_length)",
    ),
    (
        "bundle --checkpoint LANGUAGE --output DIR/out --window-gap 8 --window-overlap 8",
        1,
        "bundle settings: 1 problem\n  - window_gap and window_overlap are both given, expected one: windows share symbols or leave some out",
    ),
    (
        WRITE + " --window-gap 8",
        1,
        "bundle settings: 1 problem\n  - --window-gap is for language models, and a HAT sees all of a text: leave it out",
    ),
    (
        "graph --checkpoint DIR/lsh --output DIR/m.onnx",
        1,
        "config.json: 1 problem\n  - vanilla_attn_type is 'LSHSelfAttention', expected RelativeAttentionWrapper: LSH attention hashes at "
        "random, so that no two runs of the original agree; such a model cannot be exported",
    ),
    (
        "graph --checkpoint DIR/gumbel --output DIR/m.onnx",
        1,
        "config.json: 1 problem\n  - boundaries_type is 'gumbel', expected one of none, fixed, whitespaces, unigram, entropy: the original "
        "draws them at random even when it evaluates",
    ),
    (
        "graph --checkpoint DIR/fork --output DIR/m.onnx",
        1,
        "DIR/fork/model.safetensors: 1 problem\n  - upsampler.weight is superfluous: another fork of this model",
    ),
    (
        "graph --checkpoint DIR/deeper --output DIR/m.onnx",
        1,
        "DIR/deeper/model.safetensors: 1 problem\n  - flat_weights has 125 arrays, expected 143 for 1@1 3@3 1@1: another hierarchy, other "
        "resampling or another fork than the configuration says",
    ),
    (
        "graph --checkpoint DIR/pickled --output DIR/m.onnx",
        1,
        "DIR/pickled/model.pkl.gz: 1 problem\n  - its pickle asks for os.system, which describes no array and is not run. If you trust …",
    ),
    (
        "bundle --checkpoint DIR/subwords --output DIR/out",
        1,
        "bundle settings: 1 problem\n  - the model has 300 ids, and no file says which characters they are: expected 256, which are bytes, …",
    ),
    (
        "bundle --checkpoint DIR/unigram --output DIR/out --precision int8",
        1,
        "bundle settings: 1 problem\n  - precision is int8, but this model decides by a threshold where groups end …: use --precision fp32",
    ),
    (
        "graph --checkpoint CHECKPOINT --output DIR",
        1,
        "DIR: 1 problem\n  - is a folder, expected a file to write, such as model.onnx in it",
    ),
    ("graph --checkpoint CHECKPOINT --output DIR/text/m.onnx", 1, "DIR/text: File exists"),
    (
        GRAPH + " --calibration DIR/text",
        1,
        "options: 1 problem\n  - --calibration is for --precision int8, …",
    ),
    (
        GRAPH + " --precision int8 --calibration DIR/none",
        1,
        "DIR/none: 1 problem\n  - cannot be read: No such file or directory",
    ),
    (
        WRITE + " --window-overlap 99",
        1,
        "bundle settings: 1 problem\n  - window_overlap is 99, expected 0 to 5 (below max_sentences)",
    ),
    (WRITE + " --thresholds DIR/none", 1, "DIR/none: 1 problem\n  - the file is missing"),
    (
        WRITE + " --thresholds DIR/text",
        1,
        "DIR/text: 1 problem\n  - is not JSON: Expecting value: line 1 column 1 (char 0)",
    ),
    (
        WRITE + " --thresholds DIR/thresholds.json",
        1,
        "bundle settings: 1 problem\n  - thresholds: 'paymnt' is not a label, expected one of …",
    ),
    (WRITE + " --model-card DIR/none", 1, "bundle settings: 1 problem\n  - --model-card DIR/none is missing"),
    (WRITE + " --golden DIR/none", 1, "DIR/none: 1 problem\n  - cannot be read: No such file or directory"),
    (
        "bundle --checkpoint CHECKPOINT --output DIR/text",
        1,
        "DIR/text: 1 problem\n  - exists and is not a bundle: choose another place or remove it",
    ),
    (
        "bundle --checkpoint DIR/foreign --output DIR/out",
        1,
        "DIR/foreign/tokenizer.json: 2 problems\n  - cls_token_id is 0, which is the token '[PAD]' here, but the CLS token is '[CLS]' …",
    ),
    (
        "bundle --checkpoint DIR/older --output DIR/out",
        1,
        "DIR/older/tokenizer.json: 1 problem\n  - the file is missing; vocab.txt is the older form of it. To make it, run pip install "
        "transformers, then …",
    ),
    (
        "graph --checkpoint DIR/sharded --output DIR/m.onnx",
        1,
        "DIR/sharded/model.safetensors.index.json: 1 problem\n  - model-1.safetensors is missing, which holds …: copy the checkpoint again",
    ),
    (
        "graph --checkpoint DIR/both --output DIR/m.onnx",
        1,
        "DIR/both: 1 problem\n  - both model.safetensors and model.safetensors.index.json are there, and nothing says which counts: "
        "remove one of them",
    ),
    (
        "graph --checkpoint DIR/wrapped --output DIR/m.onnx",
        1,
        "DIR/wrapped/model.safetensors: 1 problem\n  - the names of most weights begin with 'net.' and those of 1 do not, such as "
        "loss.weight: …",
    ),
    ("verify DIR/none", 1, "✗ folder\n    DIR/none is not there" + EXPECTED_BUNDLE),
    ("verify DIR/text", 1, "✗ folder\n    DIR/text is not a folder; unpack it if it is an archive" + EXPECTED_BUNDLE),
    ("verify DIR", 1, "✗ manifest\n    the file is missing"),
]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    write_checkpoint(folder / "checkpoint", hat_config(head=Head.SEGMENT.value, labels=["payment", "term"]))
    write_checkpoint(folder / "foreign", hat_config(cls_token_id=0, pad_token_id=1))
    (write_checkpoint(folder / "older", hat_config()) / "tokenizer.json").rename(folder / "older/vocab.txt")
    index = json.dumps({"weight_map": {"classifier.bias": "model-1.safetensors"}})
    for name in ("sharded", "both"):
        (write_checkpoint(folder / name, hat_config()) / "model.safetensors.index.json").write_text(index)
    (folder / "sharded/model.safetensors").unlink()
    weights = load_file(write_checkpoint(folder / "wrapped", hat_config()) / "model.safetensors")
    wrapped = {f"net.{name}": array for name, array in weights.items()} | {"loss.weight": np.zeros(2, np.float32)}
    save_file(wrapped, folder / "wrapped/model.safetensors")
    write_encoders(folder)
    write_language_checkpoints(folder)
    (folder / "text").write_text("text")
    labelled = [{"id": label, "text": "text", "labels": [label]} for label in ("Fee", "fee")]
    (folder / "labels.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in labelled))
    (folder / "keys.jsonl").write_text('{"id": "a", "text": "text", "tags": ["Fee"]}')
    (folder / "thresholds.json").write_text('{"paymnt": 0.5}')
    return folder


def write_encoders(folder):
    """A good one and some that cannot be exported."""
    for name in ("encoder", "deberta", "two-seps"):
        shutil.copytree(Path(__file__).parent / "fixtures/encoder-texts/tiny-encoder", folder / name)
    for name, file, change in (
        ("deberta", "config.json", {"architectures": ["DebertaV2ForSequenceClassification"]}),
        ("two-seps", "tokenizer.json", {}),
    ):
        content = json.loads((folder / name / file).read_text()) | change
        if name == "two-seps":
            content["post_processor"]["single"].append({"SpecialToken": {"id": "[SEP]", "type_id": 0}})
        (folder / name / file).write_text(json.dumps(content))


def write_language_checkpoints(folder):
    """A good one and some that cannot be exported."""
    write_hourglass(folder / "language", trax_config())
    write_hourglass(folder / "subwords", trax_config(vocab_size=300))
    write_hourglass(folder / "unigram", pytorch_config("unigram"))
    for name, before, after in (
        ("lsh", trax_config(), trax_config(vanilla_attn_type="LSHSelfAttention")),
        ("gumbel", pytorch_config("unigram"), pytorch_config("gumbel")),
        ("deeper", trax_config(), trax_config("3@3")),
    ):
        (write_hourglass(folder / name, before) / "config.json").write_text(json.dumps(after))
    weights = load_file(write_hourglass(folder / "fork", pytorch_config()) / "model.safetensors")
    save_file({**weights, "upsampler.weight": np.zeros(2, np.float32)}, folder / "fork/model.safetensors")
    (folder / "pickled").mkdir()
    (folder / "pickled/config.gin").write_text("HourglassLM.vocab_size = 256")
    (folder / "pickled/model.pkl.gz").write_bytes(gzip.compress(b"cos\nsystem\n(S'true'\ntR."))


def pattern(message):
    return ".*".join(map(re.escape, message.split("…")))


@pytest.mark.parametrize(("command", "code", "message"), WRONG_COMMANDS, ids=[command for command, _, _ in WRONG_COMMANDS])
def test_a_mistake_is_named_without_a_stack_trace(files, capsys, command, code, message):
    words = (
        command.replace("CHECKPOINT", "DIR/checkpoint")
        .replace("ENCODER", "DIR/encoder")
        .replace("LANGUAGE", "DIR/language")
        .replace("DIR", str(files))
        .split(" ")
    )
    try:
        ended = __main__.main(words)
    except SystemExit as exit_:
        ended = exit_.code
    said = capsys.readouterr()
    assert ended == code
    shown = (said.err or said.out).replace(str(files), "DIR").replace("DIR/checkpoint", "CHECKPOINT")
    assert re.match(pattern(message) + "\n", shown), shown


# How a good bundle is spoilt, and what verify says.
WRONG_BUNDLES = {
    "no key": (lambda manifest: manifest.pop("task"), "✗ manifest\n    $: 'task' is a required property"),
    "future": (
        lambda manifest: manifest.update(format_version="2.0"),
        "✗ manifest\n    format_version is 2.0, expected 1.x: use a matching release",
    ),
    "escape": (
        lambda manifest: manifest["files"].update({"../secret": manifest["files"]["README.md"]}),
        "✗ manifest\n    $.files: '../secret' does not match '^[A-Za-z0-9][A-Za-z0-9._-]*$'",
    ),
    "overlap": (
        lambda manifest: manifest["segmentation"].update(window_overlap=6),
        "✗ manifest\n    segmentation.window_overlap is 6, expected below max_segments (6)",
    ),
    "checksum": (
        lambda manifest: manifest["files"]["README.md"].update(sha256="0" * 64),
        "…✗ checksums: …\n    README.md has another checksum than the manifest says",
    ),
    "size": (
        lambda manifest: manifest["files"]["README.md"].update(bytes=1),
        "…✗ checksums: …\n    README.md has 118 bytes, expected 1",
    ),
    "special token": (
        lambda manifest: manifest["special_tokens"].update(cls=40000),
        "…✗ graph and tokenizer: …\n    tokenizer.json has no token 40000, expected one for special token cls",
    ),
}


@pytest.mark.parametrize("name", WRONG_BUNDLES)
def test_verify_says_what_a_bundle_does_not_keep(tmp_path, capsys, name):
    spoil, message = WRONG_BUNDLES[name]
    folder = Path(shutil.copytree(BUNDLE, tmp_path / "bundle"))
    manifest = json.loads((folder / "manifest.json").read_text())
    spoil(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert __main__.main(["verify", str(folder)]) == 1
    assert re.match("(?s:.*)".join(map(re.escape, message.split("…"))) + "\n", capsys.readouterr().out)


WRONG_TEXTS = [
    ("split", "--data DIR/none.jsonl --output DIR/s", "--data: DIR/none.jsonl: No such file or directory"),
    ("split", "--data DIR/text --output DIR/s", "--data: DIR/text…line 1: …"),
    (
        "split",
        "--data DIR/labels.jsonl --output DIR/s",
        "--data: DIR/labels.jsonl has 1 unusable line(s):\n  line 2: the label 'fee' differs from 'Fee' (line 1) by blanks or case alone",
    ),
    (
        "split",
        "--data DIR/keys.jsonl --output DIR/s",
        "--data: DIR/keys.jsonl has 1 unusable line(s):\n  line 1: unknown key 'tags': spans with labels go into 'clauses', labels of …",
    ),
    ("evaluate", "--data DIR/none.jsonl --events DIR/text", "DIR/none.jsonl: No such file or directory"),
    (
        "train",
        "--data DIR/text --output DIR/t --encoder DIR/none",
        "there is no encoder DIR/none: expected a folder with config.json, model.safetensors and tokenizer.json, or an installed …",
    ),
    (
        "train",
        "--data DIR/text --output DIR/t --encoder DIR/none --layout XX",
        "layout 'XX' has the layers ['XX']; expected S, D or SD, and between them steps such as /2, separated by |",
    ),
    (
        "train",
        "--data DIR/text --output DIR/t --encoder DIR/none --layout S|SD|/2",
        "layout 'S|SD|/2': it ends with /2; expected a layer after each step",
    ),
    (
        "train",
        "--data DIR/text --output DIR/t --encoder DIR/none --layout /2|S|SD",
        "layout '/2|S|SD': /2 stands before the first layer, expected one before it",
    ),
    (
        "train",
        "--data DIR/text --output DIR/t --encoder DIR/none --layout S|/2|/3|S",
        "layout 'S|/2|/3|S': /3 follows /2; expected a layer after each step",
    ),
    (
        "train",
        "--data DIR/text --output DIR/t --encoder DIR/none --layout S|/2|D",
        "layout 'S|/2|D': /2 changes nothing: no S block comes after it, expected one",
    ),
    (
        "train",
        "--data DIR/text --output DIR/t --encoder DIR/none --layout S|/20|S --segment-length 20",
        "layout 'S|/20|S': /20 puts together more than the 19 tokens that a segment has there beside its head",
    ),
    (
        "train",
        "--data x --output y --pases 3",
        "python -m onnx_export train: unknown option --pases, did you mean --passes?" + HELP,
    ),
    ("evaluate", "--dta x --events y", "python -m onnx_export evaluate: unknown option --dta, did you mean --data?" + HELP),
]


@pytest.mark.parametrize(
    ("command", "arguments", "message"),
    [pytest.param(*case, id=case[2], marks=[pytest.mark.train] if case[0] == "train" else []) for case in WRONG_TEXTS],
)
def test_wrong_texts_are_named(files, capsys, command, arguments, message):
    with pytest.raises(SystemExit) as exit_:
        __main__.main([command, *arguments.replace("DIR", str(files)).split(" ")])
    said = exit_.value.code if isinstance(exit_.value.code, str) else capsys.readouterr().err
    assert re.match("(?s:.*)".join(map(re.escape, message.split("…"))), said.replace(str(files), "DIR"))


def test_the_page_on_troubles_explains_them():
    section = PAGE.read_text(encoding="utf-8").split("\n## Export and training\n")[1].split("\n## ")[0]
    cells = [re.split(r" (?<!\\)\| ", line)[0] for line in section.splitlines() if line.startswith("| `")]
    rows = [cell.removeprefix("| ").strip("` ").replace("\\|", "|") for cell in cells]
    messages = [message for _, _, message in WRONG_COMMANDS]
    messages += [message for _, message in WRONG_BUNDLES.values()] + [message for _, _, message in WRONG_TEXTS]
    shown = [re.sub(r"\s*\n\s*(- )?", " ", message) for message in messages]
    assert [one for one in shown if not any(re.fullmatch(pattern(row), one) for row in rows)] == []
    assert [row for row in rows if not any(re.fullmatch(pattern(row), one) for one in shown)] == []
