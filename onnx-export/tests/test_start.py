"""A HAT begins as the encoder that it starts from, whatever family that is of."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from onnx_export.encoder.body import read_body
from onnx_export.encoder.checkpoint import read_encoder
from onnx_export.problems import ExportError
from onnx_export.train.hat_torch import HatShape, Packed, SegmentClassifier, warm_start
from onnx_export.train.start import sizes_of

pytestmark = pytest.mark.train

FIXTURES = Path(__file__).parent / "fixtures/encoder"


def started_from(folder, longest):
    """A HAT without attention across segments that starts from a checkpoint, and has its head besides."""
    body, checkpoint = read_body(folder), read_encoder(folder)
    layout = "|".join("S" * checkpoint.config.layers)
    labels = len(checkpoint.config.classes)
    model = SegmentClassifier(
        HatShape(**sizes_of(body.config), layout=layout, segment_length=longest, max_segments=2, num_labels=labels)
    ).eval()
    warm_start(model, {name: torch.from_numpy(weight) for name, weight in body.weights.items()})
    with torch.no_grad():
        for ours, theirs in ((model.sentencizer.dense, "pooler.dense"), (model.classifier, "classifier")):
            ours.weight.copy_(torch.from_numpy(checkpoint.weights[f"{theirs}.weight"]))
            ours.bias.copy_(torch.from_numpy(checkpoint.weights[f"{theirs}.bias"]))
    return model


@pytest.mark.parametrize("name", ["bert", "roberta", "xlm-roberta"])
def test_a_hat_that_starts_from_an_encoder_scores_as_transformers_does(name):
    folder = FIXTURES / name
    expected = json.loads((folder / "expected.json").read_text())
    # Their head is a HAT's, and padding inside a text, which those count that count positions, is nothing that a segment holds.
    pad = read_body(folder).config.pad_id
    texts = [(ids, logits) for ids, logits in zip(expected["inputs"], expected["logits"], strict=True) if pad not in ids]
    assert texts
    model = started_from(folder, max(len(ids) for ids, _ in texts))
    packed = Packed(
        torch.tensor([id for ids, _ in texts for id in ids]),
        torch.tensor([len(ids) for ids, _ in texts]),
        torch.arange(len(texts)),
        torch.ones(len(texts), dtype=torch.long),
    )
    with torch.no_grad():
        actual = model(packed).numpy()
    assert np.abs(actual - np.array([logits for _, logits in texts])).max() < 1e-4


@pytest.mark.parametrize("name", ["distilbert", "electra"])
def test_encoders_with_another_head_lend_their_layers(name):
    body, checkpoint = read_body(FIXTURES / name), read_encoder(FIXTURES / name)
    for weight, value in body.weights.items():
        if weight in checkpoint.weights:
            assert np.array_equal(value, checkpoint.weights[weight])
    assert {weight for weight in body.weights if weight.startswith("encoder.")} == {
        weight for weight in checkpoint.weights if weight.startswith("encoder.")
    }
    assert body.weights["embeddings.token_type_embeddings.weight"].shape[1] == checkpoint.config.hidden_size


@pytest.mark.parametrize(
    "name, says",
    [
        ("mpnet", "MPNet adds a bias for the distance of two tokens to its attention, which a BERT has not"),
        ("electra-projected", "expected hidden_size"),
    ],
)
def test_encoders_that_are_more_than_a_bert_are_refused(name, says):
    with pytest.raises(ExportError, match=says):
        read_body(FIXTURES / name)
