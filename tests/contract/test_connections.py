"""What a connection is good for after an answer, and requests that say too little or too much of themselves."""

from __future__ import annotations

import http.client
import json
import socket
from typing import TYPE_CHECKING

import pytest

from tests.contract.test_slow_clients import read_to_end
from tests.server_process import ANSWER_LIMIT_S, serving

if TYPE_CHECKING:
    from tests.contract.conftest import Target
    from tests.server_process import ServerProcess

MEBI = 1024 * 1024
REST = "/v1/models/mobilenet:predict"


def exchange(server: ServerProcess, sent: bytes, *, ends: bool = False) -> bytes:
    """Sends bytes on a connection of its own, ends its half if asked to, and reads until the server closes it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=ANSWER_LIMIT_S) as connection:
        connection.sendall(sent)
        if ends:
            connection.shutdown(socket.SHUT_WR)
        return read_to_end(connection)


def error_of(answer: bytes) -> str:
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["error"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/nowhere", 404),
        ("PUT", "/predict", 405),
        ("POST", "/predict?top_k=many", 400),
        ("DELETE", REST, 400),
        ("POST", "/v2/health/live", 405),
    ],
)
def test_a_refusal_that_keeps_the_connection_keeps_it(
    server: ServerProcess, method: str, path: str, status: int
) -> None:
    connection = server.connect()
    for _ in range(3):
        connection.request(method, path, bytes(MEBI))
        response = connection.getresponse()
        response.read()
        assert response.status == status
        assert response.headers.get("Connection", "keep-alive").lower() == "keep-alive"
    connection.close()


def test_a_refusal_under_overload_keeps_the_connection(target: Target, cat: bytes) -> None:
    image = cat + bytes(MEBI)
    with serving(*target.argv(), "--max_requests_at_once=1") as server:
        server.wait_until_open()
        server.predict(cat)
        connections = [server.connect() for _ in range(4)]
        statuses: set[int] = set()
        while 429 not in statuses:
            for connection in connections:
                connection.request("POST", "/predict", image)
            answers = [connection.getresponse() for connection in connections]
            statuses |= {answer.status for answer in answers}
            for answer in answers:
                assert answer.headers.get("Connection", "keep-alive").lower() == "keep-alive"
                answer.read()
        assert statuses == {200, 429}
        for connection in connections:
            connection.close()


@pytest.mark.parametrize("path", ["/predict", REST])
def test_a_body_over_the_limit_ends_the_connection_and_says_so(server: ServerProcess, path: str) -> None:
    connection = server.connect()
    connection.request("POST", path, bytes(101 * MEBI))
    response = connection.getresponse()
    text = json.loads(response.read())["error"]
    assert response.status == 413
    assert response.headers["Connection"].lower() == "close"
    assert ("--max_body_bytes" if path == "/predict" else "--max_rest_body_bytes") in text
    connection.close()


def test_a_rest_body_in_chunks_has_the_same_limit(server: ServerProcess) -> None:
    connection = server.connect()
    connection.request("POST", REST, iter([bytes(MEBI)] * 102), encode_chunked=True)
    response = connection.getresponse()
    assert response.status == 413
    connection.close()


def test_a_body_over_the_limit_that_waits_for_100_continue_is_not_sent(server: ServerProcess) -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n"
    answer = exchange(server, head)
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("framing", "body"),
    [(b"Content-Length: 5000", b"\xff\xd8"), (b"Transfer-Encoding: chunked", b"5\r\nabc")],
    ids=["length", "chunked"],
)
@pytest.mark.parametrize("path", [b"/predict", REST.encode()])
def test_a_body_that_is_cut_off_is_not_taken_for_whole(
    server: ServerProcess, path: bytes, framing: bytes, body: bytes
) -> None:
    answer = exchange(server, b"POST " + path + b" HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n" + body, ends=True)
    # One who has ended may be gone: silence is an answer too, but never one to half a request.
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert answer == b"" or "cut off" in error_of(answer)


@pytest.mark.parametrize(
    "hosts", [b"", b"Host: a\r\nHost: b\r\n", b"Host: a\r\nHost: a\r\n"], ids=["none", "two", "same"]
)
@pytest.mark.parametrize("line", [b"GET /v2/health/live HTTP/1.1\r\n", b"GET /v1/models/mobilenet HTTP/1.1\r\n"])
def test_a_request_names_one_host(server: ServerProcess, line: bytes, hosts: bytes) -> None:
    answer = exchange(server, line + hosts + b"Connection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_http_1_0_needs_no_host(server: ServerProcess) -> None:
    assert exchange(server, b"GET /v2/health/live HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200 ")


@pytest.mark.parametrize("codings", [b"gzip, chunked", b"deflate, chunked"])
def test_a_transfer_coding_that_is_not_known_is_named(server: ServerProcess, codings: bytes) -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: " + codings + b"\r\n\r\n0\r\n\r\n"
    answer = exchange(server, head, ends=True)
    assert answer.startswith(b"HTTP/1.1 501 ")
    assert "only chunked" in error_of(answer)


def test_a_kept_connection_is_told_when_it_ends(server: ServerProcess) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=ANSWER_LIMIT_S)
    connection.request("GET", "/v2/health/live", headers={"Connection": "close"})
    response = connection.getresponse()
    assert response.headers["Connection"].lower() == "close"
    response.read()
    connection.close()
