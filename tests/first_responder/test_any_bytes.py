"""Whatever is sent, however it is split, whenever the full server takes over: its verdict, once, in order.

A first responder with a real model gets the bytes of a connection; what it hands on, the full server answers. Both
together must say what the full server says to the same bytes alone.
"""

from __future__ import annotations

import os
import re
import socket
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.first_responder.responding import (
    CONTINUE,
    read_all,
    request,
    responding,
    rest_of,
    until,
    without_moments,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.first_responder.conftest import Reference

EXAMPLES = int(os.environ.get("FIRST_RESPONDER_EXAMPLES", "120"))
FORM = b'--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n%b\r\n--x--\r\n'
HOSTS = [b"localhost", b"LOCALHOST:8501", b"[::1]:80", b"a b", b"..", b"a" * 64, b"a.", b""]


def picture(colour: str, image_format: str) -> bytes:
    file = BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, image_format)
    return file.getvalue()


PICTURES = [picture("red", "PNG"), picture("blue", "BMP"), picture("green", "JPEG")]
USUAL = [b"Accept: */*", b"Expect: 100-continue", b"content-type: image/png", b"Connection: keep-alive", b"A:", b"A: b"]
ODD = [
    *(b"Connection: close", b"Connection: upgrade", b"Connection: x", b"Upgrade: h2c", b"Expect: tea", b"TE: trailers"),
    *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", b"Transfer-Encoding : chunked", b"A_b: c"),
    *(b"Content-Length: 3", b"Content-Length: 0003", b"Content-Length: +3", b"Content-Length: x", b"Host: b"),
    *(b"A: b\r\n folded", b"A: \xff", b"A: \x00", b"no colon", b": b", b"A: b\nC: d", b"A: b\rC: d", b" A: b"),
    *(b"X-Forwarded-Proto: https", b"X-Forwarded-Ssl: on", b"X-Forwarded-Proto: http", b"Content-Encoding: gzip"),
    *(b"Content-Type: multipart/form-data; boundary=x", b"Content-Type: a", b"A: " + b"a" * 9000),
]
LINES = [
    *(b"POST /predict?top_k=1 HTTP/1.1", b"POST /predict HTTP/1.0", b"GET /predict HTTP/1.1", b"PUT /predict HTTP/1.1"),
    *(b"POST /predict/ HTTP/1.1", b"POST /nowhere HTTP/1.1", b"post /predict HTTP/1.1", b"POST  /predict HTTP/1.1"),
    *(b"POST /predict HTTP/1.1 ", b"\r\nPOST /predict HTTP/1.1", b"POST /predict", b"POST http://a/predict HTTP/1.1"),
]
OTHERS = [
    b"GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /v1/models/mobilenet HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    b"POST /predict HTTP/1.1\r\n\r\n",
    b"POST /predict HTTP/1.1\nHost: a\n\n",
    b"\r\n",
    *(request(FORM % image, b"Content-Type: multipart/form-data; boundary=x") for image in PICTURES[:1]),
    *(request(body) for body in (b"", b"no picture", PICTURES[0][:40])),
]

own = st.builds(request, st.sampled_from(PICTURES), *[st.sampled_from(USUAL)] * 2).filter(
    lambda sent: sent.count(b"Connection: ") + sent.count(b"Expect: ") + sent.count(b"content-type: ") < 2
)
nearly_own = st.builds(
    lambda body, headers, host, line: request(body, *headers, line=line).replace(b"localhost", host),
    st.sampled_from(PICTURES),
    st.lists(st.sampled_from(USUAL + ODD), max_size=3),
    st.sampled_from(HOSTS),
    st.one_of(st.just(b"POST /predict HTTP/1.1"), st.sampled_from(LINES)),
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A request that has been cut, spliced or overwritten in a few places, mostly of its head."""
    sent = bytearray(draw(own))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, min(len(sent), draw(st.sampled_from([120, 120, 10_000])))))
        sent[place : place + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(sent)


class Case(NamedTuple):
    """The bytes of one connection."""

    own: list[bytes]
    """Requests that come first and are surely the first responder's."""
    rest: bytes
    splits: list[float]
    """Where the bytes are split into segments, as parts of their number."""
    sent_before: float
    """How much is sent before the full server takes over, as a part of the segments."""

    def segments(self) -> list[bytes]:
        sent = b"".join(self.own) + self.rest
        places = sorted({int(part * len(sent)) for part in self.splits} | {0, len(sent)})
        return [sent[begin:end] for begin, end in pairwise(places)]


cases = st.builds(
    Case,
    st.lists(own, max_size=2),
    st.lists(st.one_of(own, nearly_own, nearly_own, damaged(), st.sampled_from(OTHERS)), max_size=3).map(b"".join),
    st.lists(st.floats(0, 1), max_size=6),
    st.sampled_from([0.0, 0.5, 1.0, 1.0, 1.0]),
)


def test_the_verdict_is_the_full_servers(tflite_model: Path, reference: Reference) -> None:
    answered = handed_on = 0

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    @example(case=Case([], request(PICTURES[0], b"Expect: 100-continue")[:-1], [], 1.0))
    @example(case=Case([], request(b"no picture", b"Expect: 100-continue") + request(PICTURES[0]), [], 1.0))
    @example(case=Case([], request(PICTURES[0], b"Connection: close") + request(PICTURES[1]), [], 1.0))
    def compare(case: Case) -> None:
        nonlocal answered, handed_on
        segments = case.segments()
        before = round(case.sent_before * len(segments))
        with responding(tflite_model) as first, first.connect() as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for segment in segments[:before]:
                client.sendall(segment)
            if before == len(segments):
                # Its own are its own, and all of them are answered before anything is taken over.
                until(lambda: len(first.responder.answered) >= len(case.own))
            arrivals = first.stop()
            for segment in segments[before:]:
                client.sendall(segment)
            client.shutdown(socket.SHUT_WR)
            arrivals += first.waiting()
            rests = []
            for arrival in arrivals:
                expected = reference(rest_of(arrival))
                rests.append(expected.removeprefix(CONTINUE) if arrival.was_continued else expected)
                arrival.connection.close()
            assert len(rests) <= 1
            said = read_all(client)
            answered += len(first.responder.answered)
            handed_on += any(rests)
        whole = without_moments(said) + b"".join(rests)
        assert whole == reference(b"".join(segments)), re.sub(rb"[^\x20-\x7e]+", b".", b"".join(segments))

    compare()
    assert answered > EXAMPLES / 4
    assert handed_on > EXAMPLES / 4
