"""Values: what a caller has, NumPy arrays or nested lists, <-> Tensor. NumPy is used where it is installed."""

from __future__ import annotations

import struct
from functools import cache
from math import prod
from typing import TYPE_CHECKING, Any

from firstserve.client.errors import InvalidRequest
from firstserve.tensors import ITEM_BYTES, STRUCT_FORMAT, Tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import ModuleType

_TEXT_KINDS = "SUO"
"""NumPy's kinds of dtypes whose elements are texts: bytes, str and any object."""
_COMPLEX_PARTS = {"complex64": "float32", "complex128": "float64"}


@cache
def numpy() -> ModuleType | None:
    """NumPy; None where it is not installed."""
    try:
        import numpy as installed
    except ImportError:
        return None
    return installed


def is_array(value: object) -> bool:
    """Whether it is a NumPy array or scalar, which bring their dtype."""
    return hasattr(value, "dtype") and hasattr(value, "tolist")


def to_tensor(name: str, value: Any, dtype: Callable[[], str]) -> Tensor:
    """The tensor of the input `name`: an array has its own dtype, `dtype` is asked for that of all other values.

    Raises InvalidRequest for lists that are no tensor, and elements that are not of the dtype.
    """
    if is_array(value):
        return _of_array(name, value)
    flat, shape = _flatten(name, value)
    return _of_elements(name, flat, shape, dtype())


def from_tensor(tensor: Tensor) -> Any:
    """A NumPy array of its own memory, bfloat16 as float32; without NumPy nested lists, a scalar as its element."""
    np = numpy()
    if np is None:
        return _nested(_elements(tensor), tensor.shape)
    if tensor.dtype == "string":
        return tensor.array()
    if tensor.dtype == "bfloat16":
        halves = np.frombuffer(tensor.data, np.uint16).astype(np.uint32)
        return (halves << 16).view(np.float32).reshape(tensor.shape)
    return np.frombuffer(bytearray(tensor.data), tensor.dtype).reshape(tensor.shape)


def _of_array(name: str, array: Any) -> Tensor:
    dtype = array.dtype
    if dtype.kind in _TEXT_KINDS:
        return _of_elements(name, array.ravel().tolist(), array.shape, "string")
    if dtype.name not in ITEM_BYTES:
        raise InvalidRequest(f'the input "{name}" is an array of {dtype.name}, which no tensor has')
    return Tensor(dtype.name, array.shape, array.astype(dtype.newbyteorder("="), copy=False).tobytes())


def _flatten(name: str, value: Any) -> tuple[list[Any], tuple[int, ...]]:
    """The elements of nested lists, and their shape."""
    shape: list[int] = []
    level = [value]
    while level:
        level = [each.tolist() if is_array(each) else each for each in level]
        are_lists = {isinstance(each, list | tuple) for each in level}
        if are_lists == {False}:
            break
        sizes = {len(each) for each in level} if are_lists == {True} else set()
        if len(sizes) != 1:
            raise InvalidRequest(f'the input "{name}" is no tensor: its lists differ in length or depth')
        shape += sizes
        level = [item for each in level for item in each]
    return level, tuple(shape)


def _of_elements(name: str, flat: Sequence[Any], shape: tuple[int, ...], dtype: str) -> Tensor:
    try:
        if dtype == "string":
            return Tensor(dtype, shape, strings=[_text(each) for each in flat])
        return Tensor(dtype, shape, _packed(flat, dtype))
    except (TypeError, ValueError, OverflowError, struct.error) as error:
        raise InvalidRequest(f'the input "{name}" takes {dtype}, but an element is not: {error}') from error


def _text(element: object) -> bytes:
    if isinstance(element, str):
        return element.encode("utf-8", "surrogateescape")
    if isinstance(element, bytes | bytearray | memoryview):
        return bytes(element)
    raise TypeError(f"{element!r} is neither bytes nor str")


def _packed(flat: Iterable[Any], dtype: str) -> bytes:
    if dtype == "bool":
        flat = list(flat)
        if not all(isinstance(each, bool) for each in flat):
            raise TypeError("give True and False")
    elif dtype == "bfloat16":
        words = struct.unpack(f"={len(list(flat))}I", _packed(flat, "float32"))
        return _packed([_upper_half(word) for word in words], "uint16")
    elif dtype in _COMPLEX_PARTS:
        numbers = [complex(each) for each in flat]
        return _packed([part for each in numbers for part in (each.real, each.imag)], _COMPLEX_PARTS[dtype])
    elif dtype not in STRUCT_FORMAT:
        raise TypeError(f"tensors of {dtype} cannot be sent")
    elements = list(flat)
    return struct.pack(f"={len(elements)}{STRUCT_FORMAT[dtype]}", *elements)


def _upper_half(word: int) -> int:
    """The bfloat16 nearest to a float32, both by their bits, even where two are as near."""
    if word & 0x7FFFFFFF > 0x7F800000:  # a NaN, which must not be rounded up to infinity
        return word >> 16 | 0x40
    return (word + 0x7FFF + (word >> 16 & 1)) >> 16


def _elements(tensor: Tensor) -> list[Any]:
    if tensor.dtype == "string":
        return list(tensor.strings)
    if tensor.dtype == "bfloat16":
        halves = _elements(tensor._replace(dtype="uint16"))
        return list(
            struct.unpack(f"={len(halves)}f", struct.pack(f"={len(halves)}I", *(each << 16 for each in halves)))
        )
    if tensor.dtype in _COMPLEX_PARTS:
        parts = _elements(tensor._replace(dtype=_COMPLEX_PARTS[tensor.dtype]))
        return [complex(*pair) for pair in zip(parts[::2], parts[1::2], strict=True)]
    count = len(tensor.data) // ITEM_BYTES[tensor.dtype]
    return list(struct.unpack(f"={count}{STRUCT_FORMAT[tensor.dtype]}", tensor.data))


def _nested(flat: list[Any], shape: tuple[int, ...]) -> Any:
    if not shape:
        return flat[0]
    for depth in range(len(shape) - 1, 0, -1):
        size = shape[depth]
        flat = [flat[number * size : (number + 1) * size] for number in range(prod(shape[:depth]))]
    return flat
