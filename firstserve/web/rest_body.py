"""REST body: a request's bytes, inflated where they are compressed."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from firstserve.web.request_body import read_whole_body

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

INFLATED_LIMIT_BYTES = 100 * 1024 * 1024
"""Of a compressed body; one that is not compressed has no limit."""

_GZIP_FORMAT = 16 + zlib.MAX_WBITS


def read_body(environ: WSGIEnvironment) -> bytes:
    """The whole body; nothing where it is compressed by gzip and damaged, or inflates to more than the limit."""
    body = read_whole_body(environ)
    return _inflate(body) if "gzip" in environ.get("HTTP_CONTENT_ENCODING", "").lower() else body


def _inflate(data: bytes) -> bytes:
    inflated = bytearray()
    while data:
        member = zlib.decompressobj(_GZIP_FORMAT)
        try:
            inflated += member.decompress(data, INFLATED_LIMIT_BYTES - len(inflated) + 1)
        except zlib.error:
            return b""
        if not member.eof or len(inflated) > INFLATED_LIMIT_BYTES:
            return b""
        data = member.unused_data
    return bytes(inflated)
