"""Number block: a large list of numbers within a body -> its shape and values, without a Python object for each.

simdjson reads the numbers, and says whether they are numbers at all. It does not say how they are nested: that
is seen in the brackets and commas, which are all that is left when everything that numbers are made of is deleted.
"""

from __future__ import annotations

import secrets
from math import inf, prod
from typing import TYPE_CHECKING, Literal

import numpy as np
import simdjson

from firstserve.json_tensor.count import MOST_NUMBERS, check_count
from firstserve.json_tensor.nested_list import Block
from firstserve.tensors import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping

MIN_BYTES = 16 * 1024
"""Of a block; shorter lists are read as fast by RapidJSON."""

_MAX_RANK = 32
"""What a block takes is linear in its text, and in this."""
_MAX_STRINGS = 256
"""A body with more strings than that is no block with a few words around it, and is not searched any further."""
_BACKSLASH = ord("\\")
_NUMBERS_AND_SPACE = b"0123456789+-.eE \t\r\n"
_NAME_PREFIX = secrets.token_hex(16)
"""Unknown to clients, so that none of their strings is taken for a block."""

_READ_AS: Mapping[str, tuple[Literal["d", "i", "u"], str]] = (
    dict.fromkeys(("float32", "float64"), ("d", "f8"))
    | dict.fromkeys(("int64", "int32", "int16", "int8", "uint8"), ("i", "i8"))
    | dict.fromkeys(("uint64", "uint32"), ("u", "u8"))
)
"""For every dtype the letter by which simdjson knows the numbers that it reads, and NumPy's name of these."""
_RANGES = {"uint32": (0, 2**32 - 1)} | dict.fromkeys(("int32", "int16", "int8", "uint8"), (-(2**31), 2**31 - 1))
"""Of the literals that a dtype takes, where they are fewer than simdjson reads; the smallest integers wrap around."""


class NumberBlock(Block):
    """A list of numbers, nested to any depth."""

    def __init__(self, text: bytes) -> None:
        """Raises ValueError where the text is anything else, or ragged, TooLarge where it has too many numbers."""
        brackets = text.translate(None, _NUMBERS_AND_SPACE)
        self._shape = _shape(brackets)
        check_count("numbers", brackets.count(b",") + 1, MOST_NUMBERS)
        del brackets
        try:
            array = simdjson.Parser().parse(text)
        except RuntimeError as error:
            raise ValueError(str(error)) from error
        if not isinstance(array, simdjson.Array):
            raise ValueError("not a list")  # noqa: TRY004 - the text is of the wrong value, not the argument
        self._array = array

    def tensor(self, dtype: str) -> Tensor | None:
        """The block as a tensor; None where its numbers do not fit."""
        if dtype not in _READ_AS:
            return None
        kind, item = _READ_AS[dtype]
        try:
            values = np.frombuffer(self._array.as_buffer(of_type=kind), item)
        except (TypeError, ValueError):
            return None
        low, high = _RANGES.get(dtype, (-inf, inf))
        # Lists without values leave brackets that look as if there were one.
        if len(values) != prod(self._shape) or values.min() < low or values.max() > high:
            return None
        with np.errstate(over="ignore"):
            return Tensor(dtype, self._shape, values.astype(dtype, copy=False).tobytes())


def take_blocks(body: bytes) -> tuple[bytes, dict[str, NumberBlock]]:
    """The body with a string in the place of each block, and the blocks by these strings.

    There are none where the body has no block, or is better read whole. Raises ValueError for a damaged block.
    """
    pieces: list[bytes] = []
    blocks: dict[str, NumberBlock] = {}
    taken = place = 0
    for _ in range(_MAX_STRINGS):
        quote = body.find(b'"', place)
        outside_end = len(body) if quote < 0 else quote
        start = body.find(b"[", place, outside_end)
        if start >= 0 and outside_end - start >= MIN_BYTES:
            brace = body.find(b"}", start, outside_end)
            end = body.rfind(b"]", start, outside_end if brace < 0 else brace) + 1
            if end - start >= MIN_BYTES:
                name = f"{_NAME_PREFIX}{len(blocks)}"
                blocks[name] = NumberBlock(body[start:end])
                pieces += [body[taken:start], b'"%s"' % name.encode()]
                taken = end
        if quote < 0:
            break
        place = _string_end(body, quote + 1)
    return b"".join((*pieces, body[taken:])), blocks


def _string_end(body: bytes, place: int) -> int:
    """The place behind the quote that closes a string."""
    while True:
        quote = body.find(b'"', place)
        if quote < 0:
            return len(body)
        end = quote
        while end > place and body[end - 1] == _BACKSLASH:
            end -= 1
        place = quote + 1
        if (quote - end) % 2 == 0:
            return place


def _shape(brackets: bytes) -> tuple[int, ...]:
    """The shape of nested lists of which only the brackets and commas are left. Raises ValueError where it has none."""
    rank = len(brackets) - len(brackets.lstrip(b"["))
    if rank > _MAX_RANK or brackets.translate(None, b"[],"):
        raise ValueError("not a block")
    sizes: list[int] = []
    expected = b""
    place = 0
    for level in range(rank - 1, -1, -1):
        # The first list of this level ends where as many brackets close at once as are open within it.
        place = brackets.find(b"]" * (rank - level), place)
        size, rest = divmod(place + (rank - level) - level - 1, len(expected) + 1)
        if place < 0 or rest or size < 1:
            raise ValueError("ragged")
        expected = b"[" + (expected + b",") * (size - 1) + expected + b"]"
        sizes.insert(0, size)
    if expected != brackets:
        raise ValueError("ragged")
    return tuple(sizes)
