"""Reads the tensors of a ``pytorch_model.bin`` without PyTorch and without running anything that the file holds.

Such a file is a zip archive: a pickle that describes tensors, and one member with raw numbers for each storage. A pickle is a
program, which may call whatever it can name. Here it can name no more than the functions of this module that stand in for those
with which PyTorch describes tensors; they look at numbers and touch nothing else.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

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
    try:
        if not zipfile.is_zipfile(path):
            raise _UnusableError(
                "is not a zip archive: expected what torch.save of PyTorch 1.6 or later writes. Load it with "
                "torch.load(…, weights_only=True) and save it again, as model.safetensors for preference"
            )
        with zipfile.ZipFile(path) as archive:
            return _read(archive)
    except _UnusableError as error:
        raise ExportError(str(path), [str(error)]) from None
    except (pickle.UnpicklingError, zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        raise ExportError(str(path), [f"cannot be read: {error}"]) from error
    except (TypeError, ValueError, AttributeError, KeyError, IndexError, OverflowError, MemoryError) as error:
        # What a pickle that is damaged or made to harm trips over; it has no way to cause more.
        raise ExportError(str(path), [f"its pickle does not describe tensors: {error}"]) from error


class _UnusableError(Exception):
    pass


class _Sealed:
    """A value on the pickle's stack that the pickle can hand on but not change."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        raise _UnusableError("its pickle changes what it may only hand on, as none does that torch.save wrote")


class _Numbers(_Sealed):
    """A storage [count], or a tensor, which is a view of one."""

    __slots__ = ("array", "whole")

    def __init__(self, array: NDArray[Any], *, whole: bool) -> None:
        self.array = array
        self.whole = whole


class _Name(_Sealed):
    """What a pickle gets for a name: a function of this module, or a type of storage."""

    __slots__ = ("dtype", "function")

    def __init__(self, *, function: Callable[..., Any] | None = None, dtype: np.dtype[Any] | None = None) -> None:
        self.function = function
        self.dtype = dtype

    def __call__(self, *arguments: Any) -> Any:
        if self.function is None:
            raise _UnusableError("its pickle calls a type of storage, as none does that torch.save wrote")
        return self.function(*arguments)


class _StateDict(dict[Any, Any]):
    """Stands in for OrderedDict; the metadata that PyTorch hangs on it is dropped."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        pass


def _read(archive: zipfile.ZipFile) -> dict[str, NDArray[Any]]:
    members = [name for name in archive.namelist() if name == "data.pkl" or name.endswith("/data.pkl")]
    if len(members) != 1:
        raise _UnusableError(f"has {len(members)} members data.pkl, expected one: not written by torch.save")
    root = members[0].removesuffix("data.pkl")
    content = _Unpickler(archive, root, io.BytesIO(archive.read(members[0]))).load()
    if not isinstance(content, dict):
        raise _UnusableError("holds no state dict; save it with torch.save(model.state_dict(), 'pytorch_model.bin')")
    others = [name for name, value in content.items() if not (isinstance(name, str) and isinstance(value, _Numbers))]
    if others:
        raise _UnusableError(
            f"holds {', '.join(map(repr, others[:3]))} beside tensors by name; "
            "save the state dict alone: torch.save(model.state_dict(), 'pytorch_model.bin')"
        )
    return {name: tensor.array for name, tensor in content.items()}


class _Unpickler(pickle.Unpickler):
    def __init__(self, archive: zipfile.ZipFile, root: str, file: io.BytesIO) -> None:
        super().__init__(file)
        self._archive = archive
        self._root = root
        self._storages: dict[str, NDArray[Any]] = {}
        self._big_endian = f"{root}byteorder" in archive.namelist() and archive.read(f"{root}byteorder") == b"big"

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return _StateDict
        if module == "torch" and name in _STORAGES:
            return _Name(dtype=_STORAGES[name])
        if module == "torch._utils" and name in _REBUILD:
            return _Name(function=_REBUILD[name])
        raise _UnusableError(
            f"its pickle asks for {module}.{name}, which describes no tensor and is not run. If you trust where the file comes "
            "from, load it with PyTorch and save the state dict as model.safetensors"
        )

    def persistent_load(self, pid: Any) -> _Numbers:
        """The numbers of a storage, by ("storage", type, key, device, number of elements)."""
        kind, storage, key, _, count = pid
        dtype = storage.dtype if isinstance(storage, _Name) else None
        if kind != "storage" or dtype is None or not isinstance(key, str):
            raise _UnusableError("its pickle refers to something that is no storage of a tensor")
        if key not in self._storages:
            member = self._archive.getinfo(f"{self._root}data/{key}")
            if member.file_size != count * dtype.itemsize:
                raise _UnusableError(f"storage {key} has {member.file_size} bytes, expected {count} elements of {dtype}")
            numbers = np.frombuffer(self._archive.read(member), dtype.newbyteorder(">") if self._big_endian else dtype)
            self._storages[key] = numbers.astype(dtype, copy=False)
        return _Numbers(self._storages[key], whole=True)


def _rebuild_tensor(storage: _Numbers, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> _Numbers:
    """A tensor is a view of a storage; what follows tells of gradients and hooks."""
    numbers = (offset, *size, *stride)
    if not isinstance(storage, _Numbers) or not storage.whole or len(size) != len(stride):
        raise _UnusableError("its pickle describes a tensor that is no view of a storage")
    if any(isinstance(number, bool) or not isinstance(number, int) or number < 0 for number in numbers):
        raise _UnusableError(f"its pickle describes a tensor of offset {offset!r}, size {size!r} and stride {stride!r}")
    flat = storage.array
    if 0 in size:
        return _Numbers(np.empty(size, flat.dtype), whole=False)
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if last >= flat.size:
        raise _UnusableError(f"a tensor reaches to element {last} of a storage of {flat.size}")
    steps = [step * flat.itemsize for step in stride]
    return _Numbers(np.lib.stride_tricks.as_strided(flat[offset:], size, steps, writeable=False), whole=False)


def _rebuild_parameter(tensor: _Numbers, *_: Any) -> _Numbers:
    return tensor


_REBUILD: Mapping[str, Callable[..., Any]] = {
    "_rebuild_tensor": _rebuild_tensor,
    "_rebuild_tensor_v2": _rebuild_tensor,
    "_rebuild_parameter": _rebuild_parameter,
}
