"""The model that is trained is the model that is exported."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from onnx_export.hat.checkpoint import read_checkpoint
from onnx_export.hat.reference import score_document
from onnx_export.train.hat_torch import (
    HatShape,
    Layout,
    Packed,
    SegmentClassifier,
    checkpoint_config,
    checkpoint_tensors,
    load_checkpoint,
    warm_start,
)
from tiny_bert import HEADS, HIDDEN, INTERMEDIATE, VOCABULARY, bert_weights

pytestmark = pytest.mark.train

K, N, LABELS, CLS = 10, 5, ["A", "B", "C"], 2


def shape(layout):
    return HatShape(VOCABULARY, HIDDEN, HEADS, INTERMEDIATE, layout, K, N, len(LABELS))


def model(layout):
    torch.manual_seed(4)
    model = SegmentClassifier(shape(layout)).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "LayerNorm" not in name:
                parameter.mul_(2)  # so that scores differ visibly between inputs
    return model


def documents(seed=0):
    draw = np.random.default_rng(seed)
    return [
        [[CLS, *draw.integers(3, VOCABULARY, size=draw.integers(1, K)).tolist()] for _ in range(segments)]
        for segments in (3, 1, N, 2)
    ]


def packed(documents):
    segments = [segment for document in documents for segment in document]
    return Packed(
        torch.tensor([token for segment in segments for token in segment]),
        torch.tensor([len(segment) for segment in segments]),
        torch.tensor([i for i, document in enumerate(documents) for _ in document]),
        torch.tensor([j for document in documents for j in range(1, len(document) + 1)]),
    )


SHORTENED = ["S|S|SD|/2|S|S|SD", "S|/4|SD", "D|/2|S", "SD|/3|S|/2|D|S", "S|/9|S|S"]


@pytest.mark.parametrize("layout", ["S|S|SD|S|S|SD", "S|S|D|D", "S|SD", "D|S", "S|D|S", "SD|SD", "S|S", *SHORTENED])
@torch.no_grad()
def test_an_exported_checkpoint_gives_the_same_logits(tmp_path, layout):
    trained = model(layout)
    (tmp_path / "config.json").write_text(json.dumps(checkpoint_config(trained.shape, LABELS, CLS)))
    save_file(checkpoint_tensors(trained), tmp_path / "model.safetensors")
    checkpoint = read_checkpoint(tmp_path)
    assert checkpoint.config.layout == layout
    assert checkpoint.config.labels == tuple(LABELS)
    expected = [
        score_document(checkpoint, document, pad_segment="none", segment_positions=True).segments for document in documents()
    ]
    computed = trained(packed(documents())).numpy()
    assert np.abs(computed - np.concatenate(expected)).max() < 1e-4
    assert computed.std(axis=0).min() > 0.01


def test_a_misspelt_layout_is_refused():
    with pytest.raises(ValueError, match=r"has the layers \['DS'\]; expected S, D or SD"):
        shape("S|DS").layers()


@torch.no_grad()
def test_logits_of_shortened_segments_do_not_depend_on_batch_mates():
    trained = model("S|SD|/2|S|/2|SD")
    alone = [trained(packed([document])) for document in documents()]
    assert (trained(packed(documents())) - torch.cat(alone)).abs().max() < 1e-5


@torch.no_grad()
def test_a_step_keeps_heads_and_takes_the_mean_of_real_tokens():
    x = torch.tensor([[1.0], [2], [4], [9], [7], [5]])
    shortened, after = Layout(torch.tensor([4, 1, 1])).shorten(x, 2)
    assert shortened.flatten().tolist() == [1, 3, 9, 7, 5]
    assert after.lengths.tolist() == [3, 1, 1]


def test_every_token_of_a_shortened_segment_learns():
    trained = model("S|/2|S")
    batch = packed(documents())
    trained(batch).sum().backward()
    rows = trained.embeddings.word_embeddings.weight.grad[batch.token_ids.unique()]
    assert (rows.abs().max(dim=1).values > 0).all()


def test_warm_start_counts_layers_and_not_steps():
    bert = {name: torch.from_numpy(value) for name, value in bert_weights(layers=3).items()}
    plain, shortened = model("S|SD|S"), model("S|/2|SD|/2|S")
    for started in (plain, shortened):
        warm_start(started, bert)
    assert plain.state_dict().keys() == shortened.state_dict().keys()
    assert torch.equal(
        shortened.state_dict()["layers.2.sentence_encoder.output.dense.weight"], bert["encoder.layer.2.output.dense.weight"]
    )


def test_a_checkpoint_of_the_same_layers_without_steps_can_be_started_from(tmp_path):
    plain, shortened = model("S|SD"), model("S|/2|SD")
    (tmp_path / "config.json").write_text(json.dumps(checkpoint_config(plain.shape, LABELS, CLS)))
    save_file(checkpoint_tensors(plain), tmp_path / "model.safetensors")
    weights = {name: torch.from_numpy(value) for name, value in read_checkpoint(tmp_path).weights.items()}
    with torch.no_grad():
        shortened.classifier.weight.zero_()
    load_checkpoint(shortened, weights, with_classifier=True)
    own = shortened.state_dict()
    assert all(torch.equal(own[name], value) for name, value in plain.state_dict().items())


def test_warm_start_copies_layers_and_moves_positions():
    bert = {name: torch.from_numpy(value) for name, value in bert_weights(layers=2).items()}
    started = model("S|SD|D")
    pad_row = started.embeddings.position_embeddings.weight[0].clone()
    warm_start(started, bert)
    own, positions = started.state_dict(), bert["embeddings.position_embeddings.weight"]
    assert torch.equal(own["embeddings.position_embeddings.weight"][1:], positions[:K])
    assert torch.equal(own["embeddings.position_embeddings.weight"][0], pad_row)
    assert torch.equal(own["segment_positions.weight"], positions[: N + 1])
    assert torch.equal(own["embeddings.token_type_embeddings.weight"], bert["embeddings.token_type_embeddings.weight"][:1])
    for block, layer in (
        ("layers.0.sentence_encoder", 0),
        ("layers.1.sentence_encoder", 1),
        ("layers.1.document_encoder", 1),
        ("layers.2.document_encoder", 1),  # BERT has no more
    ):
        for part in ("attention.self.query.weight", "intermediate.dense.bias", "output.LayerNorm.weight"):
            assert torch.equal(own[f"{block}.{part}"], bert[f"encoder.layer.{layer}.{part}"])
