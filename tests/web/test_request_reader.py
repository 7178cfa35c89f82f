"""Requests out of bytes: whole ones, however they come; and what is refused before it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import (
    InvalidHeader,
    InvalidRequestLine,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)
from hypothesis import given
from hypothesis import strategies as st

from firstserve.errors import InvalidArgument, QueueFull, TooLarge, Unimplemented
from firstserve.web.request_reader import RequestReader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from firstserve.web.request_reader import WholeRequest

LIMIT_BYTES = 1000
HEAD = b"POST /p HTTP/1.1\r\nHost: a\r\n"
LENGTH = HEAD + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKS = CHUNKED + b"2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n"
EMPTY = b"GET /g HTTP/1.1\r\nHost: a\r\n\r\n"
REQUESTS = {LENGTH: ("/p", b"hello"), CHUNKS: ("/p", b"hello"), EMPTY: ("/g", b"")}


def reader() -> RequestReader:
    return RequestReader(Config(), ("127.0.0.1", 1), lambda _: (LIMIT_BYTES, "--limit"))


def read_all(parts: Iterable[bytes]) -> tuple[list[WholeRequest], RequestReader]:
    one = reader()
    requests = []
    for part in parts:
        one.received += part
        while (request := one.take()) is not None:
            requests.append(request)
    return requests, one


@given(st.lists(st.sampled_from(list(REQUESTS)), max_size=4), st.data())
def test_requests_are_the_same_however_they_come(sent: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(sent)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=30)))
    requests, one = read_all(stream[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True))
    assert [(each.message.path, each.body) for each in requests] == [REQUESTS[each] for each in sent]
    assert all(each.refusal is None for each in requests)
    assert one.is_idle


@pytest.mark.parametrize("sent", REQUESTS)
def test_a_request_that_lacks_its_last_byte_is_not_whole(sent: bytes) -> None:
    requests, one = read_all([sent[:-1]])
    assert not requests
    assert not one.is_idle


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"\x16\x03\x01\r\n", InvalidRequestLine),
        (b"GET / HTTP/1.1\nHost: a\n", ParseException),
        (b"GET /" + b"a" * 9000, LimitRequestLine),
        (EMPTY.replace(b"Host: a\r\n", b""), InvalidHeader),
        (EMPTY.replace(b"Host: a", b"Host: a\r\nHost: a"), InvalidHeader),
        (HEAD + b"A: a\r\n" * 30_000, LimitRequestHeaders),
        (HEAD + (b"A: " + b"a" * 8000 + b"\r\n") * 17 + b"\r\n", LimitRequestHeaders),
        (HEAD + (b"A: " + b"a" * 8000 + b"\r\n") * 17, LimitRequestHeaders),
    ],
)
def test_what_is_no_head_is_refused_at_once(sent: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_all([sent])


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (HEAD + b"Content-Length: 1001\r\n\r\n", TooLarge),
        (CHUNKED + b"3e9\r\n", TooLarge),
        (CHUNKED + b"3e8\r\n" + bytes(1000) + b"\r\n1\r\n", TooLarge),
        (CHUNKED + b"3e8\r\n" + bytes(1000) + b"\r\nffffffffffffffff\r\n", TooLarge),
        (CHUNKED + b"no\r\n", InvalidArgument),
        (CHUNKED + b"1\r\nab\r\n", InvalidArgument),
        (CHUNKED + b"-1\r\n", InvalidArgument),
        (CHUNKED + b"1" * 9000, InvalidArgument),
        (CHUNKED + b"0\r\n" + b"A: a\r\n" * 20_000, InvalidArgument),
        (CHUNKED + b"1;\r\n", InvalidArgument),
        (CHUNKED + b"1 \r\n", InvalidArgument),
        (CHUNKED + b"0\r\nHost: a\r\n\r\n", InvalidArgument),
        (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n", Unimplemented),
    ],
)
def test_a_body_is_refused_as_soon_as_it_can_be(sent: bytes, error: type[Exception]) -> None:
    (request,), one = read_all([sent])
    assert isinstance(request.refusal, error)
    assert request.body == b""
    assert request.message.should_close()
    assert not one.received


def test_the_longest_body_is_taken() -> None:
    (request,), _ = read_all([HEAD + b"Content-Length: 1000\r\n\r\n" + bytes(1000)])
    assert (request.body, request.refusal) == (bytes(1000), None)


def test_a_body_that_is_given_up_leaves_its_request() -> None:
    _, one = read_all([LENGTH[:-1]])
    refused = one.refuse(QueueFull("full"))
    assert refused is not None
    assert (refused.message.path, str(refused.refusal)) == ("/p", "full")
    assert one.refuse(QueueFull("full")) is None


def test_a_client_that_waits_is_told_once_to_go_on() -> None:
    head = LENGTH[:-5].replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
    _, untold = read_all([head])
    assert untold.awaits_continue
    _, told = read_all([head])
    told.was_continued = True
    told.received += b"hello"
    request = told.take()
    assert request is not None
    assert not request.awaits_continue


def test_a_body_in_crumbs_is_refused() -> None:
    requests, _ = read_all([CHUNKED + (b"1;" + b"a" * 4000 + b"\r\nx\r\n") * 300])
    assert isinstance(requests[0].refusal, InvalidArgument)
    assert "its chunks are too small" in str(requests[0].refusal)


def test_the_memory_of_chunks_is_known() -> None:
    _, one = read_all([CHUNKED + b"3e8\r\n" + bytes(500)])
    assert 500 < one.held_bytes < 700


def test_an_empty_line_between_requests_is_none() -> None:
    requests, one = read_all([EMPTY, b"\r\n"])
    assert len(requests) == 1
    assert one.is_idle
    one.received += EMPTY
    assert one.take() is not None


@pytest.mark.parametrize("value", [b"close", b"a, Close", b"keep-alive, close"])
def test_close_among_others_is_seen(value: bytes) -> None:
    (request,), _ = read_all([EMPTY[:-2] + b"Connection: " + value + b"\r\n\r\n"])
    assert request.message.should_close()
