"""The HTTP server beyond the contract: damaged requests, pipelining, expectations, crashes, early ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.crashing_model import crashing_model
from tests.server_process import ANSWER_LIMIT_S, ROOT, ServerProcess, environment_python, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

LIVE = b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
IN_PROC = Path("/proc/self/task").exists()


@pytest.fixture(scope="module")
def python() -> Path:
    return environment_python("server_python_fast", "server_python_fast/requirements.txt")


@pytest.fixture(scope="module")
def server(python: Path, tflite_model: Path) -> Iterator[ServerProcess]:
    with serving(python, *serve(tflite_model)) as server:
        server.wait_until_open()
        yield server


def serve(base_path: Path) -> tuple[str, ...]:
    return ("-m", "firstserve", "serve", f"--model_base_path={base_path}", "--model_name=mobilenet")


def post(body: bytes, *headers: bytes, path: bytes = b"/predict?top_k=1") -> bytes:
    lines = [b"POST %s HTTP/1.1" % path, b"Host: x", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def exchange(server: ServerProcess, sent: bytes) -> bytes:
    """Sends bytes on a connection of its own and reads until the server closes it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=ANSWER_LIMIT_S) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def worker_of(server: ServerProcess) -> int:
    pid = server.process.pid
    (worker,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(worker)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET /v2/health/live\r\n\r\n", 400),
        (b"GE T / HTTP/1.1\r\n\r\n", 400),
        (b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n", 400),
        (b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde", 400),
        (b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 100_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: a\r\n" * 300 + b"\r\n", 431),
        (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (post(b"", b"Expect: tea"), 417),
    ],
)
def test_damaged_request_is_refused_and_the_connection_closed(
    server: ServerProcess, cat: bytes, sent: bytes, status: int
) -> None:
    answer = exchange(server, sent)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert list(json.loads(answer.partition(b"\r\n\r\n")[2])) == ["error"]
    assert server.predict(cat).status == 200


@pytest.mark.parametrize("chunks", [b"zz\r\nabc\r\n", b"3\r\nabcdef\r\n0\r\n\r\n", b"\r\n\r\n"])
def test_damaged_chunks_are_the_clients_fault(server: ServerProcess, chunks: bytes) -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = exchange(server, head + chunks)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'{"error": "the body cannot be read: ' in answer
    assert "Traceback" not in server.log


@pytest.mark.parametrize("head", [post(b"")[:-4] + b"0\r\n\r\n", LIVE.split(b"\r\n")[0]])
def test_client_that_goes_away_leaves_no_trace(server: ServerProcess, cat: bytes, head: bytes) -> None:
    for sent in (head, post(cat)[:5000], b"POST /predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n100\r\nabc"):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(65536)
    assert server.predict(cat).status == 200
    assert "Traceback" not in server.log


def test_pipelined_requests_are_answered_in_turn(server: ServerProcess, cat: bytes) -> None:
    coffee = (ROOT / "examples/pictures/coffee.jpg").read_bytes()
    answers = exchange(server, post(cat) + post(coffee) + post(b"x", path=b"/nowhere") + post(cat) + LIVE)
    expected = [server.predict(body, "?top_k=1").body for body in (cat, coffee, cat)]
    bodies = [line for line in answers.splitlines(keepends=True) if line.startswith(b"{")]
    assert [body for body in bodies if b"error" not in body] == [*expected, b'{"live": true}\n']
    assert b"no such path" in bodies[2]


def test_clients_that_do_not_close_delay_nobody(server: ServerProcess) -> None:
    """Each would take 2 s of everybody's time."""
    began_s = time.monotonic()
    with ExitStack() as open_ones:
        for _ in range(10):
            connection = open_ones.enter_context(socket.create_connection(("127.0.0.1", server.port), ANSWER_LIMIT_S))
            connection.sendall(LIVE)
            assert b"".join(iter(lambda: connection.recv(65536), b"")).startswith(b"HTTP/1.1 200 ")  # noqa: B023
            connection.sendall(b"what nobody waits for")
    assert time.monotonic() - began_s < 10


def test_a_client_that_does_not_close_is_parted_with(server: ServerProcess) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=ANSWER_LIMIT_S) as connection:
        connection.sendall(LIVE)
        assert b"".join(iter(lambda: connection.recv(65536), b"")).startswith(b"HTTP/1.1 200 ")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            send_for(ANSWER_LIMIT_S, connection)


def send_for(limit_s: float, connection: socket.socket) -> None:
    deadline_s = time.monotonic() + limit_s
    while time.monotonic() < deadline_s:
        connection.sendall(b"x")
        time.sleep(0.01)  # between two looks; nothing else tells of it


def test_http_1_0_is_answered_and_closed(server: ServerProcess, cat: bytes) -> None:
    answer = exchange(server, post(cat).replace(b"HTTP/1.1", b"HTTP/1.0", 1))
    assert answer.startswith(b"HTTP/1.0 200 ")
    assert b'"class": 285' in answer


@pytest.mark.parametrize(("path", "status"), [("/v2/health/live", 200), ("/predict", 405), ("/nowhere", 404)])
def test_head_is_answered_without_a_body(server: ServerProcess, path: str, status: int) -> None:
    answer = server.ask("HEAD", path)
    assert (answer.status, answer.body) == (status, b"")
    assert int(answer.headers["Content-Length"]) > 0


def test_body_that_waits_for_100_continue_is_answered(server: ServerProcess, cat: bytes) -> None:
    head, body = post(cat, b"Expect: 100-continue", b"Connection: close").split(b"\r\n\r\n", 1)
    with socket.create_connection(("127.0.0.1", server.port), timeout=ANSWER_LIMIT_S) as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert b'"class": 285' in b"".join(iter(lambda: connection.recv(65536), b""))


def test_refused_body_that_waited_for_100_continue_gets_its_error(server: ServerProcess) -> None:
    too_long = bytes(33 * 1024 * 1024)
    answer = exchange(server, post(too_long, b"Expect: 100-continue", b"Connection: close"))
    assert answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n").startswith(b"HTTP/1.1 413 ")


@pytest.mark.skipif(not IN_PROC, reason="the worker is found in /proc")
def test_worker_that_crashes_is_replaced_and_tells_its_own_start(python: Path, tflite_model: Path, cat: bytes) -> None:
    with serving(python, *serve(tflite_model)) as server:
        server.wait_until_open()
        began = time.monotonic()
        expected = server.predict(cat).body
        crashed = worker_of(server)
        os.kill(crashed, signal.SIGKILL)
        answer = server.predict(cat)
        assert answer.body == expected
        assert worker_of(server) != crashed
        startup_ms = float(answer.headers["Server-Timing"].partition("startup;dur=")[2].partition(",")[0])
        assert startup_ms < (time.monotonic() - began) * 1e3
        assert server.stop() == 0


def test_crash_while_loading_is_said_and_ends_the_server(python: Path, tflite_model: Path, tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1/model.tflite").write_bytes(crashing_model(tflite_model / "1/model.tflite"))
    with serving(python, *serve(tmp_path)) as server:
        assert server.process.wait(ANSWER_LIMIT_S) == 3
        assert f"firstserve cannot start: loading {tmp_path / '1'} crashed the runtime" in server.log
        assert "Traceback" not in server.log


def test_model_that_takes_no_picture_is_said_in_the_answer_and_in_the_log(
    python: Path, shared_data: Path, cat: bytes
) -> None:
    base_path = shared_data / "tfserving/saved_model_half_plus_two_tflite"
    with serving(python, *serve(base_path)) as server:
        server.wait_until_open()
        answer = server.predict(cat)
        assert answer.status == 501
        assert "this model takes no picture" in answer.error
        assert server.ask("GET", "/v2/health/ready").status == 200
        assert server.stop() == 0
        # A request's line may be written after its answer, but not after the server's end.
        assert "this model takes no picture" in server.log


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_end_in_the_middle_of_the_start_is_quiet(
    python: Path, tflite_model: Path, signal_number: signal.Signals
) -> None:
    """At 12 moments from the handlers' first to the loaded model."""
    for step in range(12):
        with serving(python, *serve(tflite_model)) as server:
            wait_for_handlers(server.process.pid)
            time.sleep(step * 0.03)  # the moment is what is tested
            assert server.stop(signal_number) == 0, f"{step}: {server.log}"
            assert "Traceback" not in server.log, f"{step}: {server.log}"


def wait_for_handlers(pid: int) -> None:
    """Returns once the process catches SIGTERM; before, Python itself is starting, and ends by the signal."""
    bit = 1 << (signal.SIGTERM - 1)
    while True:
        status = Path(f"/proc/{pid}/status").read_text()
        (caught,) = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")]
        if int(caught, 16) & bit:
            return
