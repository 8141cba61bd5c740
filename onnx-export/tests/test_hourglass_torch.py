"""The language model that is trained is the one that is exported."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from onnx_export.hourglass.checkpoint import FREQUENCIES, read_hourglass
from onnx_export.hourglass.reference import label_logits, log_likelihood
from onnx_export.train.hourglass_torch import Hourglass, checkpoint_files
from random_hourglass import encoder_config, trax_config, write_hourglass

pytestmark = pytest.mark.train

FIXTURES = Path(__file__).parent / "fixtures/hourglass"
TOLERANCE = 3e-5

STRUCTURES = {
    "attention": trax_config(),
    "average": trax_config(downsampling_fn="AveragePooling", upsampling_fn="NaiveUpsampling"),
    "linear": trax_config("2@3", downsampling_fn="LinearPooling", upsampling_fn="LinearUpsampling", vanilla_layers=[0, 2]),
    "nested": trax_config("1@2 1@6 2@12 1@6 1@2", attention_downsampling_fn="LinearPooling", ff_activation="Relu"),
    "nested, one attention": trax_config("1@2 1@4 1@2", upsampling_fn="LinearUpsampling", ff_activation="Gelu"),
}


def trained(checkpoint):
    model = Hourglass(checkpoint.config).eval()
    weights = {name: torch.from_numpy(weight) for name, weight in checkpoint.weights.items() if name != FREQUENCIES}
    model.load_state_dict(weights)
    return model


@pytest.mark.parametrize("name", ["trax-enwik8", "trax-imagenet32", "trax-linear-nested"])
@torch.no_grad()
def test_it_computes_what_the_original_does(name):
    model = trained(read_hourglass(FIXTURES / name))
    for given in json.loads((FIXTURES / name / "expected.json").read_text())["inputs"]:
        rows = model(torch.tensor([given["tokens"]])).log_softmax(-1)[0]
        assert np.abs(rows.numpy() - np.array(given["log_probs"])).max() < TOLERANCE


@pytest.mark.parametrize("structure", STRUCTURES)
@torch.no_grad()
def test_it_agrees_with_the_reference(tmp_path, structure):
    checkpoint = read_hourglass(write_hourglass(tmp_path, STRUCTURES[structure], seed=9))
    model = trained(checkpoint)
    ids = torch.from_numpy(np.random.default_rng(2).integers(0, 256, (3, 41)))
    for row, answer in zip(ids.tolist(), model.log_likelihood(ids), strict=True):
        np.testing.assert_allclose(answer.numpy(), log_likelihood(checkpoint, row), atol=TOLERANCE)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_what_was_trained_is_what_is_read(tmp_path, structure):
    torch.manual_seed(3)
    config = read_hourglass(write_hourglass(tmp_path / "start", {**STRUCTURES[structure], "tgt_len": 77})).config
    model = Hourglass(config, dropout=0.1)
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    ids = torch.from_numpy(np.random.default_rng(2).integers(0, 4, (2, 24)))
    losses = []
    for _ in range(8):
        loss = F.cross_entropy(model(ids).flatten(0, 1), ids.flatten())
        optimiser.zero_grad()
        loss.backward()
        assert all(parameter.grad is not None for parameter in model.parameters())
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] - 1
    checkpoint_files(tmp_path / "end", model)
    checkpoint = read_hourglass(tmp_path / "end")
    assert checkpoint.config == config
    with torch.no_grad():
        answer = model.eval().log_likelihood(ids)[0]
    np.testing.assert_allclose(answer.numpy(), log_likelihood(checkpoint, ids[0].tolist()), atol=TOLERANCE)


@pytest.mark.parametrize("structure", STRUCTURES)
@torch.no_grad()
def test_an_encoder_agrees_with_the_reference_whatever_it_is_padded_with(tmp_path, structure):
    checkpoint = read_hourglass(write_hourglass(tmp_path, encoder_config(**STRUCTURES[structure]), seed=9))
    model = trained(checkpoint)
    random = np.random.default_rng(2)
    lengths = [1, 7, 24, 41]
    ids = torch.from_numpy(random.integers(0, 256, (len(lengths), 50)))
    real = torch.arange(50) < torch.tensor(lengths)[:, None]
    for row, length, answer in zip(ids.tolist(), lengths, model(ids, real), strict=True):
        np.testing.assert_allclose(answer.numpy(), label_logits(checkpoint, row[:length]), atol=TOLERANCE)
