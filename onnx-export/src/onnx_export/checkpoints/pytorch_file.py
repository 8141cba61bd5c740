"""Reads the tensors of a file of ``torch.save`` without PyTorch and without running anything that the file holds.

Such a file is a zip archive: a pickle that describes tensors, and one member with raw numbers for each storage. A pickle is a
program, which may call whatever it can name. Here it can name no more than the functions of this module that stand in for those
with which PyTorch describes tensors; they look at numbers and touch nothing else.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from onnx_export.checkpoints.pickles import TRIPPED_OVER, Function, Sealed, UnusableError
from onnx_export.problems import ExportError

_STORAGES: dict[str, np.dtype[Any]] = {
    "DoubleStorage": np.dtype(np.float64),
    "FloatStorage": np.dtype(np.float32),
    "HalfStorage": np.dtype(np.float16),
    "BFloat16Storage": np.dtype(ml_dtypes.bfloat16),
    "LongStorage": np.dtype(np.int64),
    "IntStorage": np.dtype(np.int32),
    "ShortStorage": np.dtype(np.int16),
    "CharStorage": np.dtype(np.int8),
    "ByteStorage": np.dtype(np.uint8),
    "BoolStorage": np.dtype(np.bool_),
}


def read_pytorch_file(path: Path) -> dict[str, NDArray[Any]]:
    """Read the tensors of a state dict that ``torch.save`` of PyTorch 1.6 or later wrote.

    Returns:
        Each tensor by its name, in the file's own precision; views of one storage share its memory.

    Raises:
        ExportError: if the file is something else, or its pickle asks for anything but tensors.
    """
    return _tensors_of(path, _unpickled(path, {}))


def read_training_file(path: Path, records: Collection[tuple[str, str]]) -> dict[str, Any]:
    """Read what a training saved: a dict of plain values, of dicts of tensors, and of objects that only hold attributes.

    Args:
        path: the file.
        records: module and name of each class whose instances are read as ``Record``; nothing of the class is run.

    Returns:
        The dict; each tensor in it is an array, as ``read_pytorch_file`` returns it.

    Raises:
        ExportError: if the file is something else, or its pickle asks for any other class.
    """
    content = _unpickled(path, dict.fromkeys(records, Record))
    if not isinstance(content, dict):
        raise ExportError(str(path), [f"holds {type(content).__name__}, expected the dict that the training saved"])
    return {name: _plain(value) for name, value in content.items()}


class Record:
    """Stands in for an instance of a class that is not there, such as ``argparse.Namespace``: nothing but its attributes."""

    __slots__ = ("attributes",)

    def __init__(self) -> None:
        self.attributes: dict[str, Any] = {}

    def __new__(cls) -> Record:
        record = super().__new__(cls)
        record.attributes = {}
        return record

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
            raise UnusableError("its pickle gives an object something else than attributes by name")
        self.attributes = dict(state)


def _plain(value: Any) -> Any:
    """A value with its tensors, and those in a dict, as arrays."""
    if isinstance(value, _Numbers):
        return value.array
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value


def _unpickled(path: Path, classes: Mapping[tuple[str, str], Any]) -> Any:
    try:
        if not zipfile.is_zipfile(path):
            raise UnusableError(
                "is not a zip archive: expected what torch.save of PyTorch 1.6 or later writes. Load it with "
                "torch.load(…, weights_only=True) and save it again, as model.safetensors for preference"
            )
        with zipfile.ZipFile(path) as archive:
            return _read(archive, classes)
    except UnusableError as error:
        raise ExportError(str(path), [str(error)]) from None
    except (pickle.UnpicklingError, zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        raise ExportError(str(path), [f"cannot be read: {error}"]) from error
    except TRIPPED_OVER as error:
        raise ExportError(str(path), [f"its pickle does not describe tensors: {error}"]) from error


class _Numbers(Sealed):
    """A storage [count], or a tensor, which is a view of one."""

    __slots__ = ("array", "whole")

    def __init__(self, array: NDArray[Any], *, whole: bool) -> None:
        self.array = array
        self.whole = whole


class _StorageType(Sealed):
    """What a pickle gets for the name of a type of storage."""

    __slots__ = ("dtype",)

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype

    def __call__(self, *_: Any) -> Any:
        raise UnusableError("its pickle calls a type of storage, as none does that torch.save wrote")


class _StateDict(dict[Any, Any]):
    """Stands in for OrderedDict; the metadata that PyTorch hangs on it is dropped."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        pass


def _read(archive: zipfile.ZipFile, classes: Mapping[tuple[str, str], Any]) -> Any:
    members = [name for name in archive.namelist() if name == "data.pkl" or name.endswith("/data.pkl")]
    if len(members) != 1:
        raise UnusableError(f"has {len(members)} members data.pkl, expected one: not written by torch.save")
    root = members[0].removesuffix("data.pkl")
    return _Unpickler(archive, root, io.BytesIO(archive.read(members[0])), classes).load()


def _tensors_of(path: Path, content: Any) -> dict[str, NDArray[Any]]:
    if not isinstance(content, dict):
        raise ExportError(str(path), ["holds no state dict; save it with torch.save(model.state_dict(), 'pytorch_model.bin')"])
    others = [name for name, value in content.items() if not (isinstance(name, str) and isinstance(value, _Numbers))]
    if others:
        problem = f"holds {', '.join(map(repr, others[:3]))} beside tensors by name; "
        raise ExportError(str(path), [f"{problem}save the state dict alone: torch.save(model.state_dict(), 'pytorch_model.bin')"])
    return {name: tensor.array for name, tensor in content.items()}


class _Unpickler(pickle.Unpickler):
    def __init__(self, archive: zipfile.ZipFile, root: str, file: io.BytesIO, classes: Mapping[tuple[str, str], Any]) -> None:
        super().__init__(file)
        self._classes = classes
        self._archive = archive
        self._root = root
        self._storages: dict[str, NDArray[Any]] = {}
        self._big_endian = f"{root}byteorder" in archive.namelist() and archive.read(f"{root}byteorder") == b"big"

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict") or (self._classes and (module, name) == ("collections", "Counter")):
            return _StateDict
        if (module, name) in self._classes:
            return self._classes[module, name]
        if module == "torch" and name in _STORAGES:
            return _StorageType(_STORAGES[name])
        if module == "torch._utils" and name in _REBUILD:
            return Function(_REBUILD[name])
        raise UnusableError(
            f"its pickle asks for {module}.{name}, which describes no tensor and is not run. If you trust where the file comes "
            "from, load it with PyTorch and save the state dict as model.safetensors"
        )

    def persistent_load(self, pid: Any) -> _Numbers:
        """The numbers of a storage, by ("storage", type, key, device, number of elements)."""
        kind, storage, key, _, count = pid
        dtype = storage.dtype if isinstance(storage, _StorageType) else None
        if kind != "storage" or dtype is None or not isinstance(key, str):
            raise UnusableError("its pickle refers to something that is no storage of a tensor")
        if key not in self._storages:
            member = self._archive.getinfo(f"{self._root}data/{key}")
            if member.file_size != count * dtype.itemsize:
                raise UnusableError(f"storage {key} has {member.file_size} bytes, expected {count} elements of {dtype}")
            numbers = np.frombuffer(self._archive.read(member), dtype.newbyteorder(">") if self._big_endian else dtype)
            self._storages[key] = numbers.astype(dtype, copy=False)
        return _Numbers(self._storages[key], whole=True)


def _rebuild_tensor(storage: _Numbers, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> _Numbers:
    """A tensor is a view of a storage; what follows tells of gradients and hooks."""
    numbers = (offset, *size, *stride)
    if not isinstance(storage, _Numbers) or not storage.whole or len(size) != len(stride):
        raise UnusableError("its pickle describes a tensor that is no view of a storage")
    if any(isinstance(number, bool) or not isinstance(number, int) or number < 0 for number in numbers):
        raise UnusableError(f"its pickle describes a tensor of offset {offset!r}, size {size!r} and stride {stride!r}")
    flat = storage.array
    if 0 in size:
        return _Numbers(np.empty(size, flat.dtype), whole=False)
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if last >= flat.size:
        raise UnusableError(f"a tensor reaches to element {last} of a storage of {flat.size}")
    steps = [step * flat.itemsize for step in stride]
    return _Numbers(np.lib.stride_tricks.as_strided(flat[offset:], size, steps, writeable=False), whole=False)


def _rebuild_parameter(tensor: _Numbers, *_: Any) -> _Numbers:
    return tensor


_REBUILD: Mapping[str, Callable[..., Any]] = {
    "_rebuild_tensor": _rebuild_tensor,
    "_rebuild_tensor_v2": _rebuild_tensor,
    "_rebuild_parameter": _rebuild_parameter,
}
