"""Rows: tensors of several requests -> one of all their rows, and back. The 0th dimension is the batch.

A row-major tensor is its rows one after the other, so that joining them is joining bytes, and a part of them is a view.
"""

from __future__ import annotations

from itertools import product
from operator import mul
from typing import TYPE_CHECKING

from firstserve.errors import InvalidArgument
from firstserve.tensors import ITEM_BYTES, Tensor, element_count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PADDED_RANKS = range(1, 7)


def take_rows(tensor: Tensor, start: int, stop: int) -> Tensor:
    """The rows from `start` on and before `stop`, without a copy of the bytes."""
    row_shape = tensor.shape[1:]
    elements = element_count(row_shape)
    shape = (stop - start, *row_shape)
    if tensor.dtype == "string":
        return Tensor(tensor.dtype, shape, strings=tensor.strings[start * elements : stop * elements])
    row_bytes = elements * ITEM_BYTES[tensor.dtype]
    data = memoryview(tensor.data).cast("B")[start * row_bytes : stop * row_bytes]
    return Tensor(tensor.dtype, shape, data)


def join_rows(parts: Sequence[Tensor]) -> Tensor:
    """All rows of tensors whose dtypes and dimensions after the 0th are the same; at least one tensor."""
    first = parts[0]
    shape = (sum(part.shape[0] for part in parts), *first.shape[1:])
    if first.dtype == "string":
        return Tensor(first.dtype, shape, strings=[string for part in parts for string in part.strings])
    return Tensor(first.dtype, shape, b"".join(part.data for part in parts))


def pad_dimensions(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The tensor grown to `shape`, filled up with its own first element.

    Raises InvalidArgument, in the words of TensorFlow Serving, for a tensor without elements or of too high a rank.
    """
    if tensor.shape == shape:
        return tensor
    if len(shape) not in _PADDED_RANKS:
        raise InvalidArgument("Only tensors with rank from 1 to 6 can be padded.")
    if not element_count(tensor.shape):
        raise InvalidArgument("Got empty tensor in batch of non-empty tensors.")
    if tensor.dtype == "string":
        strings = list(tensor.strings[:1]) * element_count(shape)
        for place, start, stop in _runs(tensor.shape, shape):
            strings[place : place + stop - start] = tensor.strings[start:stop]
        return Tensor(tensor.dtype, shape, strings=strings)
    item_bytes = ITEM_BYTES[tensor.dtype]
    data = memoryview(tensor.data).cast("B")
    padded = bytearray(data[:item_bytes]) * element_count(shape)
    for place, start, stop in _runs(tensor.shape, shape):
        at = place * item_bytes
        padded[at : at + (stop - start) * item_bytes] = data[start * item_bytes : stop * item_bytes]
    return Tensor(tensor.dtype, shape, padded)


def _runs(shape: tuple[int, ...], grown: tuple[int, ...]) -> Iterator[tuple[int, int, int]]:
    """The elements that stay together when a tensor grows: where they begin then, where they begin and end now."""
    split = max(axis for axis, (size, new) in enumerate(zip(shape, grown, strict=True)) if size != new)
    length = element_count(shape[split:])
    strides = [element_count(grown[axis + 1 :]) for axis in range(split)]
    for number, index in enumerate(product(*map(range, shape[:split]))):
        yield sum(map(mul, index, strides)), number * length, (number + 1) * length
