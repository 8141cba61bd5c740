"""What models compute, against figures that were worked out from the paper's configurations."""

import pytest

from onnx_export.hourglass.operations import operations
from onnx_export.hourglass.trax import read_trax_config
from onnx_export.train.language_recipe import megabytes_for
from random_hourglass import trax_config

ENWIK8 = {"d_model": 512, "d_ff": 2048, "n_heads": 8, "vanilla_layers": [5, 5], "hierarchy": "24@3"}
AVERAGE = {"downsampling_fn": "AveragePooling", "upsampling_fn": "NaiveUpsampling"}


def config(**others):
    read, problems = read_trax_config(trax_config(**others))
    assert not problems
    return read


def without_head(model, length):
    return operations(model, length) - 2 * model.width * 256 * length


@pytest.mark.parametrize(("length", "giga"), [(2049, 421), (6912, 2798)])
def test_the_papers_model(length, giga):
    assert without_head(config(**ENWIK8), length) / 1e9 == pytest.approx(giga, abs=0.5)


@pytest.mark.parametrize(("layers", "giga"), [(34, 877), (12, 309)])
def test_plain_transformers(layers, giga):
    plain = config(**{**ENWIK8, "vanilla_layers": [layers, 0], "hierarchy": ""})
    assert without_head(plain, 2049) / 1e9 == pytest.approx(giga, abs=0.5)


def test_an_outer_level_runs_its_layers_twice_and_the_middle_once():
    def cost(hierarchy):
        return without_head(config(hierarchy=hierarchy, vanilla_layers=[0, 0], **AVERAGE), 48)

    assert cost("1@2 2@4 1@2") == 2 * cost("1@2") + cost("2@4")


def test_a_linear_resampling_costs_a_product_each_way():
    linear = {"downsampling_fn": "LinearPooling", "upsampling_fn": "LinearUpsampling"}
    assert operations(config(**linear), 48) - operations(config(**AVERAGE), 48) == 2 * 2 * 48 * 32 * 32


def test_a_length_that_needs_padding_is_refused():
    with pytest.raises(ValueError, match="a window has 50 symbols, expected a multiple of 3"):
        operations(config(), 50)


def test_the_same_operations_pay_for_more_text_of_a_cheaper_model():
    cheap, dear = config(vanilla_layers=[0, 1]), config(vanilla_layers=[2, 2])
    for model in (cheap, dear):
        megabytes = megabytes_for(0.5, model, 48)
        assert 3 * operations(model, 48) / 48 * megabytes * 1e6 == pytest.approx(0.5e12)
    assert megabytes_for(0.5, cheap, 48) > megabytes_for(0.5, dear, 48)
