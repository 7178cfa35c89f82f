"""The first responder's answers are the full server's, byte for byte."""

from __future__ import annotations

import socket
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.first_responder.responding import (
    CONTINUE,
    Responding,
    exchange,
    read_answer,
    request,
    responding,
    until,
    without_moments,
)
from tests.image.files import kinds

if TYPE_CHECKING:
    from pathlib import Path

    from tests.first_responder.conftest import Reference

# Pillow warns of some pictures; a server only prints that.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.mark.parametrize("kind", kinds())
def test_to_every_picture(first: Responding, reference: Reference, kind: str) -> None:
    sent = request(kinds()[kind])
    assert without_moments(exchange(first.port, sent)) == reference(sent)
    assert len(first.responder.answered) == 1


@pytest.mark.parametrize(
    "headers",
    [
        (b"Connection: close",),
        (b"Connection: keep-alive",),
        (b"connection:KEEP-ALIVE",),
        (b"Content-Type: image/jpeg",),
        (b"Content-Type: application/x-www-form-urlencoded",),
        (b"Content-Type: text/plain; charset=nonsense",),
        (b"Expect: 100-continue",),
        (b"Expect: 100-Continue", b"Connection: close"),
        (b"Accept-Encoding: gzip, br", b"Accept: text/html", b"Origin: https://a", b"Range: bytes=0-1"),
        (b"If-None-Match: *", b"If-Modified-Since: Sat, 29 Oct 1994 19:43:31 GMT"),
        (b"X-HTTP-Method-Override: GET", b"X-Original-URL: /v2", b"Script-Name: /x"),
        (b"X-Forwarded-Proto: https", b"X-Forwarded-For: 1.2.3.4", b"X-Forwarded-Host: a", b"X-Real-Ip: b"),
        (b"Authorization: Basic nonsense", b"Cookie: ;;=", b"Content-Length-X: 1"),
    ],
)
def test_whatever_else_is_said(first: Responding, reference: Reference, cat: bytes, headers: tuple[bytes, ...]) -> None:
    sent = request(cat, *headers)
    assert without_moments(exchange(first.port, sent)) == reference(sent)
    assert len(first.responder.answered) == 1


@pytest.mark.parametrize(
    "host", [b"a b", b"[", b":", b"a:99999", b"a_b", b"user@host", b"//", b"[::1]:8501", b"x" * 63]
)
def test_to_any_host(first: Responding, reference: Reference, cat: bytes, host: bytes) -> None:
    sent = request(cat).replace(b"localhost", host)
    assert without_moments(exchange(first.port, sent)) == reference(sent)


def test_to_several_requests_in_one_segment(first: Responding, reference: Reference, cat: bytes) -> None:
    bmp = kinds()["bmp"]
    sent = request(cat) + request(bmp) + request(cat, b"Expect: 100-continue") + request(bmp, b"Connection: close")
    assert without_moments(exchange(first.port, sent)) == reference(sent)
    assert len(first.responder.answered) == 4


def test_behind_a_close_nothing_is_answered(first: Responding, reference: Reference, cat: bytes) -> None:
    sent = request(cat, b"Connection: close") + request(cat)
    assert without_moments(exchange(first.port, sent)) == reference(sent)
    assert len(first.responder.answered) == 1


def test_to_one_byte_at_a_time(first: Responding, reference: Reference) -> None:
    small = BytesIO()
    Image.new("RGB", (8, 8), "red").save(small, "PNG")
    sent = request(small.getvalue())
    with first.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in sent:
            connection.sendall(bytes([byte]))
        answer = read_answer(connection)
    assert without_moments(answer) == reference(sent)


def test_to_who_waits_for_100_continue(first: Responding, cat: bytes) -> None:
    sent = request(cat, b"Expect: 100-continue")
    with first.connect() as connection:
        connection.sendall(sent[: -len(cat)])
        assert connection.recv(1000) == CONTINUE
        connection.sendall(cat)
        assert b'"class": 285' in read_answer(connection)


def test_on_a_connection_that_stays_open(first: Responding, reference: Reference, cat: bytes) -> None:
    with first.connect() as connection:
        for _ in range(3):
            connection.sendall(request(cat))
            assert without_moments(read_answer(connection)) == reference(request(cat))
    assert len(first.responder.answered) == 3


def test_before_the_model_is_loaded_too(tflite_model: Path, reference: Reference, cat: bytes) -> None:
    sent = request(cat)
    with responding(tflite_model) as first:
        assert without_moments(exchange(first.port, sent)) == reference(sent)


def test_only_one_answer_tells_the_start(first: Responding, cat: bytes) -> None:
    answers = [exchange(first.port, request(cat)) for _ in range(3)]
    assert [b"startup;dur=" in answer for answer in answers] == [True, False, False]


def test_each_answer_is_told_with_its_own_time(first: Responding, cat: bytes) -> None:
    exchange(first.port, request(cat, b"traceparent: a", b"X-Cloud-Trace-Context: b"))
    # The answer is told once it is on its way.
    until(lambda: len(first.responder.answered) == 1)
    (answered,) = first.responder.answered
    assert (answered.model, answered.version, answered.runtime) == ("mobilenet", 1, "litert")
    assert answered.trace == ("a", "b")
    assert 0 < (answered.decode_ms + answered.inference_ms) * 1e3 < answered.latency_us
