"""fp16 and int8 graphs: what they compute, that batch mates do not matter, and what is refused."""

import gzip
import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from onnx_export.bundle.settings import Flags, resolve_settings
from onnx_export.bundle.verify import checks
from onnx_export.bundle.write import write_bundle
from onnx_export.commands.benchmark import main as benchmark
from onnx_export.export.agreement import check_agreement
from onnx_export.export.calibration import calibrate, read_texts
from onnx_export.export.checked_graph import build_checked
from onnx_export.export.graph_settings import GraphSettings
from onnx_export.export.hat_model import SAMPLE_SEGMENTS, HatModel, calibration_windows, made_up_documents
from onnx_export.export.precision import build_model
from onnx_export.hat.checkpoint import read_checkpoint
from onnx_export.hat.config import Head
from onnx_export.onnx.graph_builder import GraphBuilder, tensor
from onnx_export.onnx.int8 import LARGEST_WEIGHT, Int8Matrix, Observed, quantise
from onnx_export.onnx.packing import PackedLayout, open_session, run
from onnx_export.problems import ExportError
from random_checkpoints import TINY_TEXT, hat_config, write_checkpoint

SEGMENT_HEAD = "HATModelForSequentialSentenceClassification"


def checkpoint(tmp_path, layout="S|SD", **config):
    return read_checkpoint(write_checkpoint(tmp_path / "checkpoint", hat_config(layout, **config), seed=3))


def layout_of(model, pad_segment="pad"):
    config = model.config
    return PackedLayout(config.segment_length, config.max_segments, config.cls_id, config.pad_id, pad_segment)


def graph_of(model, precision, documents=()):
    hat = HatModel(model, GraphSettings("pad", segment_positions=True, precision=precision))
    quantised = calibrate(hat, documents or made_up_documents(model)) if precision == "int8" else {}
    return build_model(hat, quantised)


def problems_of(action):
    with pytest.raises(ExportError) as raised:
        action()
    return raised.value.problems


# fp16


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"pooler_type": "attentive"},
        {"pooler_type": "first"},
        {"pooler_type": "last"},
        {"hidden_act": "relu"},
        {"hidden_act": "silu"},
        {"hidden_act": "gelu_new"},
        {"head": SEGMENT_HEAD},
    ],
    ids=str,
)
@pytest.mark.parametrize("layout", ["S|SD", "SD|S|D", "SD|/2|S|SD"])
def test_fp16_agrees_with_the_reference(tmp_path, layout, config):
    model = checkpoint(tmp_path, layout, **config)
    graph = graph_of(model, "fp16").SerializeToString()
    for pad_segment in ("none", "pad", "cls"):  # a pad segment attends uniformly, which a mask value too small would break
        settings = GraphSettings(pad_segment, segment_positions=True, precision="fp16")
        agreement = check_agreement(HatModel(model, settings), graph)
        assert 1e-5 < agreement.deviation < 0.02


def test_fp16_multiplies_and_attends_in_float16_and_normalises_in_float32(tmp_path):
    graph = graph_of(checkpoint(tmp_path, "SD|S", pooler_type="attentive"), "fp16").graph
    kinds = {value.name: value.data_type for value in graph.initializer}
    casts = {node.output[0]: attribute.i for node in graph.node for attribute in node.attribute if node.op_type == "Cast"}
    kinds.update(casts)
    for node in graph.node:
        weights = [name for name in node.input if name.startswith("encoder.layer.") and name in kinds]
        if weights and node.op_type == "SkipLayerNormalization":
            assert {kinds[name] for name in weights} == {TensorProto.FLOAT}
        elif weights:
            assert {kinds[name] for name in weights} == {TensorProto.FLOAT16}, node.name
    halves = [onnx.numpy_helper.to_array(value) for value in graph.initializer if value.data_type == TensorProto.FLOAT16]
    assert halves and all(np.isfinite(values).all() for values in halves)


def test_fp16_takes_and_gives_what_fp32_does(tmp_path):
    model = checkpoint(tmp_path)
    before, after = (open_session(graph_of(model, kind).SerializeToString()) for kind in ("fp32", "fp16"))
    for values in ("get_inputs", "get_outputs"):
        assert [(v.name, v.type, v.shape) for v in getattr(before, values)()] == [
            (v.name, v.type, v.shape) for v in getattr(after, values)()
        ]


# int8


def int8_product(matrix, inputs):
    g = GraphBuilder()
    model = g.model(
        "product",
        [tensor("x", np.float32, ["rows", inputs.shape[1]])],
        {matrix.product(g, "x"): tensor("y", np.float32, ["rows", len(matrix.scale)])},
        {},
    )
    return open_session(model.SerializeToString()).run(["y"], {"x": inputs})[0]


def test_largest_weights_and_inputs_do_not_saturate():
    """Without VNNI, sums of two products are kept in 16 bits; this fails there if weights have 8 bits."""
    signs = np.where(np.random.default_rng(1).random((64, 24)) < 0.5, -1, 1)
    signs[:, 0], signs[:, 1] = 1, -1
    one = np.float32(1)
    matrix = Int8Matrix("m", (signs * LARGEST_WEIGHT).astype(np.int8), np.ones(24, np.float32), one, np.uint8(0), None)
    inputs = np.full((5, 64), 255, np.float32)
    assert (int8_product(matrix, inputs) == inputs @ matrix.values).all()


@pytest.mark.parametrize("rows", [1, 2, 7, 64, 300])
def test_int8_product_is_close_to_the_exact_one_despite_outliers(rows):
    random = np.random.default_rng(2)
    matrix = (random.standard_normal((96, 40)) / 10).astype(np.float32)
    inputs = random.standard_normal((300, 96)).astype(np.float32)
    inputs[:, 17] *= 40
    quantised = quantise("m", matrix, Observed(inputs.min(axis=0), inputs.max(axis=0), inputs))
    assert quantised.balance is not None
    assert np.abs(quantised.values).max() <= LARGEST_WEIGHT
    exact = inputs @ matrix
    error = np.abs(int8_product(quantised, inputs[:rows]) - exact[:rows])
    assert error.max() < 0.1 * exact.std()


def test_a_matrix_of_zeros_and_inputs_that_never_vary_are_quantised():
    nothing = np.zeros((8, 4), np.float32)
    observed = Observed(np.zeros(8, np.float32), np.zeros(8, np.float32), np.zeros((3, 8), np.float32))
    assert (int8_product(quantise("m", nothing, observed), np.ones((2, 8), np.float32)) == 0).all()


def test_int8_graph_multiplies_tokens_in_int8_and_heads_in_float32(tmp_path):
    graph = graph_of(checkpoint(tmp_path, "S|SD|SD"), "int8").graph
    products = {kind: [node.name for node in graph.node if node.op_type == kind] for kind in ("MatMulIntegerToFloat", "MatMul")}
    assert len(products["MatMulIntegerToFloat"]) == 4 + 4 + 1
    assert not [name for name in products["MatMulIntegerToFloat"] if "document" in name]
    assert len([name for name in products["MatMul"] if name.startswith("layer2.segment")]) == 4
    assert "DynamicQuantizeLinear" not in {node.op_type for node in graph.node}


def test_int8_layers_multiply_in_int8_after_a_step_too(tmp_path):
    graph = graph_of(checkpoint(tmp_path, "S|/2|S|SD"), "int8").graph
    names = [node.name for node in graph.node if node.op_type == "MatMulIntegerToFloat"]
    assert [len([name for name in names if name.startswith(f"layer{index}.segment")]) for index in range(3)] == [4, 4, 1]


@pytest.mark.parametrize("layout", ["S|/2|S", "SD|/3|SD|/2|S"])
def test_int8_of_shortened_segments_computes_what_it_should(tmp_path, layout):
    model = checkpoint(tmp_path, layout, segment_length=40)
    hat = HatModel(model, GraphSettings("pad", segment_positions=True, precision="int8"))
    documents = made_up_documents(model)
    quantised = calibrate(hat, documents)
    agreement = check_agreement(hat, build_model(hat, quantised).SerializeToString(), quantised=quantised, samples=documents)
    assert 0 < agreement.effect < 2


def test_int8_needs_an_s_block(tmp_path):
    model = checkpoint(tmp_path, "D|D")
    assert "use --precision fp32" in problems_of(lambda: graph_of(model, "int8"))[0]


def test_int8_export_is_checked_and_says_what_it_moved(tmp_path, capsys):
    folder = write_checkpoint(tmp_path / "c", hat_config("SD|S"), seed=3)
    model = read_checkpoint(folder)
    settings = GraphSettings("pad", segment_positions=True, storage="int8", precision="int8")
    _, agreement = build_checked(HatModel(model, settings), lambda: calibration_windows(folder, model, None, "sentence"))
    assert agreement.deviation < 0.25 * agreement.effect + 1e-4
    assert 0 < agreement.effect < 2
    assert "calibrated on golden inputs" in capsys.readouterr().err


def test_an_int8_graph_that_computes_something_else_is_refused(tmp_path):
    model = checkpoint(tmp_path, "SD|S")
    hat = HatModel(model, GraphSettings("pad", segment_positions=True, precision="int8"))
    documents = made_up_documents(model)
    quantised = calibrate(hat, documents)
    graph = build_model(hat, quantised)
    one = next(each for each in graph.graph.initializer if "scale" in each.name and len(each.dims))
    one.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(one) * np.float32(2), one.name))
    problem = problems_of(lambda: check_agreement(hat, graph.SerializeToString(), quantised=quantised, samples=documents))
    assert "this is a defect of onnx_export" in problem[0]


# Batch mates


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
@pytest.mark.parametrize("pooling", ["max", "attentive"])
@pytest.mark.parametrize(
    ("layout", "segment_length"),
    [
        *((layout, 16) for layout in ("S|S|SD", "SD|SD|S", "D|S|D|S", "S|/2|SD|S", "SD|/3|S|/2|S|S", "D|S|/4|S|SD")),
        ("SD|/2|S|SD", 150),  # more places than a loop takes at once, before the step and after it
    ],
)
def test_scores_are_the_same_alone_and_in_any_batch(tmp_path, layout, segment_length, pooling, precision):
    """To the last bit: one of them would become a whole step at the next rounding to int8 or float16, now and then."""
    sizes = {"hidden_size": 128, "intermediate_size": 256, "max_segments": 12, "segment_length": segment_length}
    model = checkpoint(tmp_path, layout, pooler_type=pooling, **sizes)
    session = open_session(graph_of(model, precision).SerializeToString(), threads=2)
    pack = layout_of(model).pack
    documents = [document for seed in range(10) for document in made_up_documents(model, seed=seed)]
    alone = [run(session, pack([document]))[0] for document in documents]
    order = np.random.default_rng(5).permutation(len(documents))
    for size in (4, 13, len(documents)):
        for first in range(0, len(documents), size):
            chosen = order[first : first + size]
            for index, together in zip(chosen, run(session, pack([documents[i] for i in chosen])), strict=True):
                np.testing.assert_array_equal(together.segments, alone[index].segments)
                np.testing.assert_array_equal(together.document, alone[index].document)


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
@pytest.mark.parametrize("layout", ["S", "SD|S|SD|S"])
def test_predictions_of_tokens_are_the_same_alone_and_in_a_batch(tmp_path, layout, precision):
    model = checkpoint(tmp_path, layout, head=Head.TOKEN.value)
    session, pack = open_session(graph_of(model, precision).SerializeToString()), layout_of(model, "none").pack
    documents = [document for seed in range(5) for document in made_up_documents(model, seed=seed)]
    for document, together in zip(documents, run(session, pack(documents)), strict=True):
        np.testing.assert_array_equal(together.segments, run(session, pack([document]))[0].segments)


# Calibration


def test_calibration_takes_a_few_segments_of_each_text(tmp_path):
    folder = write_checkpoint(tmp_path / "c", hat_config(max_segments=20))
    model = read_checkpoint(folder)
    texts = tmp_path / "texts.jsonl.gz"
    with gzip.open(texts, "wt", encoding="utf-8") as lines:
        for number in range(60):
            lines.write(json.dumps({"id": number, "text": f"Number {number}. {TINY_TEXT}"}) + "\n")
        lines.write(json.dumps({"text": ""}) + "\n")
    windows = calibration_windows(folder, model, texts, "sentence")
    assert {len(window) for window in windows} == {8}
    assert SAMPLE_SEGMENTS <= sum(len(window) for window in windows) < SAMPLE_SEGMENTS + 8
    assert all(segment[0] == model.config.cls_id for window in windows for segment in window)


def test_without_a_tokenizer_random_tokens_are_taken(tmp_path, capsys):
    folder = write_checkpoint(tmp_path / "c", hat_config())
    (folder / "tokenizer.json").unlink()
    assert calibration_windows(folder, read_checkpoint(folder), None, "sentence")
    assert "random tokens; give --calibration FILE.jsonl" in capsys.readouterr().err


def test_every_calibration_line_without_a_text_is_told(tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text('{"text": "fine"}\n\nnothing\n["text"]\n{"text": 5}\n')
    assert [problem.partition(":")[0] for problem in problems_of(lambda: read_texts(path))] == ["line 3", "line 4", "line 5"]
    path.write_text("")
    assert "is empty" in problems_of(lambda: read_texts(path))[0]
    assert "cannot be read" in problems_of(lambda: read_texts(tmp_path / "nowhere.jsonl"))[0]


# Options and bundles


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        ({"precision": "fp16", "storage": "int8"}, "--weights int8 is for fp32 and int8"),
        ({"precision": "fp32", "calibration": "x.jsonl"}, "--calibration is for --precision int8, and precision is fp32"),
        ({"precision": "fp16", "calibration": "x.jsonl"}, "--calibration is for --precision int8, and precision is fp16"),
    ],
)
def test_options_that_contradict_each_other_are_refused(tmp_path, flags, problem):
    folder = write_checkpoint(tmp_path / "c", hat_config())
    assert problem in problems_of(lambda: resolve_settings(folder, read_checkpoint(folder), Flags(**flags)))[0]


@pytest.mark.parametrize("head", [head.value for head in Head])
@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_bundles_of_every_head_and_precision_keep_their_promises(tmp_path, precision, head, capsys):
    folder = write_checkpoint(tmp_path / "c", hat_config("SD|S", head=head, problem_type="multi_label_classification"))
    model = read_checkpoint(folder)
    for kind in ("fp32", precision):
        write_bundle(folder, model, resolve_settings(folder, model, Flags(precision=kind)), tmp_path / kind)
    assert [str(check) for check in checks(tmp_path / precision) if not check.passed] == []
    assert json.loads((tmp_path / precision / "manifest.json").read_text())["precision"] == precision
    bundles = ["--bundle", str(tmp_path / "fp32"), "--bundle", str(tmp_path / precision)]
    benchmark([*bundles, "--segments", "5", "--repetitions", "2", "--threads", "1"])
    table = [line.split("|") for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert [row[2].strip() for row in table[2:]] == ["fp32", precision]
    assert table[2][4].strip() == "1.00 ×"


def test_a_bundle_that_cannot_be_measured_is_named(tmp_path):
    with pytest.raises(SystemExit, match=r"nowhere"):
        benchmark(["--bundle", str(tmp_path / "nowhere")])
