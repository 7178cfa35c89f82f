"""Tensor: dtype, shape and buffer, as it flows between codecs and runtimes, without NumPy.

Dtypes go by NumPy's names (`float32`, `uint8`, `bool`, ...), and `string` for byte strings.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy

ITEM_BYTES: Mapping[str, int] = {
    "bool": 1,
    "uint8": 1,
    "int8": 1,
    "uint16": 2,
    "int16": 2,
    "float16": 2,
    "bfloat16": 2,
    "uint32": 4,
    "int32": 4,
    "float32": 4,
    "uint64": 8,
    "int64": 8,
    "float64": 8,
    "complex64": 8,
    "complex128": 16,
}
"""Bytes per element of every dtype with elements of one size (all but `string`)."""

STRUCT_FORMAT: Mapping[str, str] = {
    "bool": "?",
    "uint8": "B",
    "int8": "b",
    "uint16": "H",
    "int16": "h",
    "float16": "e",
    "uint32": "I",
    "int32": "i",
    "float32": "f",
    "uint64": "Q",
    "int64": "q",
    "float64": "d",
}
"""The letter of Python's `struct` module for the dtypes that it knows."""


class Tensor(NamedTuple):
    """A dense tensor in row-major order and the machine's byte order.

    `data` holds `element_count(shape) * ITEM_BYTES[dtype]` bytes; where `dtype` is `string`,
    `strings` holds `element_count(shape)` byte strings instead and `data` is empty.
    """

    dtype: str
    shape: tuple[int, ...]
    data: bytes | bytearray | memoryview = b""
    strings: Sequence[bytes] = ()

    def array(self) -> numpy.ndarray[Any, Any]:
        """The tensor as a NumPy array of its shape (`object` dtype for strings); imports NumPy.

        Raises TypeError for bfloat16, which NumPy does not have.
        """
        import numpy

        if self.dtype == "string":
            return numpy.array(list(self.strings), dtype=object).reshape(self.shape)
        if self.dtype == "bfloat16":
            raise TypeError("NumPy has no bfloat16, whatever others may have added to it in this process")
        return numpy.frombuffer(self.data, dtype=self.dtype).reshape(self.shape)


def element_count(shape: Sequence[int]) -> int:
    """The number of elements of a fully known shape; 1 for a scalar."""
    return prod(shape)
