"""Clients that send slowly, say nothing or read nothing: what they cost, and that they stop nobody else."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.server_process import ANSWER_LIMIT_S, ServerProcess, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.conftest import Target

MANY = 200
"""More than there were ever threads or places."""
HALF_HEAD = b"POST /predict HTTP/1.1\r\nHost: a\r\nX-Lo"
HALF_BODY = b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n\xff\xd8\xff"
HALF_CHUNK = b"POST /v1/models/mobilenet:predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"
PIPELINED = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 64


@contextmanager
def connected(
    server: ServerProcess, count: int, sent: bytes, *, receive_bytes: int = 0
) -> Iterator[list[socket.socket]]:
    """So many connections, on each of which this was sent and nothing is read."""
    with ExitStack() as stack:
        connections = []
        for _ in range(count):
            connection = stack.enter_context(socket.socket())
            connection.settimeout(ANSWER_LIMIT_S)
            if receive_bytes:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
            connection.connect(("127.0.0.1", server.port))
            connection.sendall(sent)
            connections.append(connection)
        yield connections


def read_to_end(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def assert_answers(server: ServerProcess, image: bytes) -> None:
    assert server.ask("GET", "/v2/health/live").status == 200
    assert server.predict(image).top[0] == 285
    assert server.ask("GET", "/v2/health/ready").status == 200


@pytest.mark.parametrize("sent", [b"", HALF_HEAD, HALF_BODY, HALF_CHUNK], ids=["nothing", "head", "body", "chunk"])
def test_requests_that_do_not_come_whole_stop_nobody(server: ServerProcess, cat: bytes, sent: bytes) -> None:
    with connected(server, MANY, sent) as slow:
        assert_answers(server, cat)
        for connection in slow:
            connection.sendall(sent[:1])
        assert_answers(server, cat)


def test_answers_that_nobody_reads_stop_nobody(server: ServerProcess, cat: bytes) -> None:
    with connected(server, MANY, PIPELINED, receive_bytes=2048):
        assert_answers(server, cat)


def test_a_request_that_comes_slowly_is_answered_nevertheless(server: ServerProcess, cat: bytes) -> None:
    head = f"POST /predict HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {len(cat)}\r\n\r\n".encode()
    with connected(server, 1, head[:10]) as (slow,):
        assert_answers(server, cat)
        slow.sendall(head[10:])
        assert_answers(server, cat)
        slow.sendall(cat[:5000])
        assert_answers(server, cat)
        slow.sendall(cat[5000:])
        assert b'"class": 285' in read_to_end(slow)


@pytest.fixture(scope="module")
def impatient(target: Target, cat: bytes) -> Iterator[ServerProcess]:
    """A server that waits for nobody longer than a second."""
    limits = ("--request_head_timeout_s=1", "--request_body_timeout_s=1", "--response_send_timeout_s=1")
    with serving(*target.argv(), *limits) as server:
        server.wait_until_open()
        server.predict(cat)
        yield server


def test_a_head_that_does_not_come_ends_the_connection(impatient: ServerProcess) -> None:
    with connected(impatient, 1, HALF_HEAD) as (slow,):
        answer = read_to_end(slow)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("sent", [HALF_BODY, HALF_CHUNK], ids=["image", "chunk"])
def test_a_body_that_does_not_come_is_told_so(impatient: ServerProcess, sent: bytes) -> None:
    with connected(impatient, 1, sent) as (slow,):
        answer = read_to_end(slow)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"--request_body_timeout_s" in answer
    assert b"\r\nconnection: close\r\n" in answer.lower()


def test_an_answer_that_is_not_taken_ends_the_connection(impatient: ServerProcess, cat: bytes) -> None:
    with connected(impatient, 1, PIPELINED * 16, receive_bytes=2048) as (slow,):
        wait_until_closed(impatient, slow)
        assert_answers(impatient, cat)


def wait_until_closed(server: ServerProcess, connection: socket.socket) -> None:
    """Returns once the server has no socket for this connection any more; the client reads nothing to learn of it."""
    port = f":{connection.getsockname()[1]:04X}"
    deadline_s = time.monotonic() + ANSWER_LIMIT_S
    while time.monotonic() < deadline_s:
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        rows += [line.split() for line in Path("/proc/net/tcp6").read_text().splitlines()[1:]]
        theirs = [row for row in rows if row[2].endswith(port) and row[1].endswith(f":{server.port:04X}")]
        # Without an owner: the kernel alone still holds it.
        if all(row[9] == "0" for row in theirs):
            return
        time.sleep(0.02)  # between two looks; nothing tells of it
    raise AssertionError(f"the server holds the connection from {port} still")


def test_beyond_the_limit_of_connections_the_idlest_goes(target: Target, cat: bytes) -> None:
    with serving(*target.argv(), "--max_connections=20") as server:
        server.wait_until_open()
        server.predict(cat)
        with connected(server, 1, HALF_BODY) as (busy,), connected(server, 40, b"") as idle:
            assert_answers(server, cat)
            assert read_to_end(idle[0]) == b""
            busy.sendall(b"a")
            busy.setblocking(False)
            with pytest.raises(BlockingIOError):
                busy.recv(1)


def test_descriptors_that_run_out_end_nothing(target: Target, cat: bytes) -> None:
    argv = ("bash", "-c", 'ulimit -n 128; exec "$@"', "-", *map(str, target.argv()))
    with serving(*argv) as server:
        server.wait_until_open()
        server.predict(cat)
        with connected(server, MANY, b""), connected(server, MANY, HALF_HEAD):
            assert_answers(server, cat)
        assert_answers(server, cat)
        assert "Traceback" not in server.log
        assert "another one starts" not in server.log


def test_bodies_together_are_bounded(target: Target, cat: bytes) -> None:
    mebi = 1024 * 1024
    limit = 32 * mebi
    head = f"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: {30 * mebi}\r\n\r\n".encode()
    with serving(*target.argv(), f"--max_body_bytes_at_once={limit}") as server:
        server.wait_until_open()
        server.predict(cat)
        before_bytes = server.memory_bytes()
        with connected(server, 8, head) as heavy:
            for connection in heavy:
                # Those that are refused may be closed while they send.
                connection.settimeout(5)
                with suppress(OSError):
                    connection.sendall(bytes(10 * mebi))
            assert_answers(server, cat)
            assert server.memory_bytes() - before_bytes < 2.5 * limit
            refused = [answer for connection in heavy if (answer := read_what_is_there(connection))]
    assert refused
    assert all(answer.startswith(b"HTTP/1.1 429 ") and b"--max_body_bytes_at_once" in answer for answer in refused)


def read_what_is_there(connection: socket.socket) -> bytes:
    connection.settimeout(1)
    try:
        return connection.recv(65536)
    except OSError:
        return b""
