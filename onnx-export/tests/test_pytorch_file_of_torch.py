"""Files that PyTorch itself wrote."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from onnx_export.checkpoints.pytorch_file import read_pytorch_file
from onnx_export.hat.checkpoint import read_checkpoint
from onnx_export.problems import ExportError
from random_checkpoints import hat_config, write_checkpoint
from test_pytorch_file import SMALL

pytestmark = pytest.mark.train


def write_small_state_dict(path):
    """What ``fixtures/small-state-dict.bin`` holds: views, shared storages and every precision."""
    table = torch.arange(24.0).reshape(4, 6)
    state = OrderedDict(
        table=table,
        transposed=table.T,
        corner=table[1:3, 2:5],
        scalar=torch.tensor(3.0),
        empty=torch.zeros(0, 3),
        expanded=torch.ones(1).expand(3, 4),
        parameter=torch.nn.Parameter(table),
        float64=table.double(),
        float16=table.half(),
        bfloat16=table.bfloat16(),
        int64=torch.arange(5).expand(1, -1),
        bool=torch.tensor([True, False]),
    )
    state._metadata = OrderedDict(version=1)
    torch.save(state, path)


def test_a_file_written_today_reads_as_the_committed_one(tmp_path):
    write_small_state_dict(tmp_path / "x.bin")
    fresh, committed = read_pytorch_file(tmp_path / "x.bin"), read_pytorch_file(SMALL)
    assert fresh.keys() == committed.keys()
    for name, array in fresh.items():
        assert array.dtype == committed[name].dtype
        np.testing.assert_array_equal(array, committed[name])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_a_checkpoint_as_pickle_is_the_checkpoint_as_safetensors(tmp_path, dtype):
    folder = write_checkpoint(tmp_path / "c", hat_config("S|SD|SD"))
    tensors = load_file(folder / "model.safetensors")
    torch.save({name: tensor.to(dtype) for name, tensor in tensors.items()}, folder / "pytorch_model.bin")
    expected = read_checkpoint(folder).weights
    (folder / "model.safetensors").unlink()
    weights = read_checkpoint(folder).weights
    assert weights.keys() == expected.keys()
    for name, array in expected.items():
        assert weights[name].dtype == np.float32
        np.testing.assert_allclose(weights[name], torch.from_numpy(array).to(dtype).float().numpy(), rtol=0, atol=0)


def test_models_optimizers_and_the_old_format_are_refused(tmp_path):
    layer = torch.nn.Linear(2, 2)
    torch.save(layer, tmp_path / "model.bin")
    with pytest.raises(ExportError, match=r"torch\.nn\.modules\.linear\.Linear, which describes no tensor"):
        read_pytorch_file(tmp_path / "model.bin")
    torch.save({"model": layer.state_dict(), "epoch": 3}, tmp_path / "training.bin")
    with pytest.raises(ExportError, match=r"holds 'model', 'epoch' beside tensors by name; save the state dict alone"):
        read_pytorch_file(tmp_path / "training.bin")
    torch.save(layer.state_dict(), tmp_path / "old.bin", _use_new_zipfile_serialization=False)
    with pytest.raises(ExportError, match="is not a zip archive"):
        read_pytorch_file(tmp_path / "old.bin")
