"""Reads the gzipped pickle of a trax checkpoint without trax, without JAX and without running anything that the file holds."""

from __future__ import annotations

import gzip
import io
import pickle
import zlib
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export.checkpoints.pickles import TRIPPED_OVER, Function, UnusableError
from onnx_export.problems import ExportError, reason

_DAMAGED = (OSError, EOFError, zlib.error)
_TYPES = {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"}


def read_numpy_pickle(path: Path) -> Any:
    """Read a gzipped pickle of plain values and numpy arrays.

    Returns:
        The value; an object of trax that only describes a shape is a dict with it.

    Raises:
        ExportError: if it is something else, or asks for anything but arrays.
    """
    try:
        return _opened(_Unpickler(io.BytesIO(_content(path))).load())
    except UnusableError as error:
        raise ExportError(str(path), [str(error)]) from None
    except pickle.UnpicklingError as error:
        raise ExportError(str(path), [f"cannot be read: {error}"]) from error
    except (*TRIPPED_OVER, EOFError) as error:
        raise ExportError(str(path), [f"its pickle does not describe arrays: {error}"]) from error


def read_numpy_records(path: Path) -> list[NDArray[Any]]:
    """Read arrays in the format of ``.npy`` that follow each other in a gzip stream.

    Raises:
        ExportError: if it is something else.
    """
    content = io.BytesIO(_content(path))
    arrays: list[NDArray[Any]] = []
    try:
        while content.tell() < len(content.getbuffer()):
            arrays.append(np.lib.format.read_array(content, allow_pickle=False))
    except (ValueError, EOFError, MemoryError) as error:
        raise ExportError(str(path), [f"array {len(arrays)} cannot be read: {error}"]) from error
    return arrays


def _content(path: Path) -> bytes:
    try:
        return gzip.decompress(path.read_bytes())
    except _DAMAGED as error:
        raise ExportError(str(path), [f"cannot be read as gzip: {reason(error)}"]) from error


class _Described:
    """Stands in for ``trax.shapes.ShapeDtype``."""

    __slots__ = ("shape",)

    def __init__(self) -> None:
        self.shape: tuple[Any, ...] = ()

    def __new__(cls) -> _Described:
        described = super().__new__(cls)
        described.shape = ()
        return described

    def __setstate__(self, state: object) -> None:
        match state:
            case (_, {"shape": tuple(shape)}):
                self.shape = shape


class _Type:
    """Stands in for ``numpy.dtype``."""

    __slots__ = ("name", "order")

    def __init__(self, name: object, *_: object) -> None:
        if not isinstance(name, str) or name.lstrip("<>|=") not in _TYPES:
            raise UnusableError(f"its pickle describes arrays of {name!r}, expected one of {', '.join(sorted(_TYPES))}")
        self.name = name.lstrip("<>|=")
        self.order = "<"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = ">" if state[1] == ">" else "<"

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(f"{self.order}{self.name}")


class _Array:
    """Stands in for ``numpy.ndarray``."""

    __slots__ = ("array",)

    def __init__(self, *_: object) -> None:
        self.array: NDArray[Any] = np.empty(0, np.float32)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, fortran, content = state
        self.array = _array(content, kind, shape, "F" if fortran else "C")


def _array(content: object, kind: object, shape: tuple[int, ...], order: object) -> NDArray[Any]:
    if not isinstance(kind, _Type) or not isinstance(content, bytes | bytearray):
        raise UnusableError("its pickle describes an array that holds objects, expected numbers")
    if len(content) != prod(shape) * kind.dtype.itemsize:
        raise UnusableError(
            f"an array of shape {list(shape)} has {len(content)} bytes, and of {kind.name} it needs another number"
        )
    return np.frombuffer(content, kind.dtype).reshape(shape, order="F" if order == "F" else "C")


def _reconstruct(*_: object) -> _Array:
    return _Array()


def _from_buffer(content: object, kind: object, shape: tuple[int, ...], order: object, *_: object) -> _Array:
    result = _Array()
    result.array = _array(content, kind, shape, order)
    return result


def _scalar(kind: object, content: object) -> _Array:
    return _from_buffer(content, kind, (), "C")


def _from_jax(_: object, arguments: tuple[Any, ...], state: tuple[Any, ...], *__: object) -> _Array:
    """What JAX wraps around an array is how numpy would pickle that."""
    if len(arguments) == 4 and isinstance(arguments[1], _Type):
        return _from_buffer(*arguments)
    result = _Array()
    result.__setstate__(state)
    return result


def _latin(text: str, *_: object) -> bytes:
    """How bytes stand in pickles of protocol 2 and before."""
    return text.encode("latin-1")


_STAND_INS: Mapping[tuple[str, str], type | Function] = {
    ("numpy", "dtype"): _Type,
    ("numpy", "ndarray"): _Array,
    ("_codecs", "encode"): Function(_latin),
    **{
        (f"numpy.{core}.{module}", name): Function(stand_in)
        for core in ("core", "_core")
        for module, name, stand_in in (
            ("multiarray", "_reconstruct", _reconstruct),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _from_buffer),
        )
    },
    ("trax.shapes", "ShapeDtype"): _Described,
    ("jax._src.array", "_reconstruct_array"): Function(_from_jax),
    ("jax._src.device_array", "reconstruct_device_array"): Function(_from_jax),
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        stand_in = _STAND_INS.get((module, name))
        if stand_in is None:
            raise UnusableError(
                f"its pickle asks for {module}.{name}, which describes no array and is not run. If you trust where the file comes "
                "from, load it with trax and save the list of its weights as model.safetensors, see docs/hourglass.md"
            )
        return stand_in


def _opened(value: Any) -> Any:
    """A value with plain arrays in the place of what stands in for them."""
    if isinstance(value, _Array):
        return value.array
    if isinstance(value, dict):
        return {key: _opened(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_opened(each) for each in value]
    return {"shape": list(value.shape)} if isinstance(value, _Described) else value
