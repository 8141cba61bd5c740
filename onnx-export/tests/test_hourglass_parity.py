"""The exported graphs of language models and our reference against what the original code computed.

``fixtures/hourglass``, or the folder that ``HOURGLASS_FIXTURES`` names.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from onnx_export.export.hourglass_model import HourglassModel, made_up_windows
from onnx_export.export.packed_model import answers_of
from onnx_export.hourglass.checkpoint import read_hourglass
from onnx_export.hourglass.reference import log_likelihood, log_probabilities
from onnx_export.onnx.packing import open_session
from onnx_export.onnx.symbol_windows import SymbolWindow
from random_hourglass import encoder_config, pytorch_config, trax_config, write_hourglass

OURS = Path(__file__).parent / "fixtures/hourglass"
FIXTURES = sorted(path for path in Path(os.environ.get("HOURGLASS_FIXTURES", OURS)).iterdir() if path.is_dir())
TOLERANCE = 3e-5
"""A wrong epsilon of a layer norm shows as 4e-5 to 8e-5."""

STRUCTURES = {
    "trax, average": trax_config(downsampling_fn="AveragePooling", upsampling_fn="NaiveUpsampling"),
    "trax, linear": trax_config("1@2 2@4 1@2", downsampling_fn="LinearPooling", upsampling_fn="LinearUpsampling"),
    "trax, attention, nested": trax_config("1@2 1@6 1@2", vanilla_layers=[0, 2], attention_upsampling_fn="LinearUpsampling"),
    "trax, attention down, linear up": trax_config("1@5", upsampling_fn="LinearUpsampling", ff_activation="Relu"),
    "encoder, attention": encoder_config(attention_upsampling_fn="LinearUpsampling"),
    "encoder, average, nested": encoder_config(
        hierarchy="1@2 1@6 1@2", downsampling_fn="AveragePooling", upsampling_fn="NaiveUpsampling"
    ),
    "encoder, attention, nested": encoder_config(hierarchy="1@3 1@6 1@3", attention_downsampling_fn="LinearPooling"),
    "pytorch, none": pytorch_config("none", model_config="[2, (0,), 0]", activation_function="relu"),
    "pytorch, fixed": pytorch_config("fixed", fixed_sf=4),
    "pytorch, whitespaces": pytorch_config("whitespaces"),
    "pytorch, entropy": pytorch_config("entropy", model_config="[1, (1,), 0]"),
}


class Fixture:
    def __init__(self, folder):
        expected = json.loads((folder / "expected.json").read_text())
        self.model = HourglassModel(read_hourglass(folder))
        self.inputs = expected["inputs"]
        self.windows = [SymbolWindow(given["tokens"], given.get("offset", 0)) for given in self.inputs]

    def deviation(self, answers, order):
        """Of the log-likelihoods that the original computed; all others must be 0."""
        return max(self._deviation(answer, self.inputs[index]) for answer, index in zip(answers, order, strict=True))

    def _deviation(self, answer, given):
        targets = given["target_log_probs"]
        assert given.get("scored_last") or (answer[: len(answer) - len(targets)] == 0).all()
        return np.abs(answer[len(answer) - len(targets) :] - np.array(targets)).max(initial=0)


@pytest.fixture(params=FIXTURES, ids=lambda folder: folder.name)
def fixture(request):
    return Fixture(request.param)


def session_of(model):
    return open_session(model.graph("fp32").SerializeToString())


def model_of(tmp_path, structure):
    return HourglassModel(read_hourglass(write_hourglass(tmp_path / "checkpoint", STRUCTURES[structure], seed=5)))


def test_reference_computes_the_originals_distribution_at_every_position(fixture):
    for window, given in zip(fixture.windows, fixture.inputs, strict=True):
        rows = log_probabilities(fixture.model.checkpoint, window.ids, offset=window.offset)
        listed = np.array(given["log_probs"])
        assert np.abs(rows[len(rows) - len(listed) :] - listed).max() < TOLERANCE


def test_reference_computes_the_originals_log_likelihoods(fixture):
    answers = [log_likelihood(fixture.model.checkpoint, window.ids, offset=window.offset) for window in fixture.windows]
    assert fixture.deviation(answers, range(len(answers))) < TOLERANCE


def test_graph_computes_the_originals_log_likelihoods_alone_and_in_any_batch(fixture):
    session = session_of(fixture.model)
    count = len(fixture.windows)
    random = np.random.default_rng(5)
    orders = [[index] for index in range(count)] + [list(range(count))]
    orders += [list(random.permutation(count)) for _ in range(3)] + [list(random.choice(count, 15))]
    for order in orders:
        answers = answers_of(fixture.model, session, [fixture.windows[index] for index in order])
        assert fixture.deviation(answers, order) < TOLERANCE


@pytest.mark.parametrize("structure", STRUCTURES)
def test_graph_agrees_with_the_reference_at_any_length(tmp_path, structure):
    model = model_of(tmp_path, structure)
    session = session_of(model)
    random = np.random.default_rng(7)
    windows = [
        SymbolWindow([int(symbol) for symbol in random.integers(0, model.checkpoint.config.vocabulary_size, length)], 3 * length)
        for length in (*range(1, 14), 24, 59, 60, 61)
    ]
    expected = model.reference(windows, "fp32")
    for window, alone in zip(windows, expected, strict=True):
        np.testing.assert_allclose(answers_of(model, session, [window])[0], alone, atol=TOLERANCE)
    for together, alone in zip(answers_of(model, session, windows), expected, strict=True):
        np.testing.assert_allclose(together, alone, atol=TOLERANCE)


@pytest.mark.parametrize("structure", [name for name in STRUCTURES if not name.startswith("encoder")])
def test_a_changed_symbol_changes_no_score_before_it(tmp_path, structure):
    model = model_of(tmp_path, structure)
    session = session_of(model)
    ids = list(made_up_windows(model.checkpoint)[-1].ids[:40])
    before = answers_of(model, session, [SymbolWindow(ids)])[0]
    for place in range(len(ids)):
        changed = [*ids]
        changed[place] = (ids[place] + 11) % model.checkpoint.config.vocabulary_size
        after = answers_of(model, session, [SymbolWindow(changed)])[0]
        np.testing.assert_allclose(after[:place], before[:place], atol=1e-6)
        if place or model.checkpoint.config.shifted:
            assert after[place] != before[place]


@pytest.mark.parametrize("structure", STRUCTURES)
def test_what_stands_in_padding_does_not_matter(tmp_path, structure):
    model = model_of(tmp_path, structure)
    session = session_of(model)
    window = made_up_windows(model.checkpoint)[2]
    feeds = dict(model.feeds([window, made_up_windows(model.checkpoint)[3]]))
    before = session.run(None, feeds)[0]
    feeds["input_ids"] = np.where(feeds["attention_mask"] == 0, 10**9, feeds["input_ids"])
    after = session.run(None, feeds)[0]
    np.testing.assert_array_equal(after, before)
    if model.checkpoint.config.causal:
        assert (after[0, len(window.ids) :] == 0).all()


def test_where_groups_are_fixed_the_place_in_the_stream_decides_where_they_end(tmp_path):
    model = model_of(tmp_path, "pytorch, fixed")
    session = session_of(model)
    ids = made_up_windows(model.checkpoint)[2].ids
    answers = [answers_of(model, session, [SymbolWindow(ids, offset)])[0] for offset in (0, 1, 4, 4 * 10**9)]
    assert np.abs(answers[0] - answers[1]).max() > 1e-3
    np.testing.assert_array_equal(answers[0], answers[2])
    np.testing.assert_array_equal(answers[0], answers[3])


def test_positions_are_projected_once_for_a_batch(tmp_path):
    graph = model_of(tmp_path, "trax, attention, nested").graph("fp32").graph
    projections = [node for node in graph.node if node.op_type == "MatMul" and ".position.weight" in node.input[1]]
    # Of each kind of attention one product, of whose input no axis is that of windows.
    assert len(projections) == len({node.input[1] for node in projections})
    sources = {output: node for node in graph.node for output in node.output}
    reached, waiting = set(), [node.input[0] for node in projections]
    while waiting:
        name = waiting.pop()
        if name in sources and name not in reached:
            reached.add(name)
            waiting += [] if sources[name].op_type == "Shape" else list(sources[name].input)
    assert "input_ids" not in reached and not any("embeddings" in name for name in reached)
