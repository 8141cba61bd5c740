"""One model, saved in every way in which people save models: the same weights come out, or what is wrong is said in a sentence."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from onnx_export import __main__
from onnx_export.hat.checkpoint import read_checkpoint
from onnx_export.problems import ExportError
from random_checkpoints import hat_config, write_checkpoint

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
SHARDS = ["model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors"]


@pytest.fixture
def folder(tmp_path):
    return write_checkpoint(tmp_path / "checkpoint", hat_config("S|SD|SD"))


def shard(folder, **places):
    """Put the weights into three files as save_pretrained does; ``places`` are put into the index."""
    weights = load_file(folder / SINGLE)
    index = {name: SHARDS[number * 3 // len(weights)] for number, name in enumerate(sorted(weights))}
    for file in SHARDS:
        save_file({name: array for name, array in weights.items() if index[name] == file}, folder / file)
    (folder / SINGLE).unlink()
    (folder / INDEX).write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": index | places}))
    return index


def rename(folder, new_name):
    save_file({new_name(name): array for name, array in load_file(folder / SINGLE).items()}, folder / SINGLE)


def problems_of(folder):
    with pytest.raises(ExportError) as raised:
        read_checkpoint(folder)
    return raised.value.problems


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_shards_are_read_as_one_file(folder):
    whole = read_checkpoint(folder)
    shard(folder)
    sharded = read_checkpoint(folder)
    assert same(sharded.weights, whole.weights)
    assert sharded.notes == ()
    assert sharded.sha256 == hashlib.sha256(b"".join((folder / name).read_bytes() for name in SHARDS)).hexdigest()


def test_shards_become_a_bundle(folder, tmp_path, capsys):
    rename(folder, lambda name: f"module.{name}")
    shard(folder)
    assert __main__.main(["bundle", "--checkpoint", str(folder), "--output", str(tmp_path / "bundle")]) == 0
    said = capsys.readouterr()
    assert "the bundle keeps its promises" in said.out
    assert "note: 'module.' in the names of the weights is left out" in said.err


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda folder: (folder / SHARDS[1]).unlink(), f"{SHARDS[1]} is missing, which holds .* more: copy the checkpoint again"),
        (lambda folder: (folder / SHARDS[1]).write_bytes(b"x"), f"{SHARDS[1]}: cannot be read: "),
        (lambda folder: (folder / SINGLE).write_bytes(b""), f"both {SINGLE} and {INDEX} are there.*: remove one of them"),
        (lambda folder: (folder / INDEX).write_text("{"), "is not JSON"),
        (lambda folder: (folder / INDEX).write_text("{}"), "weight_map is missing or of another kind"),
        (lambda folder: (folder / INDEX).write_text('{"weight_map": {"a": 1}}'), "weight_map is missing or of another kind"),
        (lambda folder: (folder / INDEX).write_text('{"weight_map": {}}'), "weight_map is missing or of another kind"),
        (lambda folder: (folder / INDEX).unlink(), f"{SHARDS[0]} is a shard, and the index that lists all of them is missing"),
    ],
)
def test_shards_that_are_not_whole_are_named(folder, spoil, expected):
    shard(folder)
    spoil(folder)
    assert re.search(expected, problems_of(folder)[0])
    assert len(problems_of(folder)) == 1


@pytest.mark.parametrize(
    "file", ["../secret.safetensors", "/etc/passwd", "sub/x.safetensors", "..", "", "a\\b.safetensors", "x.bin"]
)
def test_an_index_names_files_of_its_own_folder_alone(folder, file):
    shard(folder, **{"classifier.bias": file})
    assert problems_of(folder) == (
        f"names {file!r} as the file of classifier.bias, expected the name of a .safetensors file in the same folder",
    )


def test_a_weight_that_lies_in_another_shard_than_the_index_says_is_named(folder):
    index = shard(folder)
    moved = min(name for name in index if index[name] == SHARDS[0])
    shards = {**index, moved: SHARDS[2]}
    (folder / INDEX).write_text(json.dumps({"weight_map": shards}))
    mixed = "these are shards of different models, or the index is an old one"
    assert problems_of(folder) == (
        f"{SHARDS[0]} holds {moved}, of which the index says nothing: {mixed}",
        f"{SHARDS[2]} does not hold {moved}, as the index says: {mixed}",
    )


PREFIXES = [
    "module.",
    "_orig_mod.",
    "model.",
    "module._orig_mod.",
    "_orig_mod.module.model.",
    "base_model.model.",
    "net.encoder.",
]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("own", ["hi_transformer.", "hat.", ""])
def test_prefixes_that_wrappers_leave_are_left_out_and_named(tmp_path, prefix, own):
    folder = write_checkpoint(tmp_path / "checkpoint", hat_config("S|SD"), prefix=own)
    plain = read_checkpoint(folder)
    rename(folder, lambda name: prefix + name)
    wrapped = read_checkpoint(folder)
    assert same(wrapped.weights, plain.weights)
    (note,) = wrapped.notes
    assert all(repr(f"{part}.") in note for part in prefix.strip(".").split("."))


def test_wrappers_in_the_middle_of_names_are_left_out_too(folder):
    plain = read_checkpoint(folder)
    rename(
        folder, lambda name: name.replace("hi_transformer.", "hi_transformer._orig_mod.").replace("layer.1.", "layer.1.module.")
    )
    wrapped = read_checkpoint(folder)
    assert same(wrapped.weights, plain.weights)
    assert "'_orig_mod.' and 'module.' in the names" in wrapped.notes[0] or "'module.' and '_orig_mod.'" in wrapped.notes[0]


def test_the_counter_of_an_averaged_model_is_no_weight(folder):
    plain = read_checkpoint(folder)
    rename(folder, lambda name: f"module.{name}")
    save_file(load_file(folder / SINGLE) | {"n_averaged": np.array(7)}, folder / SINGLE)
    assert same(read_checkpoint(folder).weights, plain.weights)


def test_a_weight_that_is_stored_with_and_without_a_prefix_is_refused(folder):
    save_file(load_file(folder / SINGLE) | {"module.classifier.bias": np.zeros(3, np.float32)}, folder / SINGLE)
    assert "is stored twice: without what wrappers put into names, it is classifier.bias" in problems_of(folder)[0]


@pytest.mark.parametrize("prefix", ["model.", "net.student.", "bert."])
def test_a_prefix_that_not_all_names_have_is_one_problem(folder, prefix):
    rename(folder, lambda name: prefix + name)
    save_file(load_file(folder / SINGLE) | {"loss.weight": np.zeros(3, np.float32)}, folder / SINGLE)
    (problem,) = problems_of(folder)
    assert f"the names of most weights begin with '{prefix}' and those of 1 do not, such as loss.weight" in problem


def test_weights_of_something_else_are_not_listed_one_by_one(folder):
    save_file({f"conv.{i}.weight": np.zeros(3, np.float32) for i in range(300)}, folder / SINGLE)
    problems = problems_of(folder)
    assert len(problems) == 22
    assert any(problem.endswith("290 more are superfluous") for problem in problems)


def test_unpack_and_verify_do_not_care_how_weights_were_saved(folder, tmp_path):
    whole = tmp_path / "whole"
    assert __main__.main(["bundle", "--checkpoint", str(folder), "--output", str(whole)]) == 0
    shard(folder)
    assert __main__.main(["bundle", "--checkpoint", str(folder), "--output", str(tmp_path / "sharded")]) == 0
    assert Path(tmp_path / "sharded/model.onnx").read_bytes() == (whole / "model.onnx").read_bytes()
    assert __main__.main(["unpack", str(tmp_path / "sharded"), "--output", str(tmp_path / "unpacked")]) == 0
