"""The packed graph against the reference on checkpoints of many shapes."""

import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onnx_export.export.agreement import check_agreement
from onnx_export.export.graph_settings import GraphSettings
from onnx_export.export.hat_model import HatModel, made_up_documents
from onnx_export.hat.checkpoint import SEGMENT_POSITIONS, as_stored, read_checkpoint
from onnx_export.hat.graph import build_graph
from onnx_export.hat.reference import score_document
from onnx_export.onnx.packing import PackedLayout, open_session, run
from onnx_export.problems import ExportError
from random_checkpoints import hat_config, random_weights, shortened_layouts, write_checkpoint

SEGMENT_HEAD = "HATModelForSequentialSentenceClassification"
TOLERANCE = 1e-4


def checkpoint(tmp_path, layout="S|SD", **config):
    return read_checkpoint(write_checkpoint(tmp_path / "checkpoint", hat_config(layout, **config), seed=3))


def agreement(model, *, pad_segment="pad", segment_positions=True, storage="fp32"):
    graph = build_graph(model, segment_positions=segment_positions, storage=storage).SerializeToString()
    return check_agreement(HatModel(model, GraphSettings(pad_segment, segment_positions, storage)), graph)


def layout_of(model, pad_segment):
    config = model.config
    return PackedLayout(config.segment_length, config.max_segments, config.cls_id, config.pad_id, pad_segment)


@pytest.mark.parametrize("layout", ["S", "D", "SD", "S|S", "D|D", "S|D", "D|S", "SD|SD", "S|SD|D|SD", "SD|S|S", "D|S|D|S|D"])
def test_any_layout(tmp_path, layout):
    assert agreement(checkpoint(tmp_path, layout)).deviation < TOLERANCE


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_layout_that_shortens_segments(data):
    """And any head, padding and size: segments whose last group is whole, cut off, or padding in part."""
    head = data.draw(st.sampled_from([head for head in HEADS if head != "HATForMaskedLM"]))
    sizes = {"segment_length": data.draw(st.integers(9, 24)), "max_segments": data.draw(st.integers(1, 4))}
    pooling = data.draw(st.sampled_from(["max", "first", "last", "attentive"]))
    config = hat_config(data.draw(shortened_layouts()), head=head, pooler_type=pooling, hidden_size=16, **sizes)
    with tempfile.TemporaryDirectory() as folder:
        model = read_checkpoint(write_checkpoint(Path(folder) / "c", config, seed=data.draw(st.integers(0, 99))))
    positions = data.draw(st.booleans())
    for pad_segment in ("none", "pad", "cls"):
        assert agreement(model, pad_segment=pad_segment, segment_positions=positions).deviation < TOLERANCE


@pytest.mark.parametrize("layout", ["S|SD", "S|/2|SD", "SD|/3|S|/2|S"])
@pytest.mark.parametrize("pooling", ["max", "first", "last", "attentive"])
@pytest.mark.parametrize("pad_segment", ["none", "pad", "cls"])
def test_any_pooling_with_any_padding(tmp_path, pooling, pad_segment, layout):
    model = checkpoint(tmp_path, layout, pooler_type=pooling)
    assert model.config.pooling == pooling
    assert agreement(model, pad_segment=pad_segment).deviation < TOLERANCE


@pytest.mark.parametrize("activation", ["gelu", "gelu_new", "relu", "silu"])
def test_any_activation(tmp_path, activation):
    assert agreement(checkpoint(tmp_path, hidden_act=activation)).deviation < TOLERANCE


@pytest.mark.parametrize("segment_positions", [True, False])
@pytest.mark.parametrize(
    "sizes",
    [
        {"segment_length": 13, "max_segments": 5},
        {"segment_length": 2, "max_segments": 1},
        {"segment_length": 16, "max_segments": 1},
        {"segment_length": 130, "max_segments": 3, "num_attention_heads": 8},
        {"pad_token_id": 7, "cls_token_id": 0, "type_vocab_size": 2},
        {"labels": 1, "problem_type": "regression"},
        {"head": SEGMENT_HEAD, "labels": 5, "segment_length": 7},
    ],
    ids=str,
)
def test_any_size(tmp_path, sizes, segment_positions):
    assert agreement(checkpoint(tmp_path, **sizes), segment_positions=segment_positions).deviation < TOLERANCE


@pytest.mark.parametrize("layout", ["S|SD", "S|/2|SD"])
def test_documents_of_one_token(tmp_path, layout):
    model = checkpoint(tmp_path, layout)
    session = open_session(build_graph(model, segment_positions=True).SerializeToString())
    documents = [[[2, 9]], [[2]], [[2, 9], [2]]]
    for document, logits in zip(documents, run(session, layout_of(model, "pad").pack(documents)), strict=True):
        expected = score_document(model, document, pad_segment="pad", segment_positions=True)
        np.testing.assert_allclose(logits.document, expected.document, atol=TOLERANCE)
        np.testing.assert_allclose(logits.segments, expected.segments, atol=TOLERANCE)


HEADS = ["HATForSequenceClassification", SEGMENT_HEAD, "HATForMultipleChoice", "HATForMaskedLM", "HATModel"]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("layout", ["S", "D", "D|S", "S|SD|D"])
def test_any_head_on_any_layout(tmp_path, head, layout):
    model = checkpoint(tmp_path, layout, head=head, segment_length=11, max_segments=3)
    for pad_segment in ("none", "pad", "cls"):
        assert agreement(model, pad_segment=pad_segment).deviation < TOLERANCE


@pytest.mark.parametrize("head", HEADS)
def test_a_document_of_one_token_and_a_full_one_alone_and_together(tmp_path, head):
    model = checkpoint(tmp_path, "SD|SD", head=head, max_segments=1, segment_length=7)
    session = open_session(build_graph(model, segment_positions=True).SerializeToString())
    documents = [[[2]], [[2, 9, 8, 7, 6, 5, 4]]]
    pack = layout_of(model, "pad").pack
    for document, together in zip(documents, run(session, pack(documents)), strict=True):
        [alone] = run(session, pack([document]))
        expected = score_document(model, document, pad_segment="pad", segment_positions=True)
        for actual in (together, alone):
            np.testing.assert_allclose(actual.segments, expected.segments, atol=TOLERANCE)
            if expected.document is not None:
                np.testing.assert_allclose(actual.document, expected.document, atol=TOLERANCE)


@pytest.mark.parametrize("pooling", ["max", "first", "last", "attentive"])
def test_vectors_of_any_pooling(tmp_path, pooling):
    folder = write_checkpoint(tmp_path / "c", hat_config(pooler_type=pooling))
    assert agreement(read_checkpoint(folder, embedding=True)).deviation < TOLERANCE


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_scores_do_not_depend_on_batch_mates(data, batch_model):
    model, session = batch_model
    token = st.integers(0, 199).filter(lambda id: id not in (0, 2))
    segment = st.lists(token, min_size=0, max_size=15).map(lambda tokens: [2, *tokens])
    documents = data.draw(st.lists(st.lists(segment, min_size=1, max_size=6), min_size=1, max_size=7))
    pack = layout_of(model, "pad").pack
    for document, together in zip(documents, run(session, pack(documents)), strict=True):
        [alone] = run(session, pack([document]))
        np.testing.assert_array_equal(together.document, alone.document)
        np.testing.assert_array_equal(together.segments, alone.segments)


@pytest.fixture(scope="module", params=["S|SD|SD", "S|/2|SD|/3|SD", "SD|S|/4|S"])
def batch_model(request):
    with tempfile.TemporaryDirectory() as folder:
        model = checkpoint(Path(folder), request.param)
        yield model, open_session(build_graph(model, segment_positions=True).SerializeToString())


@pytest.mark.parametrize("config", [{"head": SEGMENT_HEAD}, {"pooler_type": "first"}], ids=str)
def test_heads_of_real_segments_alone_do_not_see_padding(tmp_path, config):
    """Why these heads need no pad segment, whatever the original padded them with."""
    model = checkpoint(tmp_path, "SD|SD", **config)
    session = open_session(build_graph(model, segment_positions=True).SerializeToString())
    documents = made_up_documents(model)
    results = {kind: run(session, layout_of(model, kind).pack(documents)) for kind in ("none", "pad", "cls")}
    for kind in ("pad", "cls"):
        for with_padding, without in zip(results[kind], results["none"], strict=True):
            np.testing.assert_allclose(with_padding.segments, without.segments, atol=1e-5)
            if without.document is not None:
                np.testing.assert_allclose(with_padding.document, without.document, atol=1e-5)


def test_max_pooling_does_see_padding(tmp_path):
    model = checkpoint(tmp_path)
    document = [[2, 9, 10]]
    padded = [
        score_document(model, document, pad_segment=kind, segment_positions=True).document for kind in ("none", "pad", "cls")
    ]
    assert np.abs(padded[0] - padded[1]).max() > 0.01
    assert np.abs(padded[1] - padded[2]).max() > 0.01


def test_segment_positions_that_the_checkpoint_lacks_are_refused(tmp_path):
    config = hat_config("S|SD")
    weights = random_weights(config, 1)
    del weights[SEGMENT_POSITIONS]
    model = read_checkpoint(write_checkpoint(tmp_path / "c", config, weights=weights))
    with pytest.raises(ExportError, match="use --no-segment-positions"):
        build_graph(model, segment_positions=True)
    assert agreement(model, segment_positions=False).deviation < TOLERANCE


def test_inputs_and_outputs_are_those_of_the_contract(tmp_path):
    session = open_session(build_graph(checkpoint(tmp_path), segment_positions=True).SerializeToString())
    assert [(value.name, value.type, value.shape) for value in session.get_inputs()] == [
        ("input_ids", "tensor(int64)", ["S", 16]),
        ("attention_mask", "tensor(int64)", ["S", 16]),
        ("document_index", "tensor(int64)", ["S"]),
        ("segment_index", "tensor(int64)", ["S"]),
    ]
    assert [(value.name, value.type, value.shape) for value in session.get_outputs()] == [
        ("logits", "tensor(float)", ["B", 3]),
        ("segment_logits", "tensor(float)", ["S", 3]),
    ]


def test_graph_is_the_same_every_time(tmp_path):
    model = checkpoint(tmp_path)
    first, second = (build_graph(model, segment_positions=True).SerializeToString() for _ in range(2))
    assert first == second


@pytest.mark.parametrize(("pad_segment", "rows_of_pad_segment"), [("none", 0), ("pad", 1), ("cls", 1)])
def test_dense_layers_compute_real_tokens_and_in_the_last_segment_block_heads_alone(tmp_path, pad_segment, rows_of_pad_segment):
    model = checkpoint(tmp_path, "S|S|SD|D")
    graph = build_graph(model, segment_positions=True)
    projections = ["layer1.segment/MatMul", "layer2.segment/MatMul"]
    graph.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in projections)
    session = open_session(graph.SerializeToString())
    batch = layout_of(model, pad_segment).pack([[[2, 9, 8]] * 3 + [[2]] * 2])
    all_rows, head_rows = session.run(projections, batch.feeds())
    assert all_rows.shape == (3 * 3 + 2 * 1 + 2 * rows_of_pad_segment, 3 * 32)
    assert head_rows.shape == (5 + rows_of_pad_segment, 32)


def test_layers_after_a_step_compute_what_is_left(tmp_path):
    model = checkpoint(tmp_path, "S|/2|S|/4|S|S")
    graph = build_graph(model, segment_positions=True)
    projections = [f"layer{layer}.segment/MatMul" for layer in range(3)]
    graph.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in projections)
    session = open_session(graph.SerializeToString())
    segments = [[2], [2, 9], [2, 9, 8], [2, 9, 8, 7], [2, *range(3, 18)]]
    rows = [len(values) for values in session.run(projections, layout_of(model, "none").pack([segments]).feeds())]
    assert rows == [1 + 2 + 3 + 4 + 16, 1 + 2 + 2 + 3 + 9, 1 + 2 + 2 + 2 + 3]


def test_a_group_is_the_mean_of_its_real_tokens_whatever_stands_in_padding(tmp_path):
    """Ids in padding reach no score, with a group that is padding in part and one that is nothing else."""
    model = checkpoint(tmp_path, "S|/4|SD")
    session = open_session(build_graph(model, segment_positions=True).SerializeToString())
    batch = layout_of(model, "none").pack([[[2, 9, 8, 7, 6, 5], [2, 9]]])
    other = np.where(batch.attention_mask == 1, batch.input_ids, 77)
    expected = session.run(None, batch.feeds())
    for before, after in zip(expected, session.run(None, {**batch.feeds(), "input_ids": other}), strict=True):
        np.testing.assert_array_equal(before, after)


def test_int8_weights_compute_what_they_say(tmp_path):
    result = agreement(checkpoint(tmp_path), storage="int8")
    assert result.deviation < TOLERANCE
    assert 0 < result.effect < 0.5


def test_int8_weights_are_a_quarter_of_the_size_and_widened_at_load(tmp_path):
    model = checkpoint(tmp_path, "S|SD", hidden_size=128, intermediate_size=512)
    graphs = {kind: build_graph(model, segment_positions=True, storage=kind).SerializeToString() for kind in ("fp32", "int8")}
    assert len(graphs["int8"]) < 0.32 * len(graphs["fp32"])
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    onnxruntime.InferenceSession(graphs["int8"], options, providers=["CPUExecutionProvider"])
    optimized = onnx.load(tmp_path / "optimized.onnx")
    # What is left is the embedding rows looked up and the attention mask.
    left = [node.name for node in optimized.graph.node if node.op_type in ("Cast", "Mul")]
    assert not [name for name in left if "layer" in name]


def test_int8_rows_without_any_weight_stay_zero(tmp_path):
    config = hat_config("S|SD")
    weights = random_weights(config, 1)
    weights["embeddings.word_embeddings.weight"][0] = 0  # as torch leaves the padding row
    model = read_checkpoint(write_checkpoint(tmp_path / "c", config, weights=weights))
    assert not as_stored(model, "int8").weights["embeddings.word_embeddings.weight"][0].any()
    assert agreement(model, storage="int8").deviation < TOLERANCE
