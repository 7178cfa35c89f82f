"""Request reader: the bytes that have come on a connection -> whole requests, one after the other.

gunicorn's parser judges heads and chunks. What is done here is to know when there is enough for it to judge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.errors import InvalidHeader, LimitRequestHeaders, NoMoreData, ParseException
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader

from firstserve.errors import FirstserveError, InvalidArgument, TooLarge, Unimplemented
from firstserve.web.chunk_scanner import ChunkScanner

if TYPE_CHECKING:
    from collections.abc import Callable

    from gunicorn.config import Config

    Limit = Callable[[str], tuple[int, str]]

_HEAD_LIMIT_BYTES = 128 * 1024
"""More than gunicorn's own limits of a request line and of one header, which have errors of their own."""
_FIRST_LOOK_BYTES = 8 * 1024
"""A request line that is longer is refused before its end."""
_NEWLINE = b"\r\n"
_END = 2 * _NEWLINE


class WholeRequest(NamedTuple):
    """A request that needs nothing more from its connection."""

    message: Request
    """Method, target and headers, as gunicorn reads them."""
    body: bytes
    refusal: FirstserveError | None = None
    """Why it is not to be answered otherwise; where its end is not known, the connection ends with it."""
    awaits_continue: bool = False
    """Whether the client has not been told to go on with its body, though it asked to be."""


class RequestReader:
    """`limit` gives the limit of a body in bytes, and the flag that sets it, by a request's path."""

    def __init__(self, config: Config, address: tuple[str, int], limit: Limit) -> None:
        self.received = bytearray()
        """What has come and belongs to no request that was taken."""
        self.message: Request | None = None
        """The head of the request whose body is awaited."""
        self.was_continued = False
        """Whether that request was told to go on with its body."""
        self._config = config
        self._address = address
        self._limit = limit
        self._head_bytes = 0
        self._searched_bytes = 0
        self._has_line = False
        self._next_look_bytes = _FIRST_LOOK_BYTES
        self._chunks: ChunkScanner | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a next request has come; an empty line is none (RFC 9112, 2.2)."""
        return self.message is None and (not self.received or self.received == _NEWLINE)

    @property
    def held_bytes(self) -> int:
        """The memory that what has come takes."""
        return len(self.received) + (0 if self._chunks is None else len(self._chunks.body))

    @property
    def awaits_continue(self) -> bool:
        """Whether the client waits to be told to go on."""
        return self.message is not None and self.message._expected_100_continue and not self.was_continued  # noqa: SLF001

    def take(self) -> WholeRequest | None:
        """The next request, if all of it is there. Raises gunicorn's ParseException for a head that is none."""
        message = self.message or self._read_head()
        if message is None:
            return None
        limit_bytes, flag = self._limit(message.path)
        too_large = TooLarge(f"the body is longer than the limit of {limit_bytes} bytes ({flag})")
        try:
            if isinstance(message.body.reader, ChunkedReader):
                return self._take_chunked(message, limit_bytes, too_large)
            length = message.body.reader.length if isinstance(message.body.reader, LengthReader) else 0
            if length > limit_bytes:
                return self._refuse(message, too_large)
            if len(self.received) < self._head_bytes + length:
                return None
            return self._take(message, bytes(memoryview(self.received)[self._head_bytes :][:length]), length)
        except ParseException as error:
            return self._refuse(message, damaged_body(error))

    def refuse(self, error: FirstserveError) -> WholeRequest | None:
        """The request whose body is awaited, given up; None where not even its head is there."""
        return None if self.message is None else self._refuse(self.message, error)

    def _read_head(self) -> Request | None:
        received = self.received
        searched, self._searched_bytes = self._searched_bytes, len(received)
        if received.find(_END, max(searched - len(_END) + 1, 0)) < 0:
            has_line = not self._has_line and received.find(b"\n", searched) >= 0
            self._has_line |= has_line
            # Looked at early to refuse early: a line that is no request's may be all that comes.
            if not has_line and len(received) < min(self._next_look_bytes, _HEAD_LIMIT_BYTES):
                return None
        self._next_look_bytes = 2 * len(received)
        unreader = IterUnreader([bytes(received)])
        try:
            message = Request(self._config, unreader, self._address)
            head_bytes = len(received) - len(unreader.take_buffered())
        except (NoMoreData, StopIteration):
            head_bytes, message = len(received), None
        if head_bytes > _HEAD_LIMIT_BYTES:
            raise LimitRequestHeaders(f"the head is longer than {_HEAD_LIMIT_BYTES} bytes")
        if message is None:
            return None
        _check_head(message)
        if any(name == "CONNECTION" and "close" in _members(value) for name, value in message.headers):
            # gunicorn looks for it as the only member.
            message.force_close()
        self._head_bytes = head_bytes
        self.message = message
        return message

    def _take_chunked(self, message: Request, limit_bytes: int, too_large: TooLarge) -> WholeRequest | None:
        if _codings(message) != ["chunked"]:
            return self._refuse(
                message, Unimplemented("of transfer codings, only chunked is known: send the body without another one")
            )
        if self._chunks is None:
            self._chunks = ChunkScanner(message)
        is_whole = self._chunks.scan(self.received, self._head_bytes)
        if self._chunks.body_bytes > limit_bytes:
            return self._refuse(message, too_large)
        return self._take(message, bytes(self._chunks.body), 0) if is_whole else None

    def _take(self, message: Request, body: bytes, size_bytes: int) -> WholeRequest:
        del self.received[: self._head_bytes + size_bytes]
        request = WholeRequest(message, body, awaits_continue=self.awaits_continue)
        self._begin_anew()
        return request

    def _refuse(self, message: Request, error: FirstserveError) -> WholeRequest:
        message.force_close()
        self.received.clear()
        self._begin_anew()
        return WholeRequest(message, b"", error)

    def _begin_anew(self) -> None:
        self.message = self._chunks = None
        self.was_continued = False
        self._head_bytes = self._searched_bytes = 0
        self._has_line = False
        self._next_look_bytes = _FIRST_LOOK_BYTES


def damaged_body(reason: object) -> InvalidArgument:
    """The error of a body that cannot be read, or whose end never came."""
    return InvalidArgument(f"the body cannot be read: {reason}; it may be cut off or damaged, send it again whole")


def _check_head(message: Request) -> None:
    """Raises InvalidHeader where a host is missing, as RFC 9112 (3.2) asks for."""
    if message.version >= (1, 1) and all(name != "HOST" for name, _ in message.headers):
        raise InvalidHeader("a Host header is missing", req=message)


def _codings(message: Request) -> list[str]:
    values = [value for name, value in message.headers if name == "TRANSFER-ENCODING"]
    return [coding for value in values for coding in _members(value) if coding != "identity"]


def _members(value: str) -> list[str]:
    return [member.strip().lower() for member in value.split(",")]
