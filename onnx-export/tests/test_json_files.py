"""One reader of JSON lines behind every command: the same lines are read, and the same mistakes named, by all of them."""

import gzip
import json
import sys

import pytest

from onnx_export.bundle.golden import read_golden
from onnx_export.evaluate.events import read_events
from onnx_export.export.calibration import read_texts
from onnx_export.export.golden_inputs import read_inputs
from onnx_export.json_files import read_json_object
from onnx_export.problems import ExportError
from onnx_export.train.labelled_texts import read_labelled_texts

# A record that each of them takes.
RECORD = {
    "id": "a",
    "text": "The fee \u2028 is due.",
    "labels": [],
    "token_ids": [],
    "token_offsets": [],
    "segments": [],
    "windows": [],
}
RECORD |= {"embedding": []}
RECORD |= {"document_id": "a", "answers": [{"labels": []}]}
GOOD = json.dumps(RECORD, ensure_ascii=False).encode()

READERS = {
    "training data": read_labelled_texts,
    "events": read_events,
    "calibration": read_texts,
    "golden inputs": read_inputs,
    "golden records": lambda path: read_golden(path, "embedding"),
}


@pytest.fixture(params=READERS)
def read(request):
    return READERS[request.param]


@pytest.fixture(autouse=True)
def records_of_many_kinds(monkeypatch):
    """What is none of a reader's business in these tests: keys that the others need."""
    import onnx_export.train.labelled_texts as module

    monkeypatch.setattr(module._Lines, "_unknown_keys", lambda self, number, record: iter(()))


def problem_of(read, tmp_path, content, name="lines.jsonl"):
    (tmp_path / name).write_bytes(content)
    with pytest.raises((ValueError, ExportError)) as raised:
        read(tmp_path / name)
    return str(raised.value)


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD + b"\n",
        b"\n  \n" + GOOD + b"\r\n\r\n",
        b"\xef\xbb\xbf" + GOOD,
        gzip.compress(GOOD),
        gzip.compress(b"\xef\xbb\xbf" + GOOD + b"\n"),
    ],
)
@pytest.mark.parametrize("name", ["lines.jsonl", "lines.jsonl.gz"])
def test_every_reader_takes_the_same_forms(read, tmp_path, content, name):
    if name.endswith(".gz") and not content.startswith(b"\x1f\x8b"):
        content = gzip.compress(content)
    (tmp_path / name).write_bytes(content)
    assert len(read(tmp_path / name)) == 1


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "line 2: is not JSON: Expecting property name enclosed in double quotes at character 2"),
        (GOOD + b" " + GOOD, "line 2: is not JSON: Extra data at character"),
        (b"[]", "line 2: expected a JSON object, found list"),
        (b'"text"', "line 2: expected a JSON object, found str"),
        (b"null", "line 2: expected a JSON object, found NoneType"),
        (b'{"id": "caf\xe9"}', "line 2: is not UTF-8: invalid continuation byte at byte 12"),
        (b'{"id": "a", "id": "b"}', "line 2: has the key 'id' twice"),
        (b'{"id": "a", "x": {"y": 1, "y": 1}}', "line 2: has the key 'y' twice"),
        (b"[" * 200_000, "line 2: is not JSON that can be read: nested too deeply"),
        (b'{"id": ' + b"9" * 5000 + b"}", "line 2: "),
    ],
)
def test_every_reader_names_the_same_mistakes(read, tmp_path, line, problem):
    assert problem in problem_of(read, tmp_path, GOOD + b"\n" + line)


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        (GOOD.decode().encode("utf-16"), "x.jsonl", "is UTF-16 or UTF-32, expected UTF-8: convert it"),
        (GOOD.decode().encode("utf-16-be"), "x.jsonl", "is UTF-16 or UTF-32"),
        (GOOD.decode().encode("utf-32"), "x.jsonl", "is UTF-16 or UTF-32"),
        (b"not gzip", "x.jsonl.gz", "cannot be read as gzip"),
        (gzip.compress(GOOD)[:-9], "x.jsonl", "cannot be read as gzip"),
    ],
)
def test_every_reader_names_files_of_another_kind(read, tmp_path, content, name, problem):
    assert problem in problem_of(read, tmp_path, content, name)


def test_every_reader_names_a_file_that_is_not_there(read, tmp_path):
    with pytest.raises((OSError, ExportError), match="No such file"):
        read(tmp_path / "none.jsonl")


def test_objects_are_read_with_a_byte_order_mark_and_refused_in_a_sentence(tmp_path):
    path = tmp_path / "config.json"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read_json_object(path) == {"a": 1}
    for content in (b"{", b"\xff\xfe{\0}\0", b"[" * 200_000):
        path.write_bytes(content)
        with pytest.raises(ExportError, match="is not JSON"):
            read_json_object(path)
    assert sys.getrecursionlimit() < 200_000
