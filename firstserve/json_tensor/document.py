"""Document: a request's body -> its JSON object, as RapidJSON reads it, or an error with RapidJSON's text and offset.

`NaN`, `Inf`, `Infinity` and their negatives are numbers, what follows the first value is ignored, and so is a key that
is repeated. Bytes that are not UTF-8 pass through strings as surrogate escapes. Large lists of numbers are read apart,
see `number_block`. Nested deeper than a thousand levels, a body is refused; TensorFlow Serving has no such limit.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rapidjson import NM_NAN, NM_NATIVE, Decoder, JSONDecodeError

from firstserve.errors import InvalidArgument
from firstserve.json_tensor.count import MOST_RAW_BYTES, check_count, check_values
from firstserve.json_tensor.value_text import value_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firstserve.json_tensor.number_block import NumberBlock

_BLOCK_MIN_BYTES = 16 * 1024
"""A shorter body has no block, and needs no NumPy."""
_FAULT = re.compile(r"Parse error at offset (\d+): (.*)", re.DOTALL)
_TRAILING = "The document root must not be followed by other values."
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# RapidJSON takes nothing but UTF-8 from Python. A byte that is none stands in the text as a character of the last
# private plane, where no real text has any.
_FIRST_ESCAPE, _FIRST_STAND_IN = 0xDC80, 0x10FF00
_STAND_INS = {_FIRST_ESCAPE + byte: _FIRST_STAND_IN + byte for byte in range(128)}
_ESCAPES = {stand_in: escape for escape, stand_in in _STAND_INS.items()}


class Document:
    """A body that is a JSON object."""

    def __init__(self, body: bytes) -> None:
        """Raises InvalidArgument where the body is none, TooLarge where it holds more than is read."""
        if not body:
            raise InvalidArgument("JSON Parse error: The document is empty")
        self._body = body
        value = _read_with_blocks(body) if len(body) >= _BLOCK_MIN_BYTES else None
        self.has_blocks = isinstance(value, dict)
        """Whether lists of numbers may be NumberBlocks; their numbers are exact."""
        if not self.has_blocks:
            check_values(body)
            value = _read(body, _NATIVE)
        if not isinstance(value, dict):
            raise InvalidArgument(f"JSON Value: {value_text(value)} Is not object")
        self.members: dict[str, Any] = value

    def plain(self, *, exact: bool = False) -> dict[str, Any]:
        """The members without blocks.

        RapidJSON's numbers are not `exact`: their last digit may be off, as it is in TensorFlow Serving.
        """
        if exact or self.has_blocks:
            check_values(self._body)
            # First, for both would not have room.
            self.members = {}
            self.members = _read(self._body, _EXACT if exact else _NATIVE)
            self.has_blocks = False
        return self.members

    def signature_name(self) -> str:
        """The signature that is asked for, or nothing. Raises InvalidArgument."""
        name = self.members.get("signature_name", "")
        if not isinstance(name, str):
            raise InvalidArgument(
                f"JSON Value: {value_text(self.plain())} not formatted correctly. "
                "'signature_name' key must be a string value."
            )
        return name


class _Decoder(Decoder):
    """Keeps the first of repeated keys."""

    def start_object(self) -> list[tuple[str, Any]]:
        return []

    def end_object(self, members: list[tuple[str, Any]]) -> dict[str, Any]:
        by_key = dict(members)
        if len(by_key) < len(members):
            by_key.update(reversed(members))
        return by_key


class _StandInDecoder(_Decoder):
    """Gives strings their own bytes back."""

    def string(self, text: str) -> str:
        return text.translate(_ESCAPES)

    def end_object(self, members: list[tuple[str, Any]]) -> dict[str, Any]:
        return super().end_object([(key.translate(_ESCAPES), value) for key, value in members])


class _BlockDecoder(_Decoder):
    """Puts blocks in the place of their names."""

    blocks: Mapping[str, NumberBlock]

    def string(self, text: str) -> str | NumberBlock:
        return self.blocks.get(text, text)


_NATIVE = _Decoder(number_mode=NM_NATIVE | NM_NAN)
_EXACT = _Decoder(number_mode=NM_NAN)


def _read_with_blocks(body: bytes) -> Any:
    """The value with its blocks; None where there are none, or where anything is wrong."""
    from firstserve.json_tensor.number_block import take_blocks

    decoder = _BlockDecoder(number_mode=NM_NAN)
    try:
        rest, decoder.blocks = take_blocks(body)
        if not decoder.blocks:
            return None
        check_values(rest)
        return _read(rest, decoder)
    except (ValueError, InvalidArgument):
        return None


def _read(body: bytes, decoder: Decoder) -> Any:
    text = body.removeprefix(_BYTE_ORDER_MARK)
    try:
        return _first_value(text, decoder)
    except (JSONDecodeError, RecursionError) as error:
        offset, reason = _fault(error)
        raise _parse_error(reason, offset + len(body) - len(text)) from None
    except UnicodeDecodeError:
        return _read_any_bytes(body, decoder.number_mode)


def _read_any_bytes(body: bytes, number_mode: int) -> Any:
    """As `_read`, for bodies that are not UTF-8."""
    check_count("bytes and is not UTF-8", len(body), MOST_RAW_BYTES)
    text = body.decode("utf-8", "surrogateescape").translate(_STAND_INS).encode()
    try:
        return _first_value(text, _StandInDecoder(number_mode=number_mode))
    except (JSONDecodeError, RecursionError) as error:
        offset, reason = _fault(error)
        before = text[:offset].decode().translate(_ESCAPES).encode("utf-8", "surrogateescape")
        raise _parse_error(reason, len(before)) from None


def _first_value(text: bytes, decoder: Decoder) -> Any:
    try:
        return decoder(text)
    except JSONDecodeError as error:
        offset, reason = _fault(error)
        if reason != _TRAILING:
            raise
        return decoder(text[:offset])


def _fault(error: Exception) -> tuple[int, str]:
    match = _FAULT.fullmatch(str(error))
    return (int(match[1]), match[2]) if match else (0, str(error))


def _parse_error(reason: str, offset: int) -> InvalidArgument:
    return InvalidArgument(f"JSON Parse error: {reason} at offset: {offset}")
