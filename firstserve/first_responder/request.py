"""Requests as the first responder knows them: the bytes that have come -> a picture's request, or not its own.

Its own is only what needs no second look: `POST /predict` by HTTP/1.1 with a picture of known length as its body. All
else, well-formed or not, is for the full server to judge.
"""

from __future__ import annotations

from typing import NamedTuple

_LINE = b"POST /predict HTTP/1.1\r\n"
_HEAD_LIMIT_BYTES = 8192
_HEADERS_LIMIT = 64
_DIGITS_LIMIT = 9
_LABEL_LIMIT = 63
"""Flask refuses a host that has a longer part between two dots, or an empty one."""
_NAME = b"-0123456789abcdefghijklmnopqrstuvwxyz"
_VALUE = bytes(range(0x20, 0x7F))
_ONCE = frozenset({"host", "content-length", "content-type", "connection", "expect", "x-forwarded-proto"})
"""Headers that change what is answered, or whether it is: two of them are one too many."""
_FOREIGN = frozenset(
    {
        *("transfer-encoding", "trailer", "te", "content-encoding"),
        *("upgrade", "http2-settings"),
        # gunicorn refuses requests whose headers disagree about the scheme.
        *("x-forwarded-protocol", "x-forwarded-ssl"),
    }
)


class ForeignRequestError(Exception):
    """The request is not plainly the first responder's."""


class Head(NamedTuple):
    """What the first lines of a request say."""

    size_bytes: int
    body_bytes: int
    keeps_alive: bool
    awaits_continue: bool
    trace: tuple[str | None, str | None]
    """traceparent and X-Cloud-Trace-Context."""


def read_head(received: bytearray, limit_bytes: int) -> Head | None:
    """The head of the request that begins here; None as long as it is not complete.

    `limit_bytes` is that of a body. Raises ForeignRequestError for what is not the first responder's.
    """
    if received[: len(_LINE)] != _LINE[: len(received)]:
        raise ForeignRequestError
    end = received.find(b"\r\n\r\n", 0, _HEAD_LIMIT_BYTES)
    if end < 0:
        if len(received) >= _HEAD_LIMIT_BYTES:
            raise ForeignRequestError
        return None
    headers = _read_headers(bytes(received[len(_LINE) : end]))
    length = headers.get("content-length", "")
    connection = headers.get("connection", "keep-alive").lower()
    expect = headers.get("expect")
    if (
        not all(0 < len(label) <= _LABEL_LIMIT for label in headers.get("host", "").split("."))
        or not (length.isdigit() and len(length) <= _DIGITS_LIMIT and 0 < int(length) <= limit_bytes)
        or connection not in {"keep-alive", "close"}
        or (expect is not None and expect.lower() != "100-continue")
        or headers.get("content-type", "").lower().startswith("multipart/")
    ):
        raise ForeignRequestError
    return Head(
        size_bytes=end + 4,
        body_bytes=int(length),
        keeps_alive=connection == "keep-alive",
        awaits_continue=expect is not None,
        trace=(headers.get("traceparent"), headers.get("x-cloud-trace-context")),
    )


def _read_headers(lines: bytes) -> dict[str, str]:
    """By lower-case name. Raises ForeignRequestError for anything unusual."""
    headers: dict[str, str] = {}
    for number, line in enumerate(lines.split(b"\r\n")):
        raw_name, colon, raw_value = line.partition(b":")
        name, value = raw_name.lower(), raw_value.strip(b" \t")
        # What is left when all usual letters are deleted is unusual.
        if not colon or not name or name.translate(None, _NAME) or value.translate(None, _VALUE):
            raise ForeignRequestError
        key = name.decode("ascii")
        if key in _FOREIGN or (key in headers and key in _ONCE) or number >= _HEADERS_LIMIT:
            raise ForeignRequestError
        headers[key] = value.decode("ascii")
    return headers
