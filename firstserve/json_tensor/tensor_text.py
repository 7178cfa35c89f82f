"""Tensor text: a tensor -> nested lists of its elements, or the text of each of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from firstserve.errors import InvalidArgument
from firstserve.json_tensor import base64_text
from firstserve.json_tensor.decimal_text import decimal_texts
from firstserve.json_tensor.layout import list_text, list_text_of_line, nested_items, object_text
from firstserve.json_tensor.value_text import dtype_name, string_text
from firstserve.tensors import STRUCT_FORMAT, element_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from firstserve.tensors import Tensor

_BLOCK_MIN_ELEMENTS = 512
"""Of a float32 tensor; fewer are written before NumPy has begun."""
_INTEGERS = {"int32", "int16", "int8", "uint8", "int64", "uint32", "uint64"}
_FLOATS = {"float32", "float64"}
_MEMORYVIEW_MAX_RANK = 64
_BYTES_SUFFIX = "_bytes"
"""Of the names of outputs whose strings are written as base64."""


def tensor_text(name: str, tensor: Tensor, level: int) -> str:
    """The tensor as nested lists with a line for each item, a scalar as its one element.

    `level` is that of the outermost brackets. Raises InvalidArgument for a dtype that JSON has nothing for, as the
    other functions do.
    """
    rank = len(tensor.shape)
    if not rank:
        return _element_texts(name, tensor, level)[0]
    numbers = _numbers_on_a_line(tensor)
    if numbers:
        return list_text_of_line(numbers, rank, level)
    return list_text(_element_texts(name, tensor, level + rank), tensor.shape, level)


def items_text(name: str, tensor: Tensor, level: int) -> str:
    """The items of the outermost list on one line; the rank is 1 or more. Objects of base64 break it, at `level`."""
    return _numbers_on_a_line(tensor) or ", ".join(row_texts(name, tensor, level))


def _numbers_on_a_line(tensor: Tensor) -> str:
    """What `items_text` gives for numbers; empty where that is no faster than each for itself."""
    shape = tensor.shape
    count = element_count(shape)
    if tensor.dtype == "float32" and count >= _BLOCK_MIN_ELEMENTS:
        from firstserve.json_tensor.float_block import MAX_RANK, float_block_text

        if len(shape) <= MAX_RANK:
            return float_block_text(tensor.array().ravel(), shape)
    if tensor.dtype in _INTEGERS and count and len(shape) <= _MEMORYVIEW_MAX_RANK:
        return str(_elements(tensor, shape))[1:-1]
    return ""


def row_texts(name: str, tensor: Tensor, level: int) -> Sequence[str]:
    """The items of the outermost list, each on its own; `level` is as for `items_text`."""
    return nested_items(_element_texts(name, tensor, level + len(tensor.shape)), tensor.shape)


def _element_texts(name: str, tensor: Tensor, level: int) -> Sequence[str]:
    """The text of every element; `level` is theirs."""
    dtype = tensor.dtype
    if dtype == "string":
        if name.endswith(_BYTES_SUFFIX):
            return [object_text({base64_text.KEY: f'"{base64_text.encode(text)}"'}, level) for text in tensor.strings]
        return [string_text(text.decode("utf-8", "surrogateescape")) for text in tensor.strings]
    if dtype == "bool":
        return ["true" if element else "false" for element in _elements(tensor)]
    if dtype in _INTEGERS:
        return [str(element) for element in _elements(tensor)]
    if dtype in _FLOATS:
        return _float_texts(tensor)
    if element_count(tensor.shape):
        raise InvalidArgument(f"Failed to write JSON value for tensor type: {dtype_name(dtype)}")
    return []


def _float_texts(tensor: Tensor) -> Sequence[str]:
    count = element_count(tensor.shape)
    if tensor.dtype == "float32" and count >= _BLOCK_MIN_ELEMENTS:
        return _numbers_on_a_line(tensor._replace(shape=(count,))).split(", ")
    return decimal_texts(_elements(tensor), tensor.dtype)


def _elements(tensor: Tensor, shape: tuple[int, ...] = ()) -> list[Any]:
    flat: Any = memoryview(tensor.data).cast("B")
    letter = STRUCT_FORMAT[tensor.dtype]
    nested: list[Any] = (flat.cast(letter, shape) if shape else flat.cast(letter)).tolist()
    return nested
