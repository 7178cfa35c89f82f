"""HTTP/2 frames: streams that are opened and never said anything on, as bytes (RFC 9113, RFC 7541)."""

from __future__ import annotations

import struct

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEADERS, _SETTINGS = 1, 4
_END_STREAM, _END_HEADERS = 1, 4
_POST, _HTTP = b"\x83", b"\x86"
"""Of HPACK's static table."""
_AUTHORITY, _PATH = b"\x01", b"\x04"
INITIAL_WINDOW_SIZE = 4


def opening(initial_window_size: int | None = None) -> bytes:
    """What a client begins a connection with; the window is that of every answer, 65,535 bytes without one."""
    setting = b"" if initial_window_size is None else struct.pack(">HI", INITIAL_WINDOW_SIZE, initial_window_size)
    return _PREFACE + frame(_SETTINGS, 0, 0, setting)


def silent_call(stream: int, path: str) -> bytes:
    """A gRPC call of headers alone; its message never comes."""
    fields = _POST + _HTTP + _PATH + _text(path) + _AUTHORITY + _text("localhost")
    fields += b"\0" + _text("content-type") + _text("application/grpc") + b"\0" + _text("te") + _text("trailers")
    return frame(_HEADERS, _END_HEADERS, stream, fields)


def get(stream: int, path: str) -> bytes:
    """A request without a body."""
    fields = b"\x82" + _HTTP + _PATH + _text(path) + _AUTHORITY + _text("localhost")
    return frame(_HEADERS, _END_HEADERS | _END_STREAM, stream, fields)


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """One frame."""
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def _text(text: str) -> bytes:
    return bytes((len(text),)) + text.encode()
