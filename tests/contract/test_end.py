"""The end by SIGTERM: both protocols take nothing new at once, and what was begun is answered."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from tests.server_process import ANSWER_LIMIT_S, free_port, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.conftest import Target


def until(holds: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + ANSWER_LIMIT_S
    while not holds():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)  # between two looks; nothing tells of it


def is_open(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def test_grpc_takes_no_more_calls_while_a_request_by_http_is_still_read(target: Target, cat: bytes) -> None:
    grpc_port = free_port()
    with serving(*target.argv(), f"--port={grpc_port}") as server:
        server.wait_until_open()
        until(lambda: is_open(grpc_port) and server.ask("GET", "/v2/health/ready").status == 200)
        with socket.create_connection(("127.0.0.1", server.port), ANSWER_LIMIT_S) as connection:
            connection.sendall(b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(cat))
            connection.sendall(cat[:-1])
            assert server.predict(cat).status == 200
            server.process.terminate()
            until(lambda: not is_open(grpc_port))
            assert server.process.poll() is None
            connection.sendall(cat[-1:])
            assert b'"class": 285' in b"".join(iter(lambda: connection.recv(65536), b""))
        assert server.process.wait(ANSWER_LIMIT_S) == 0
