"""The supervisor and its worker while they start: signals at any moment, crashes, what is missing."""

from __future__ import annotations

import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.crashing_model import crashing_model
from tests.first_responder.responding import read_all, read_answer
from tests.first_responder.responding import request as picture_request
from tests.server_process import ANSWER_LIMIT_S, ROOT, START_LIMIT_S, ServerProcess, environment_python, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

END_LIMIT_S = 10
KILLED_WHILE_LOADING = """
import os, signal, sys

def kill(event, args):
    if event == "open" and str(args[0]).endswith("model.tflite"):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(kill)
"""
"""A sitecustomize for the server (Python's audit event `open`)."""
GET = b"GET /v1/models/mobilenet/metadata HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the worker is found in /proc")


class Starting:
    """A server that can be started many times."""

    def __init__(self, name: str, base_path: Path) -> None:
        self.name = name
        self.base_path = base_path
        self._python = environment_python(name, f"{name}/requirements.txt")

    def start(
        self, *flags: str, base_path: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> AbstractContextManager[ServerProcess]:
        model = (f"--model_base_path={base_path or self.base_path}", "--model_name=mobilenet")
        return serving(self._python, "-m", "firstserve", "serve", *model, *flags, environment=environment)


@pytest.fixture(scope="module")
def fast(tflite_model: Path) -> Starting:
    return Starting("server_python_fast", tflite_model)


@pytest.fixture(scope="module")
def slow(saved_model: Path) -> Starting:
    return Starting("server_python_slow", saved_model)


@pytest.fixture(params=["fast", "slow"])
def starting(request: pytest.FixtureRequest) -> Starting:
    chosen: Starting = request.getfixturevalue(request.param)
    return chosen


def workers_of(server: ServerProcess) -> list[int]:
    pid = server.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def moments(count: int, whole_s: float) -> Iterator[tuple[int, float]]:
    """So many moments of a start, spread over its whole length."""
    for step in range(count):
        yield step, whole_s * step / (count - 1)


@pytest.mark.parametrize(("name", "count", "whole_s"), [("fast", 8, 0.6), ("slow", 5, 1.6)])
def test_what_was_accepted_before_sigterm_is_answered(
    request: pytest.FixtureRequest, name: str, count: int, whole_s: float, cat: bytes
) -> None:
    starting: Starting = request.getfixturevalue(name)
    for step, moment_s in moments(count, whole_s):
        with starting.start() as server, ThreadPoolExecutor(2) as clients:
            server.wait_until_open()
            (worker,) = workers_of(server)
            connections = [socket.create_connection(("127.0.0.1", server.port), ANSWER_LIMIT_S) for _ in range(2)]
            for connection, sent in zip(connections, (picture_request(cat, b"Connection: close"), GET), strict=True):
                connection.sendall(sent)
            answers = [clients.submit(read_to_end, connection) for connection in connections]
            time.sleep(moment_s)  # the moment is what is tested
            told_s = time.monotonic()
            assert server.stop() == 0, f"{step}: {server.log}"
            assert time.monotonic() - told_s < END_LIMIT_S, step
            picture, metadata = (answer.result() for answer in answers)
            assert b'"class": 285' in picture, step
            assert b'"signature_def"' in metadata, step
            assert not Path(f"/proc/{worker}").exists()
            assert "Traceback" not in server.log, f"{step}: {server.log}"


def read_to_end(connection: socket.socket) -> bytes:
    with connection:
        return read_all(connection)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_sigint_ends_it_at_once(fast: Starting, number: signal.Signals, cat: bytes) -> None:
    for step, moment_s in moments(4, 0.5):
        with fast.start() as server:
            server.wait_until_open()
            (worker,) = workers_of(server)
            with socket.create_connection(("127.0.0.1", server.port), ANSWER_LIMIT_S) as connection:
                connection.sendall(picture_request(cat))
                time.sleep(moment_s)  # the moment is what is tested
                assert server.stop(number) == 0, f"{step}: {server.log}"
            assert not Path(f"/proc/{worker}").exists()
            assert "Traceback" not in server.log, f"{step}: {server.log}"


def test_an_open_connection_does_not_delay_the_end(fast: Starting, cat: bytes) -> None:
    """One on which nothing was said, and one between two requests, both from before the hand-over."""
    with fast.start() as server:
        server.wait_until_open()
        with (
            socket.create_connection(("127.0.0.1", server.port), ANSWER_LIMIT_S),
            socket.create_connection(("127.0.0.1", server.port), ANSWER_LIMIT_S) as connection,
        ):
            connection.sendall(picture_request(cat))
            read_answer(connection)
            while server.ask("GET", "/v2/health/ready").status != 200:
                pass
            told_s = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - told_s < END_LIMIT_S / 2


@pytest.mark.parametrize("flags", [(), ("--first_responder=false",)])
def test_sigterm_while_nothing_is_in_flight_needs_no_full_server(
    starting: Starting, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    with starting.start(*flags, environment=without_full_server(tmp_path)) as server:
        server.wait_until_open()
        assert server.stop() == 0
        assert "Traceback" not in server.log


def test_sigterm_behind_the_first_answer_needs_no_full_server_and_logs_the_answer(
    starting: Starting, tmp_path: Path, cat: bytes
) -> None:
    with starting.start(environment=without_full_server(tmp_path)) as server:
        server.wait_until_open()
        with socket.create_connection(("127.0.0.1", server.port), ANSWER_LIMIT_S) as connection:
            connection.sendall(picture_request(cat))
            assert b'"class": 285' in read_answer(connection)
            assert server.stop() == 0
        assert '"message": "POST /predict 200"' in server.log


def without_full_server(folder: Path) -> Mapping[str, str]:
    """An environment in which importing it takes for ever."""
    (folder / "gunicorn.py").write_text("import time\ntime.sleep(3600)\n")
    return {"PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}


def test_a_crash_behind_the_first_answer_is_made_good(starting: Starting, cat: bytes) -> None:
    """The full server is not there yet; it comes up without a first responder."""
    with starting.start() as server:
        server.wait_until_open()
        expected = server.predict(cat).body
        (crashed,) = workers_of(server)
        os.kill(crashed, signal.SIGKILL)
        answer = server.predict(cat)
        assert answer.body == expected
        assert server.ask("GET", "/v2/health/live").status == 200
        assert workers_of(server) != [crashed]
        assert f"worker {crashed} was ended by signal 9; another one starts" in server.log
        assert server.stop() == 0


def test_a_crash_at_any_moment_is_made_good_or_ends_it_with_the_reason(slow: Starting, cat: bytes) -> None:
    statuses = []
    for step, moment_s in moments(3, 0.8):
        with slow.start() as server:
            server.wait_until_open()
            (crashed,) = workers_of(server)
            time.sleep(moment_s)  # the moment is what is tested
            os.kill(crashed, signal.SIGKILL)
            deadline_s = time.monotonic() + START_LIMIT_S
            while server.process.poll() is None and "another one starts" not in server.log:
                assert time.monotonic() < deadline_s, step
            if server.process.poll() is None:
                assert server.predict(cat).top[0] == 285
                assert server.stop() == 0
            else:
                assert f"loading {slow.base_path / '1'} was ended by SIGKILL, as when memory runs out" in server.log
            statuses.append(server.process.wait(ANSWER_LIMIT_S))
    assert set(statuses) <= {0, 3}


def test_a_second_crash_before_anything_is_loaded_ends_it_with_the_reason(fast: Starting, cat: bytes) -> None:
    with fast.start() as server:
        server.wait_until_open()
        server.predict(cat)
        (first,) = workers_of(server)
        os.kill(first, signal.SIGKILL)
        deadline_s = time.monotonic() + START_LIMIT_S
        while (workers := workers_of(server)) in ([], [first]):
            assert time.monotonic() < deadline_s
        os.kill(workers[0], signal.SIGKILL)
        assert server.process.wait(ANSWER_LIMIT_S) == 3
        assert f"worker {workers[0]} was ended by signal 9 before it could serve, as the one before it" in server.log


def test_a_model_that_crashes_the_runtime_ends_it_with_who_waits(fast: Starting, cat: bytes, tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1/model.tflite").write_bytes(crashing_model(fast.base_path / "1/model.tflite"))
    assert_refuses(fast, cat, tmp_path, f"loading {tmp_path / '1'} crashed the runtime")


def test_a_load_that_is_ended_for_want_of_memory_is_not_told_as_damaged(fast: Starting, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(KILLED_WHILE_LOADING)
    with fast.start(environment={"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}) as server:
        assert server.process.wait(ANSWER_LIMIT_S) == 3
        assert f"loading {fast.base_path / '1'} was ended by SIGKILL, as when memory runs out" in server.log
        assert "damaged" not in server.log


def test_a_broken_model_ends_it_with_who_waits(starting: Starting, cat: bytes, tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (model,) = (starting.base_path / "1").glob("*model*")
    (tmp_path / "1" / model.name).write_bytes(b"no model at all")
    assert_refuses(starting, cat, tmp_path, str(tmp_path / "1"))


def assert_refuses(starting: Starting, cat: bytes, base_path: Path, reason: str) -> None:
    with starting.start(base_path=base_path) as server, socket.socket() as connection:
        connection.settimeout(ANSWER_LIMIT_S)
        if is_open(server, connection):
            connection.sendall(picture_request(cat))
            assert read_all(connection) == b""
        assert server.process.wait(ANSWER_LIMIT_S) == 3
        assert "firstserve cannot start: " in server.log
        assert reason in server.log
        assert "Traceback" not in server.log


def is_open(server: ServerProcess, connection: socket.socket) -> bool:
    """Connects as soon as the port is open; False where the server has ended before."""
    while True:
        try:
            connection.connect(("127.0.0.1", server.port))
        except (ConnectionRefusedError, ConnectionAbortedError):
            if server.process.poll() is not None:
                return False
        else:
            return True


def test_a_full_server_that_cannot_come_up_ends_it_with_the_reason(
    starting: Starting, cat: bytes, tmp_path: Path
) -> None:
    (tmp_path / "flask.py").write_text("raise ModuleNotFoundError(\"No module named 'flask'\")\n")
    with starting.start(environment={"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}) as server:
        server.wait_until_open()
        with socket.create_connection(("127.0.0.1", server.port), ANSWER_LIMIT_S) as connection:
            connection.sendall(picture_request(cat))
            # The first responder does its part.
            assert b'"class": 285' in read_answer(connection)
        assert server.process.wait(ANSWER_LIMIT_S) == 1
        assert "No module named 'flask'" in server.log


def test_a_first_responder_that_cannot_come_up_ends_it_with_the_reason(
    starting: Starting, cat: bytes, tmp_path: Path
) -> None:
    (tmp_path / "PIL.py").write_text("raise ModuleNotFoundError(\"No module named 'PIL'\")\n")
    with starting.start(environment={"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}) as server:
        server.wait_until_open()
        with socket.create_connection(("127.0.0.1", server.port), ANSWER_LIMIT_S) as connection:
            connection.sendall(picture_request(cat))
            assert read_all(connection) == b""
        assert server.process.wait(ANSWER_LIMIT_S) != 0
        assert "No module named 'PIL'" in server.log
