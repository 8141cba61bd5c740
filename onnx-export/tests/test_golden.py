import pytest

from onnx_export.export.golden_inputs import DEFAULT_INPUTS, GoldenInput, read_inputs
from onnx_export.json_files import write_json_lines
from onnx_export.problems import ExportError


def test_inputs_are_read_line_by_line(tmp_path):
    # A text may hold U+2028 as it is, at which some readers would cut the line.
    path = tmp_path / "inputs.jsonl"
    write_json_lines(path, [{"id": "a", "text": "one\u2028two\r\nthree"}, {"id": "b", "text": "😀"}])
    assert read_inputs(path) == [GoldenInput("a", "one\u2028two\r\nthree"), GoldenInput("b", "😀")]


def test_every_unusable_line_is_told(tmp_path):
    path = tmp_path / "inputs.jsonl"
    path.write_text('{"id": "a", "text": "x"}\n\n{"id": "a", "text": "y"}\n{"id": 5, "text": "z"}\nnothing\n')
    with pytest.raises(ExportError) as raised:
        read_inputs(path)
    assert [problem.partition(":")[0] for problem in sorted(raised.value.problems)] == ["line 3", "line 4", "line 5"]
    path.write_text("\n")
    with pytest.raises(ExportError, match="expected at least one input"):
        read_inputs(path)
    with pytest.raises(ExportError, match="cannot be read"):
        read_inputs(tmp_path / "nowhere")


def test_default_inputs_hold_what_readers_stumble_over():
    texts = [entry.text for entry in DEFAULT_INPUTS]
    assert any(" " not in text for text in texts)
    assert any(ord(character) > 0xFFFF for text in texts for character in text)
    assert any("\r\n" in text for text in texts)
