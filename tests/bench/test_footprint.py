from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bench.lab.errors import NoAnswerError
from bench.lab.first_answer import free_port
from bench.lab.footprint import Footprint, MemoryWatch, settle, wait_until_ready
from bench.lab.running import Running
from tests.bench.test_first_answer import listen
from tests.bench.test_running import wait_until
from tests.conftest import ROOT

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from tests.bench.conftest import Server

MIB = 2**20
GROWS = "import time; held = bytearray(b'x') * (64 << 20); time.sleep(600)"


def status(line: str) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(f"HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n".encode("ascii"))

    return answer


def test_the_highest_memory_stays_known_when_it_is_given_back() -> None:
    with Running([sys.executable, "-c", GROWS], "/", dict(os.environ)) as running:
        with MemoryWatch(running.memory_bytes) as watch:
            wait_until(lambda: (watch.highest_bytes or 0) > 64 * MIB)
            os.kill(running.pid, signal.SIGKILL)
            wait_until(lambda: not running.alive())
        assert running.memory_bytes() is None
    assert watch.highest_bytes is not None
    assert watch.highest_bytes > 64 * MIB


def test_a_watch_that_a_signal_cuts_off_before_its_block_keeps_no_process_alive() -> None:
    script = "from bench.lab.footprint import MemoryWatch as W; W(lambda: None).__enter__(); raise SystemExit(3)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, timeout=60, check=False).returncode == 3


def test_memory_has_settled_when_two_readings_agree() -> None:
    readings = iter([100 * MIB, 90 * MIB, 60 * MIB, 60 * MIB - 4096, 10 * MIB])
    assert settle(lambda: next(readings), pause_s=0) == 60 * MIB - 4096


def test_memory_that_never_settles_is_read_until_the_time_is_up() -> None:
    readings = iter(range(100, 1000, 100))
    assert settle(lambda: next(readings), pause_s=0, timeout_s=0) == 200


def test_memory_that_cannot_be_read_is_not_known() -> None:
    assert settle(lambda: None, pause_s=0) is None
    assert Footprint(None, None).describe() == "cannot be looked at"


def test_a_server_is_ready_when_it_says_so() -> None:
    port = free_port()
    server = listen(port, status("503 Service Unavailable"), status("503 Service Unavailable"), status("200 OK"))
    wait_until_ready(port, 30, lambda: True)
    server.join()


def test_a_server_that_does_not_know_readiness_is_ready() -> None:
    port = free_port()
    server = listen(port, status("404 Not Found"))
    wait_until_ready(port, 30, lambda: True)
    server.join()


def test_a_server_that_is_never_ready_is_an_error(serve: Callable[..., Server]) -> None:
    server = serve(lambda _: (503, b""))
    with pytest.raises(NoAnswerError, match=r"(ready|no answer) within 0\.2 s"):
        wait_until_ready(server.port, 0.2, lambda: True)
    assert {request.path for request in server.requests} == {"/v2/health/ready"}
