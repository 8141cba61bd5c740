"""Pickles are data here: what they would run is refused, and nothing of it runs."""

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from onnx_export.checkpoints.pytorch_file import read_pytorch_file
from onnx_export.hat.checkpoint import read_checkpoint
from onnx_export.problems import ExportError
from random_checkpoints import hat_config, write_checkpoint

SMALL = Path(__file__).parent / "fixtures/small-state-dict.bin"
"""Written by ``write_small_state_dict`` of ``test_pytorch_file_of_torch.py``."""


def problem_of(path):
    with pytest.raises(ExportError) as raised:
        read_pytorch_file(path)
    [problem] = raised.value.problems
    return problem


def archive(path, pickled, **storages):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", pickled)
        for key, content in storages.items():
            file.writestr(f"archive/data/{key.removeprefix('s')}", content)
    return path


def test_tensors_of_every_kind_are_read():
    tensors = read_pytorch_file(SMALL)
    table = np.arange(24, dtype=np.float32).reshape(4, 6)
    expected = {
        "table": table,
        "transposed": table.T,
        "corner": table[1:3, 2:5],
        "scalar": np.float32(3),
        "empty": np.zeros((0, 3), np.float32),
        "expanded": np.ones((3, 4), np.float32),
        "parameter": table,
        "float64": table.astype(np.float64),
        "float16": table.astype(np.float16),
        "bfloat16": table,
        "int64": np.arange(5)[None],
        "bool": np.array([True, False]),
    }
    assert tensors.keys() == expected.keys()
    for name, array in expected.items():
        assert tensors[name].shape == array.shape, name
        np.testing.assert_array_equal(tensors[name].astype(np.float64), array.astype(np.float64), err_msg=name)
    assert {name: tensors[name].dtype.name for name in ("float64", "float16", "bfloat16", "int64", "bool")} == {
        name: name for name in ("float64", "float16", "bfloat16", "int64", "bool")
    }
    assert np.shares_memory(tensors["table"], tensors["corner"])


class Harm:
    """Pickles as a call of ``call`` with ``arguments``."""

    def __init__(self, call, *arguments):
        self.call, self.arguments = call, arguments

    def __reduce__(self):
        return self.call, self.arguments


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_a_pickle_would_run_is_named_and_not_run(tmp_path, protocol):
    trace = tmp_path / "ran"
    path = archive(tmp_path / "x.bin", pickle.dumps({"weight": Harm(Path.touch, trace)}, protocol))
    assert "its pickle asks for " in problem_of(path)
    path = archive(tmp_path / "x.bin", pickle.dumps(Harm(exec, f"open({str(trace)!r}, 'w')"), protocol))
    assert problem_of(path).startswith(("its pickle asks for builtins.exec", "its pickle asks for __builtin__.exec"))
    assert not trace.exists()


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "builtins.eval",
        "builtins.getattr",
        "torch.load",
        "torch._utils._rebuild_sparse_tensor",
        "torch.storage._load_from_bytes",
    ],
)
def test_every_name_but_those_of_tensors_is_refused(tmp_path, name):
    module, _, attribute = name.rpartition(".")
    path = archive(tmp_path / "x.bin", f"c{module}\n{attribute}\n.".encode())
    assert f"its pickle asks for {name}, which describes no tensor and is not run" in problem_of(path)


REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"


@pytest.mark.parametrize(
    ("pickled", "problem"),
    [
        (REBUILD + b"}X\x08\x00\x00\x00functionNsb.", "changes what it may only hand on"),
        (REBUILD + b"N}X\x08\x00\x00\x00functionNs\x86b.", "changes what it may only hand on"),
        (b"ctorch\nFloatStorage\n)R.", "calls a type of storage"),
        (b"ccollections\nOrderedDict\n}X\x01\x00\x00\x00aNsb.", "does not describe tensors"),
        (REBUILD + b"(I1\nI2\n)R.", "does not describe tensors"),
        (REBUILD + b"(NI0\n(I1\nt(I1\nttR.", "a tensor that is no view of a storage"),
        (b"(I1\nI2\nl.", "holds no state dict"),
        (b"}X\x01\x00\x00\x00aI1\ns.", "holds 'a' beside tensors by name"),
        (b"garbage", "cannot be read"),
        (b"", "cannot be read"),
    ],
)
def test_damaged_and_twisted_pickles_are_refused(tmp_path, pickled, problem):
    assert problem in problem_of(archive(tmp_path / "x.bin", pickled))


def tensor(count=4, offset=0, size="(I2\nI2\nt", stride="(I2\nI1\nt", key="0"):
    storage = f"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x00{key}X\x03\x00\x00\x00cpuI{count}\ntQ"
    return b"}X\x01\x00\x00\x00a" + REBUILD + f"({storage}I{offset}\n{size}{stride}I00\n}}tRs.".encode()


def test_a_tensor_stays_within_its_storage(tmp_path):
    numbers = np.arange(4, dtype=np.float32).tobytes()

    def read(**changes):
        return archive(tmp_path / "x.bin", tensor(**changes), s0=numbers)

    np.testing.assert_array_equal(read_pytorch_file(read())["a"], [[0, 1], [2, 3]])
    assert "reaches to element 4 of a storage of 4" in problem_of(read(offset=1))
    assert "reaches to element 6 of a storage of 4" in problem_of(read(stride="(I5\nI1\nt"))
    assert "offset -1" in problem_of(read(offset=-1))
    assert "stride (2, -1)" in problem_of(read(stride="(I2\nI-1\nt"))
    assert "no view of a storage" in problem_of(read(stride="(I1\nt"))
    assert "storage 0 has 16 bytes, expected 5 elements of float32" in problem_of(read(count=5))
    assert "archive/data/9" in problem_of(read(key="9"))


def test_files_that_are_no_archive_of_torch_are_refused(tmp_path):
    legacy = tmp_path / "legacy.bin"
    legacy.write_bytes(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.")
    assert "is not a zip archive: expected what torch.save of PyTorch 1.6 or later writes" in problem_of(legacy)
    with zipfile.ZipFile(tmp_path / "other.bin", "w") as file:
        file.writestr("notes.txt", "no weights")
    assert "has 0 members data.pkl" in problem_of(tmp_path / "other.bin")


def test_a_checkpoint_may_have_either_file(tmp_path):
    folder = write_checkpoint(tmp_path / "c", hat_config())
    (folder / "pytorch_model.bin").write_bytes(b"not looked at")
    read_checkpoint(folder)
    (folder / "model.safetensors").rename(folder / "gone")
    with pytest.raises(ExportError, match="is not a zip archive"):
        read_checkpoint(folder)
    (folder / "pytorch_model.bin").write_bytes(SMALL.read_bytes())
    with pytest.raises(ExportError, match="corner is superfluous"):
        read_checkpoint(folder)
