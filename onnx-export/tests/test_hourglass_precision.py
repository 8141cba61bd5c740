"""fp16 and int8 graphs of language models: what they compute, that batch mates do not matter, and what is refused."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from onnx_export.export.agreement import check_agreement
from onnx_export.export.calibration import calibrate
from onnx_export.export.checked_graph import build_checked
from onnx_export.export.hourglass_model import HourglassModel, calibration_windows, made_up_windows
from onnx_export.export.packed_model import answers_of
from onnx_export.export.precision import build_model
from onnx_export.hourglass.checkpoint import read_hourglass
from onnx_export.onnx.packing import open_session
from onnx_export.onnx.symbol_windows import SymbolWindow
from onnx_export.problems import ExportError
from random_hourglass import pytorch_config, trax_config, write_hourglass

STRUCTURES = {
    "trax, attention": trax_config(),
    "trax, linear, nested": trax_config("1@2 1@4 1@2", downsampling_fn="LinearPooling", upsampling_fn="LinearUpsampling"),
    "pytorch, none": pytorch_config("none", model_config="[2, (0,), 0]", activation_function="relu"),
    "pytorch, fixed": pytorch_config("fixed"),
    "pytorch, whitespaces": pytorch_config("whitespaces"),
}


def model_of(tmp_path, structure, precision, storage="fp32", **others):
    config = {**STRUCTURES[structure], **others}
    return HourglassModel(read_hourglass(write_hourglass(tmp_path / "checkpoint", config, seed=3)), storage, precision)


def windows_of(model, seeds=1):
    return [window for seed in range(seeds) for window in made_up_windows(model.checkpoint, seed=seed)]


def graph_of(model):
    return build_model(model, calibrate(model, windows_of(model, 4)) if model.precision == "int8" else {})


@pytest.mark.parametrize("structure", STRUCTURES)
def test_fp16_agrees_with_the_reference(tmp_path, structure):
    model = model_of(tmp_path, structure, "fp16")
    agreement = check_agreement(model, graph_of(model).SerializeToString())
    assert 1e-5 < agreement.deviation < 0.05


@pytest.mark.parametrize("structure", STRUCTURES)
def test_fp16_multiplies_in_float16_and_normalises_and_sums_up_in_float32(tmp_path, structure):
    model = model_of(tmp_path, structure, "fp16")
    graph = graph_of(model)
    by_operator = {
        kind: [node for node in graph.graph.node if node.op_type == kind] for kind in ("MatMul", "LayerNormalization", "Softmax")
    }
    constants = {value.name: value.data_type for value in graph.graph.initializer}
    values = {name for nodes in by_operator.values() for node in nodes for name in (*node.input, *node.output)} - constants.keys()
    graph.graph.output.extend(onnx.helper.make_empty_tensor_value_info(value) for value in values)
    names = sorted(values)
    found = open_session(graph.SerializeToString()).run(names, model.feeds(windows_of(model)))
    kinds = constants | {
        name: TensorProto.FLOAT16 if value.dtype == np.float16 else TensorProto.FLOAT
        for name, value in zip(names, found, strict=True)
    }
    for node in (*by_operator["LayerNormalization"], *by_operator["Softmax"]):
        assert {kinds[name] for name in (*node.input, *node.output)} == {TensorProto.FLOAT}, node.name
    halves = [node.name for node in by_operator["MatMul"] if kinds[node.output[0]] == TensorProto.FLOAT16]
    floats = [node.name for node in by_operator["MatMul"] if kinds[node.output[0]] == TensorProto.FLOAT]
    attentions = len(by_operator["Softmax"])
    # Of each attention: projections of queries, keys and values, of positions and of the output, and three products; and the feed-forward.
    assert len(halves) >= (2 + 3 + 1 + 2) * attentions
    resampling = {node.name for node in by_operator["MatMul"] if ".dense." in node.input[1]}
    assert all(name.startswith(("scores/", "groups/")) for name in set(floats) - resampling), floats
    assert all(np.isfinite(onnx.numpy_helper.to_array(value)).all() for value in graph.graph.initializer)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("storage", ["fp32", "int8"])
def test_int8_is_checked_and_says_what_it_moved(tmp_path, structure, storage):
    model = model_of(tmp_path, structure, "int8", storage)
    graph, agreement = build_checked(model, lambda: windows_of(model, 4))
    assert agreement.deviation < 0.25 * agreement.effect + 1e-4
    assert 0 < agreement.effect < 1
    operators = [node.op_type for node in onnx.load_from_string(graph).graph.node]
    assert operators.count("MatMulIntegerToFloat") == len(model.matrices())
    assert "DynamicQuantizeLinear" not in operators


@pytest.mark.parametrize("structure", STRUCTURES)
def test_stored_weights_agree_with_the_reference_on_them(tmp_path, structure):
    model = model_of(tmp_path, structure, "fp32", "int8")
    agreement = check_agreement(model, graph_of(model).SerializeToString())
    assert agreement.deviation < 1e-4 < agreement.effect


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_scores_are_the_same_alone_and_in_any_batch(tmp_path, structure, precision):
    """A difference of one bit would become a whole step at the next rounding to int8 or float16, now and then."""
    model = model_of(tmp_path, structure, precision, d_model=64)
    session = open_session(graph_of(model).SerializeToString(), threads=2)
    random = np.random.default_rng(1)
    size = model.checkpoint.config.vocabulary_size
    lengths = [1, 2, 3, 5, 8, 13, 63, 64, 65, 100, 127, 150, 192, 193, 30, 40]
    windows = [SymbolWindow(list(map(int, random.integers(0, size, length))), length) for length in lengths]
    alone = [answers_of(model, session, [window])[0] for window in windows]
    order = random.permutation(len(windows))
    for count in (3, 7, len(windows)):
        for first in range(0, len(windows), count):
            chosen = order[first : first + count]
            for index, together in zip(chosen, answers_of(model, session, [windows[i] for i in chosen]), strict=True):
                np.testing.assert_allclose(together, alone[index], atol=1e-5)


def test_an_int8_graph_that_computes_something_else_is_refused(tmp_path):
    model = model_of(tmp_path, "trax, attention", "int8")
    windows = windows_of(model, 4)
    quantised = calibrate(model, windows)
    graph = build_model(model, quantised)
    one = next(each for each in graph.graph.initializer if each.name.endswith("scale") and len(each.dims))
    one.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(one) * np.float32(2), one.name))
    with pytest.raises(ExportError, match="this is a defect of onnx_export"):
        check_agreement(model, graph.SerializeToString(), quantised=quantised, samples=windows)


def test_a_graph_of_another_model_is_refused(tmp_path):
    model = model_of(tmp_path, "pytorch, fixed", "fp32")
    other = read_hourglass(write_hourglass(tmp_path / "other", pytorch_config("fixed", fixed_sf=4), seed=3))
    with pytest.raises(ExportError, match="this is a defect of onnx_export"):
        check_agreement(model, HourglassModel(other).graph("fp32").SerializeToString())


# Calibration


def test_calibration_takes_a_window_of_each_text(tmp_path):
    folder = write_hourglass(tmp_path / "c", trax_config())
    texts = tmp_path / "texts.jsonl"
    texts.write_text("".join(f'{{"text": "{"ä" * length}"}}\n' for length in (0, 3, 400, 5000)), encoding="utf-8")
    windows = calibration_windows(folder, read_hourglass(folder), texts)
    assert sorted(len(window.ids) for window in windows) == [6, 512, 512]
    assert max(window.offset for window in windows) > 512
    assert {symbol for window in windows for symbol in window.ids} == set("ä".encode())


def test_characters_that_are_no_symbols_are_left_out_of_calibration(tmp_path, capsys):
    folder = write_hourglass(tmp_path / "c", pytorch_config())
    windows = calibration_windows(folder, read_hourglass(folder), None)
    assert max(symbol for window in windows for symbol in window.ids) < 27
    assert "calibrated on golden inputs; give --calibration FILE.jsonl" in capsys.readouterr().err


def test_without_knowing_what_symbols_are_random_ones_are_taken(tmp_path, capsys):
    folder = write_hourglass(tmp_path / "c", trax_config(vocab_size=40))
    assert calibration_windows(folder, read_hourglass(folder), None)
    assert "calibrated on random symbols" in capsys.readouterr().err
