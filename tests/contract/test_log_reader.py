"""Who reads the log, or does not: the answers go on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.contract.conftest import IN_IMAGES
from tests.server_process import ANSWER_LIMIT_S, ServerProcess, free_port, server_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.contract.conftest import Target

pytestmark = pytest.mark.skipif(IN_IMAGES, reason="an engine reads what its containers print")
PIPE_BYTES = 65536
LONG_PATH = "/" + "a" * 500
"""Of a request whose line in the log is longer than a kilobyte."""
REQUESTS = 4 * PIPE_BYTES // 1000


@contextmanager
def logging_to(
    target: Target, *redirections: str, output: int | None = None, flags: Sequence[str] = ()
) -> Iterator[ServerProcess]:
    """The server with its descriptors as a shell's redirections have them; both its outputs go to `output`."""
    port = free_port()
    command = ["sh", "-c", f'exec "$@" {" ".join(redirections)}', "sh", *target.argv(), *flags]
    process = subprocess.Popen(command, env=server_environment(port), stdout=output, stderr=output)
    try:
        server = ServerProcess(process, port, Path(os.devnull))
        server.wait_until_open()
        yield server
    finally:
        process.kill()
        process.wait()


@contextmanager
def closing_after(limit_s: float, server: ServerProcess) -> Iterator[None]:
    """Ends a server in this time, so that nobody waits longer for what it prints."""
    timer = threading.Timer(limit_s, server.process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def ask_until_a_pipe_is_full(server: ServerProcess) -> None:
    connection = server.connect()
    for _ in range(REQUESTS):
        connection.request("GET", LONG_PATH)
        response = connection.getresponse()
        response.read()
        assert response.status == 404
    connection.close()


def assert_serves(server: ServerProcess, cat: bytes) -> None:
    assert server.predict(cat).top[0] == 285
    assert server.ask("GET", "/v2/health/ready").status == 200
    ask_until_a_pipe_is_full(server)
    assert server.stop() == 0


def test_a_log_that_nobody_reads_does_not_stop_the_answers(target: Target, cat: bytes) -> None:
    reader, writer = os.pipe()
    try:
        with logging_to(target, output=writer) as server:
            assert_serves(server, cat)
    finally:
        os.close(reader)
        os.close(writer)


def test_lines_that_are_dropped_are_told_when_the_log_is_read_again(target: Target, cat: bytes) -> None:
    reader, writer = os.pipe()
    with logging_to(target, output=writer) as server:
        os.close(writer)
        assert server.predict(cat).status == 200
        # More than the pipe and the server's queue hold.
        for _ in range(5):
            ask_until_a_pipe_is_full(server)
        with os.fdopen(reader, "rb") as log, closing_after(ANSWER_LIMIT_S, server):
            lines = iter(log.readline, b"")
            assert any(b" lines of the log were dropped: its reader did not take them" in line for line in lines)
            server.process.send_signal(signal.SIGTERM)
            for line in lines:
                assert line.endswith(b"\n")
        assert server.process.wait(ANSWER_LIMIT_S) == 0


def test_a_log_whose_reader_is_gone_does_not_stop_the_answers(target: Target, cat: bytes) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        with logging_to(target, output=writer) as server:
            assert_serves(server, cat)
    finally:
        os.close(writer)


def test_a_log_on_a_full_disk_does_not_stop_the_answers(target: Target, cat: bytes) -> None:
    with logging_to(target, ">/dev/full", "2>/dev/full") as server:
        assert_serves(server, cat)


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_a_client_never_gets_a_closed_standard_descriptor(target: Target, cat: bytes, closed: tuple[int, ...]) -> None:
    redirections = (f"{number}>&-" for number in closed)
    with logging_to(target, *redirections, output=subprocess.DEVNULL) as server:
        for process in (server.process.pid, *server.children()):
            for number in closed:
                assert str(Path(f"/proc/{process}/fd/{number}").readlink()) == os.devnull
        assert_serves(server, cat)


def test_a_refusal_that_nobody_reads_still_ends_the_server(target: Target, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, bytes(4096))
    except BlockingIOError:
        os.set_blocking(writer, True)
    command = [*target.argv(), f"--model_base_path={tmp_path / 'none'}"]
    process = subprocess.Popen(command, env=server_environment(free_port()), stdout=writer, stderr=writer)
    assert process.wait(ANSWER_LIMIT_S) == 3
    os.close(reader)
    os.close(writer)


def test_new_versions_load_though_the_log_cannot_be_written(target: Target, cat: bytes, tmp_path: Path) -> None:
    shutil.copytree(target.base_path / "1", tmp_path / "1")
    flags = (f"--model_base_path={tmp_path}", "--file_system_poll_wait_seconds=1")
    with logging_to(target, ">/dev/full", "2>/dev/full", flags=flags) as server:
        assert server.predict(cat).json["predictions"][0]["class"] == 285
        shutil.copytree(target.base_path / "1", tmp_path / "unfinished")
        (tmp_path / "unfinished").rename(tmp_path / "2")
        deadline_s = time.monotonic() + ANSWER_LIMIT_S
        while server.predict(cat).json["version"] != "2":
            assert time.monotonic() < deadline_s
