"""REST body: a request's bytes, inflated where they are compressed; large ones one after the other.

What reading a large body takes is many times the body, and is given back once its tensors are made.
"""

from __future__ import annotations

import threading
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from firstserve.errors import DeadlineExceeded, TooLarge
from firstserve.runtimes.checks import time_left_s
from firstserve.web.request_body import read_whole_body

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import WSGIEnvironment

_GZIP_FORMAT = 16 + zlib.MAX_WBITS
_MOST_INFLATED = 1032
"""What a byte can inflate to, in the format."""
_MOST_MEMBERS = 4096
_CHUNK_BYTES = 64 * 1024
_LARGE_BYTES = 1024 * 1024
_turn = threading.Lock()
"""Of large bodies, which Python's own lock would let none read beside another anyway."""


class RestBody(NamedTuple):
    """What has come, and what it may inflate to."""

    data: bytes
    is_compressed: bool
    limit_bytes: int

    @contextmanager
    def opened(self, deadline_s: float | None) -> Iterator[bytes]:
        """The body as it was before it was compressed: nothing where that is damaged.

        Whatever is made of it belongs into the block. Raises TooLarge beyond the limit, and DeadlineExceeded where
        others take too long.
        """
        if len(self.data) * (_MOST_INFLATED if self.is_compressed else 1) < _LARGE_BYTES:
            yield self._read()
            return
        left_s = time_left_s(deadline_s)
        if not _turn.acquire(timeout=-1 if left_s is None else left_s):
            raise DeadlineExceeded("the request's time limit has passed while other large bodies were read")
        try:
            yield self._read()
        finally:
            _turn.release()

    def _read(self) -> bytes:
        return _inflate(self.data, self.limit_bytes) if self.is_compressed else self.data


def read_body(environ: WSGIEnvironment, limit_bytes: int) -> RestBody:
    """The whole body. Raises the error for which it was refused while it came."""
    is_compressed = "gzip" in environ.get("HTTP_CONTENT_ENCODING", "").lower()
    return RestBody(read_whole_body(environ), is_compressed, limit_bytes)


def _inflate(data: bytes, limit_bytes: int) -> bytes:
    pieces: list[bytes] = []
    view = memoryview(data)
    place = 0
    left = limit_bytes
    for _ in range(_MOST_MEMBERS):
        member = zlib.decompressobj(_GZIP_FORMAT)
        while not member.eof:
            chunk = view[place : place + _CHUNK_BYTES]
            if not chunk:
                return b""
            try:
                piece = member.decompress(chunk, left + 1)
            except zlib.error:
                return b""
            left -= len(piece)
            if left < 0:
                raise TooLarge(f"the body inflates to more than {limit_bytes} bytes (--max_rest_body_bytes)")
            pieces.append(piece)
            place += len(chunk) - len(member.unused_data)
        if place == len(data):
            return b"".join(pieces)
    return b""
