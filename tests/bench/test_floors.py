"""The floors, as processes: the static C server and Python alone."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from bench.lab.engines.process import ProcessEngine
from bench.lab.first_answer import first_answer, free_port
from bench.lab.results import read_report
from bench.lab.servers import FLOORS, choose_servers
from tests.bench.conftest import bench
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.lab.running import Running
    from bench.lab.servers import Server

PICTURE = b"POST /predict HTTP/1.1\r\nHost: here\r\ncontent-length: 200000\r\n\r\n" + b"p" * 200_000
READY = b"GET /v2/health/ready HTTP/1.1\r\nHost: here\r\n\r\n"


def build(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(ROOT / "bench/floors/build.sh"), *arguments]
    return subprocess.run(command, env=os.environ | {"ENGINE": "process"}, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module", params=[floor.name for floor in FLOORS])
def floor(request: pytest.FixtureRequest) -> Server:
    name = str(request.param)
    if name == "floor_c" and not shutil.which("gcc"):
        pytest.skip("no gcc to compile it with")
    assert build(name).returncode == 0
    return choose_servers([name], FLOORS)[0]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def running(floor: Server, port: int) -> Iterator[Running]:
    with ProcessEngine().start(floor, port) as running:
        yield running


def test_a_cold_start_has_a_floor(floor: Server, tmp_path: Path) -> None:
    file = tmp_path / "coldstart.json"
    done = bench("coldstart", floor.name, "--cpus", "1", "--runs", "2", "--out", str(file))
    assert done.returncode == 0, done.stderr
    (start,) = read_report(file).coldstarts
    assert (start.server, start.cpus, start.label, len(start.runs_ms)) == (floor.name, 1, "a constant", 2)


def test_it_answers_when_the_whole_picture_is_there(running: Running, port: int) -> None:
    first_answer(port, PICTURE, 30, running.alive)
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for part in (PICTURE[:10], PICTURE[10:60], PICTURE[60:-1]):
            connection.sendall(part)
        connection.settimeout(0.05)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(30)
        connection.sendall(PICTURE[-1:])
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")


def test_it_knows_nothing_else(running: Running, port: int) -> None:
    assert first_answer(port, READY, 30, running.alive).status == 404


def test_a_sender_that_hangs_up_is_forgotten(running: Running, port: int) -> None:
    first_answer(port, READY, 30, running.alive)
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(PICTURE[:1000])
    assert first_answer(port, PICTURE, 30, running.alive).status == 200


def test_sigterm_ends_it_in_order(floor: Server, port: int) -> None:
    environment = os.environ | {"PORT": str(port)}
    with subprocess.Popen(floor.argv(port), env=environment) as process:
        first_answer(port, READY, 30, lambda: process.poll() is None)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_an_unknown_floor_is_an_error_that_names_the_known_ones() -> None:
    done = build("floor_go")
    assert done.returncode == 2
    assert "there are floor_c and floor_python" in done.stderr
