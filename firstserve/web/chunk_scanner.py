"""Chunk scanner: a body in chunks, as it comes -> its bytes. Layout: RFC 9112, 7.1; it refuses what gunicorn refuses.

gunicorn's own reader takes a whole body, and time that grows with the square of its length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gunicorn.http.body import CHUNK_EXT_RE
from gunicorn.http.errors import (
    ChunkMissingTerminator,
    InvalidChunkExtension,
    InvalidChunkSize,
    LimitRequestHeaders,
    ParseException,
)

if TYPE_CHECKING:
    from gunicorn.http.message import Request

_SIZE_LINE_LIMIT_BYTES = 8190
"""gunicorn's limit of a chunk's size with its extensions."""
_TRAILERS_LIMIT_BYTES = 64 * 1024
_FRAMING_LIMIT_BYTES = 1024 * 1024
"""Of sizes and newlines, beyond as much as the chunks hold: bodies in crumbs cost time for nothing."""
_HEX = b"0123456789abcdefABCDEF"
_DIGITS_LIMIT = 16
_NEWLINE = b"\r\n"


class _CrumbsError(ParseException):  # type: ignore[misc]  # gunicorn has no types
    def __str__(self) -> str:
        return "its chunks are too small: send larger ones, or its length"


class ChunkScanner:
    """Reads the body of `message`, each byte once."""

    def __init__(self, message: Request) -> None:
        self.body = bytearray()
        self.body_bytes = 0
        """Of the chunks so far, what is still to come of the last one included."""
        self._message = message
        self._missing_bytes = 0
        """Of the chunk that is being read."""
        self._framing_bytes = 0
        self._awaits_newline = False
        self._is_behind_last = False

    def scan(self, received: bytearray, start: int) -> bool:
        """Takes out of `received`, from `start` on, what belongs to the body; whether it is whole.

        Raises gunicorn's ParseException for what is no chunk.
        """
        position = start
        while not self._is_behind_last:
            part = received[position : position + self._missing_bytes]
            self.body += part
            self._missing_bytes -= len(part)
            position += len(part)
            if self._missing_bytes:
                break
            if self._awaits_newline:
                end = received[position : position + len(_NEWLINE)]
                if not _NEWLINE.startswith(end):
                    raise ChunkMissingTerminator(bytes(end))
                if len(end) < len(_NEWLINE):
                    break
                position += len(end)
                self._awaits_newline = False
            end_of_line = received.find(_NEWLINE, position, position + _SIZE_LINE_LIMIT_BYTES)
            if end_of_line < 0:
                if len(received) - position >= _SIZE_LINE_LIMIT_BYTES:
                    raise InvalidChunkSize(b"a line without an end")
                break
            self._begin(bytes(received[position:end_of_line]))
            position = end_of_line + len(_NEWLINE)
        if self._is_behind_last and (end_of_trailers := self._skip_trailers(received, position)):
            del received[start:end_of_trailers]
            return True
        del received[start:position]
        return False

    def _begin(self, line: bytes) -> None:
        digits, semicolon, extensions = line.partition(b";")
        if semicolon:
            digits = digits.rstrip(b" \t")
        if not digits or digits.translate(None, _HEX) or len(digits) > _DIGITS_LIMIT:
            raise InvalidChunkSize(digits[: 2 * _DIGITS_LIMIT])
        if semicolon and not CHUNK_EXT_RE.fullmatch(b";" + extensions):
            raise InvalidChunkExtension("invalid chunk extension")
        size = int(digits, 16)
        self._framing_bytes += len(line) + 2 * len(_NEWLINE)
        if self._framing_bytes > self.body_bytes + _FRAMING_LIMIT_BYTES:
            raise _CrumbsError
        self.body_bytes += size
        self._missing_bytes = size
        self._awaits_newline = bool(size)
        self._is_behind_last = not size

    def _skip_trailers(self, received: bytearray, position: int) -> int:
        """The place behind the trailers; 0 where they are not whole."""
        if received.startswith(_NEWLINE, position):
            return position + len(_NEWLINE)
        end = received.find(2 * _NEWLINE, position)
        if end >= 0:
            self._message.trailers = self._message.parse_headers(bytes(received[position:end]), from_trailer=True)
            return end + 2 * len(_NEWLINE)
        if len(received) - position > _TRAILERS_LIMIT_BYTES:
            raise LimitRequestHeaders("limit request trailer section size")
        return 0
