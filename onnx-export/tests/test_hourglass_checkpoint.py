"""Every form of either original is read alike, nothing in a pickle runs, and what cannot be reproduced is refused by name."""

import gzip
import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from onnx_export.checkpoints.numpy_pickle import read_numpy_pickle
from onnx_export.checkpoints.pytorch_file import read_training_file
from onnx_export.export.architecture import architecture_of
from onnx_export.hourglass.checkpoint import read_hourglass
from onnx_export.hourglass.gin import read_gin
from onnx_export.problems import ExportError
from random_checkpoints import hat_config, write_checkpoint
from random_hourglass import pytorch_config, trax_config, write_hourglass

FIXTURES = Path(__file__).parent / "fixtures/hourglass"


def originals(fixture, target, *names):
    """A folder with files of a fixture, by their own names or by others."""
    target.mkdir()
    for name in names:
        source, _, other = name.partition("=")
        shutil.copy(FIXTURES / fixture / source, target / (other or source))
    return target


def problems_of(action):
    with pytest.raises(ExportError) as raised:
        action()
    return raised.value.problems


def assert_same(one, other):
    assert one.weights.keys() == other.weights.keys()
    for name in one.weights:
        np.testing.assert_array_equal(one.weights[name], other.weights[name], err_msg=name)


# Forms


@pytest.mark.parametrize(
    ("fixture", "files", "length"),
    [
        ("trax-enwik8", ["config.gin", "model.pkl.gz"], 2049),
        ("trax-linear-nested", ["config.gin", "model.pkl.gz", "model.weights.npy.gz"], 2049),
        ("trax-linear-nested", ["config.gin", "model.pkl.gz", "model.weights.npy.gz=model.pkl.gz.npy"], 2049),
        ("pt-fixed-sf2", ["checkpoint_last.pt"], 2048),
    ],
)
def test_the_originals_own_files_hold_what_the_converted_ones_do(tmp_path, fixture, files, length):
    original = read_hourglass(originals(fixture, tmp_path / "own", *files))
    converted = read_hourglass(FIXTURES / fixture)
    assert_same(original, converted)
    assert original.config.trained_length == length
    assert converted.config.trained_length is None
    assert {**vars(original.config), "trained_length": None} == vars(converted.config)


def test_bfloat16_weights_are_read_as_bits(tmp_path):
    folder = write_hourglass(tmp_path / "c", trax_config())
    exact = read_hourglass(folder)
    flat = [load_file(folder / "model.safetensors")[f"flat_weights.{i:04}"] for i in range(len(exact.weights) - 1)]
    bits = [(array.view(np.uint32) >> 16).astype(np.uint16) for array in flat]
    save_file({f"flat_weights.{i:04}": array for i, array in enumerate(bits)}, folder / "model.safetensors")
    rounded = read_hourglass(folder)
    for name, weight in exact.weights.items():
        np.testing.assert_allclose(rounded.weights[name], weight, rtol=2**-7, err_msg=name)


def test_weights_of_a_distributed_training_are_read_without_their_prefix(tmp_path):
    folder = write_hourglass(tmp_path / "c", pytorch_config())
    plain = read_hourglass(folder)
    tensors = load_file(folder / "model.safetensors")
    save_file({f"module.{name}": tensor for name, tensor in tensors.items()}, folder / "model.safetensors")
    assert_same(read_hourglass(folder), plain)


def test_arrays_that_jax_wrapped_are_read(tmp_path):
    """What an old ``model.pkl.gz`` holds in the place of numpy's arrays; written here without JAX, byte by byte."""
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    wrapped = _Reduced("jax._src.array", "_reconstruct_array", array.__reduce__()[:2], array.__reduce__()[2])
    path = tmp_path / "model.pkl.gz"
    path.write_bytes(gzip.compress(wrapped.pickled()))
    np.testing.assert_array_equal(read_numpy_pickle(path), array)


class _Reduced:
    """A pickle that calls a function by its name, which need not be there."""

    def __init__(self, module, name, reduced, state):
        self.module, self.name, self.reduced, self.state = module, name, reduced, state

    def pickled(self):
        body = pickle.dumps((*self.reduced, self.state), protocol=2)[2:-1]
        return b"\x80\x02" + f"c{self.module}\n{self.name}\n".encode() + body + b"R."


def test_gin_is_read_as_far_as_it_says_something_about_the_model(tmp_path):
    path = tmp_path / "config.gin"
    path.write_text(
        "import trax.models  # something else\n"
        "d = 64\n"
        "n/macro.value = 8\n"
        "HourglassLM.d_model = %d\n"
        "HourglassLM.n_heads = %n\n"
        "trax.models.HourglassLM.ff_activation = @trax.layers.FastGelu\n"
        "HourglassLM.vanilla_layers = \\\n    (5,\n     5)  # before and after\n"
        "HourglassLM.hierarchy = '1@2 # 1@4'\n"
        "evaluation/HourglassLM.d_model = 1\n"
        "train.steps = __import__('os').system('false')\n"
        "HourglassLM.d_model = 128\n"
    )
    values = read_gin(path, "HourglassLM")
    assert values.pop("ff_activation").name == "FastGelu"
    assert values == {"d_model": 128, "n_heads": 8, "vanilla_layers": (5, 5), "hierarchy": "1@2 # 1@4"}


def test_a_checkpoint_without_a_default_has_that_of_the_original(tmp_path):
    folder = originals("trax-enwik8", tmp_path / "c", "config.gin", "model.pkl.gz")
    lines = (folder / "config.gin").read_text().splitlines()
    kept = [line for line in lines if "downsampling_fn" not in line and "attn_type" not in line and "ff_activation" not in line]
    (folder / "config.gin").write_text("\n".join(kept))
    assert_same(read_hourglass(folder), read_hourglass(FIXTURES / "trax-enwik8"))


# What runs nothing


@pytest.mark.parametrize("module_and_name", ["os system", "builtins eval", "numpy.core.multiarray fromfile", "numpy load"])
def test_a_pickle_of_trax_cannot_call_what_it_likes(tmp_path, module_and_name):
    module, name = module_and_name.split()
    target = tmp_path / "made"
    path = tmp_path / "model.pkl.gz"
    path.write_bytes(gzip.compress(f"c{module}\n{name}\n(S'touch {target}'\ntR.".encode()))
    [problem] = problems_of(lambda: read_numpy_pickle(path))
    assert f"asks for {module}.{name}, which describes no array and is not run" in problem
    assert not target.exists()


@pytest.mark.parametrize("name", ["numpy.core.multiarray _reconstruct", "numpy._core.numeric _frombuffer", "_codecs encode"])
def test_a_pickle_of_trax_cannot_change_what_it_calls(tmp_path, name):
    path = tmp_path / "model.pkl.gz"
    path.write_bytes(gzip.compress("c{}\n{}\n(N}}S'__defaults__'\nNstb.".format(*name.split()).encode()))
    assert "changes what it may only hand on" in problems_of(lambda: read_numpy_pickle(path))[0]


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"no pickle"), gzip.compress(pickle.dumps(np.array([{}]), 2))])
def test_a_damaged_pickle_is_named(tmp_path, content):
    path = tmp_path / "model.pkl.gz"
    path.write_bytes(content)
    assert problems_of(lambda: read_numpy_pickle(path))


def test_a_training_file_holds_no_other_class_than_it_may():
    path = FIXTURES / "pt-fixed-sf2/checkpoint_last.pt"
    [problem] = problems_of(lambda: read_training_file(path, []))
    assert "asks for argparse.Namespace, which describes no tensor and is not run" in problem
    [problem] = problems_of(lambda: read_training_file(path, [("argparse", "Namespace")]))
    assert "asks for utils.vocabulary.Vocab" in problem


def test_model_config_is_a_literal_and_not_evaluated(tmp_path):
    folder = write_hourglass(tmp_path / "c", pytorch_config())
    code = "__import__('pathlib').Path('made').touch()"
    (folder / "config.json").write_text(json.dumps(pytorch_config(model_config=code)))
    assert "expected layers before, in and after the middle" in problems_of(lambda: read_hourglass(folder))[0]
    assert not Path("made").exists()


# What is refused

WRONG_TRAX = [
    (
        {"vanilla_attn_type": "LSHSelfAttention"},
        "vanilla_attn_type is 'LSHSelfAttention', expected RelativeAttentionWrapper: LSH",
    ),
    (
        {"middle_attn_type": "SelfAttention"},
        "middle_attn_type is 'SelfAttention', expected RelativeAttentionWrapper: other kinds",
    ),
    ({"hierarchy": "1@2 2@4"}, "expected a palindrome"),
    ({"hierarchy": "1@2 1@2"}, "expected a palindrome of an odd number"),
    ({"hierarchy": "1@1"}, "1 is not 1 times a whole number of at least 2"),
    ({"hierarchy": "1@2 1@3 1@2"}, "3 is not 2 times a whole number"),
    ({"hierarchy": "1x2"}, "expected layers@factor of each level"),
    ({"hierarchy": 3}, "expected layers@factor of each level"),
    ({"d_model": 30}, "d_model is 30, expected an even multiple of n_heads (4)"),
    ({"d_ff": 0}, "d_ff is 0, expected a whole number of at least 1"),
    ({"vanilla_layers": [1]}, "vanilla_layers is [1], expected two whole numbers"),
    ({"ff_activation": "Swish"}, "ff_activation is 'Swish', expected FastGelu or Gelu or Relu"),
    ({"downsampling_fn": "NaiveUpsampling"}, "downsampling_fn is 'NaiveUpsampling', expected AveragePooling"),
    ({"attention_upsampling_fn": "LinearPooling"}, "attention_upsampling_fn is 'LinearPooling', expected NaiveUpsampling"),
    ({"reversible": True}, "reversible is no parameter of HourglassLM that is known here"),
    ({"vocab_size": None}, "vocab_size is missing"),
    ({"model": "TransformerLM"}, "model is 'TransformerLM', expected HourglassLM"),
    ({"implementation": "jax"}, "implementation is 'jax', expected trax or pytorch"),
    ({"n_heads": 2}, "has shape [1, 4, 1, 8], expected [1, 2, 1, 16]"),
    ({"hierarchy": "3@3"}, "flat_weights has 125 arrays, expected 143 for 1@1 3@3 1@1"),
]
WRONG_PYTORCH = [
    (
        {"boundaries_type": "gumbel"},
        "boundaries_type is 'gumbel', expected one of none, fixed, whitespaces, unigram, entropy: the original",
    ),
    ({"boundaries_type": "none"}, "boundaries_type none, expected layers before shortening alone"),
    ({"boundaries_type": "unigram"}, "boundary_predictor.boundary_predictor.0.bias is missing, expected shape [48]"),
    ({"pre_lnorm": True}, "pre_lnorm is on, expected off"),
    ({"fixed_sf": 1}, "fixed_sf is 1, expected a whole number of at least 2"),
    ({"boundaries_type": "whitespaces", "vocab": None}, "vocab has no ' ', expected one"),
    ({"vocab": ["a", "b"]}, "vocab has 2 different entries, but the model has 27 ids"),
    ({"vocab": "abc"}, "vocab is of another kind"),
    ({"model_config": "[1, (2, 2), 1]"}, "model_config is '[1, (2, 2), 1]', expected layers before, in and after the middle"),
    ({"model_config": "[2, (2,), 1]"}, "layers.0.1.dec_attn.layer_norm.bias is missing"),
    ({"model_config": "[1, (1,), 1]"}, "layers.1.1.dec_attn.layer_norm.bias is superfluous: another fork"),
    ({"activation_function": "swish"}, "activation_function is 'swish', expected gelu or relu"),
    ({"d_head": 8}, "layers.0.0.dec_attn.o_net.weight has shape [32, 24], expected [32, 16]"),
    ({"d_model": 31}, "d_model is 31, expected an even number"),
]


@pytest.mark.parametrize(("change", "problem"), WRONG_TRAX, ids=lambda value: str(value)[:40])
def test_what_trax_could_not_have_meant_or_cannot_be_reproduced_is_refused(tmp_path, change, problem):
    folder = write_hourglass(tmp_path / "c", trax_config())
    (folder / "config.json").write_text(json.dumps(trax_config(**change)))
    assert problem in "\n".join(problems_of(lambda: read_hourglass(folder)))


@pytest.mark.parametrize(("change", "problem"), WRONG_PYTORCH, ids=lambda value: str(value)[:40])
def test_what_pytorch_could_not_have_meant_or_cannot_be_reproduced_is_refused(tmp_path, change, problem):
    folder = write_hourglass(tmp_path / "c", pytorch_config())
    (folder / "config.json").write_text(json.dumps(pytorch_config(**change)))
    assert problem in "\n".join(problems_of(lambda: read_hourglass(folder)))


def test_all_problems_of_a_configuration_are_told_at_once(tmp_path):
    folder = write_hourglass(tmp_path / "c", trax_config())
    wrong = trax_config(hierarchy="1@2 2@4", d_ff=0, vanilla_attn_type="LSHSelfAttention")
    (folder / "config.json").write_text(json.dumps(wrong))
    assert len(problems_of(lambda: read_hourglass(folder))) == 3


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    folder = write_hourglass(tmp_path / "c", pytorch_config())
    tensors = load_file(folder / "model.safetensors")
    tensors["final_cast.bias"][3] = np.nan
    save_file(tensors, folder / "model.safetensors")
    assert problems_of(lambda: read_hourglass(folder)) == ("head.bias holds values that are not finite",)


@pytest.mark.parametrize(
    ("remove", "problem"),
    [
        ("model.pkl.gz", "model.pkl.gz is missing, expected beside config.gin"),
        ("model.weights.npy.gz", "refers to arrays in model.weights.npy.gz or model.pkl.gz.npy, and neither is there"),
        ("config.gin", "config.gin: 1 problem"),
    ],
)
def test_a_file_that_was_not_copied_is_named(tmp_path, remove, problem):
    files = ["config.gin", "model.pkl.gz", "model.weights.npy.gz"]
    folder = originals("trax-linear-nested", tmp_path / "c", *files)
    (folder / remove).unlink()
    with pytest.raises(ExportError, match=problem):
        read_hourglass(folder)


def test_a_gin_file_of_another_model_is_refused(tmp_path):
    folder = originals("trax-enwik8", tmp_path / "c", "config.gin", "model.pkl.gz")
    (folder / "config.gin").write_text("TransformerLM.d_model = 512\n")
    assert "configures no HourglassLM" in problems_of(lambda: read_hourglass(folder))[0]
    (folder / "config.gin").write_text("HourglassLM.d_model = open('x')\nHourglassLM.d_ff = %none\n")
    assert [problem.partition(" ")[0] for problem in problems_of(lambda: read_hourglass(folder))] == [
        "HourglassLM.d_model",
        "HourglassLM.d_ff",
    ]


def test_records_that_are_cut_off_are_named(tmp_path):
    folder = originals("trax-linear-nested", tmp_path / "c", "config.gin", "model.pkl.gz")
    whole = gzip.decompress((FIXTURES / "trax-linear-nested/model.weights.npy.gz").read_bytes())
    (folder / "model.weights.npy.gz").write_bytes(gzip.compress(whole[:3000]))
    assert "array 3 cannot be read" in problems_of(lambda: read_hourglass(folder))[0]


# Which architecture


def test_the_architecture_of_a_folder_is_told_by_its_files(tmp_path):
    assert architecture_of(FIXTURES / "trax-enwik8") == "hourglass"
    assert architecture_of(originals("pt-fixed-sf2", tmp_path / "pt", "checkpoint_last.pt")) == "hourglass"
    assert architecture_of(originals("trax-enwik8", tmp_path / "trax", "config.gin", "model.pkl.gz")) == "hourglass"
    assert architecture_of(write_checkpoint(tmp_path / "hat", hat_config())) == "hat"
    (tmp_path / "none").mkdir()
    assert "holds no checkpoint" in problems_of(lambda: architecture_of(tmp_path / "none"))[0]
