"""run.sh, in a checkout where nobody has used the example yet: it trains, starts the server and the page, ends both."""

from __future__ import annotations

import signal
import socket
import subprocess
from typing import TYPE_CHECKING

from tests.examples.digit_canvas.conftest import running
from tests.server_process import free_port

if TYPE_CHECKING:
    from tests.examples.digit_canvas.conftest import FirstRun


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def refused(first_run: FirstRun, **settings: str) -> subprocess.CompletedProcess[str]:
    with running(first_run.checkout, **settings) as run:
        printed, complaint = run.process.communicate()
    return subprocess.CompletedProcess([], run.process.returncode, printed, complaint)


def test_first_run_trains_and_says_where_the_page_is(first_run: FirstRun) -> None:
    assert "Held-out accuracy: " in first_run.printed
    assert first_run.printed.splitlines()[-1] == f"Draw a digit: http://localhost:{first_run.port} (Ctrl-C ends it)"


def test_page_and_server_answer_then(first_run: FirstRun) -> None:
    assert first_run.page == 200
    assert first_run.server == 200


def test_termination_ends_page_and_server(first_run: FirstRun) -> None:
    assert first_run.status == 0
    assert not is_open(first_run.port)
    assert not is_open(first_run.server_port)


def test_interrupt_ends_page_and_slow_server(first_run: FirstRun) -> None:
    with running(first_run.checkout, SERVER="server_python_slow") as run:
        assert "Draw a digit" in run.until_ready()
        run.process.send_signal(signal.SIGINT)
        run.process.communicate()
    assert run.process.returncode == 0
    assert not is_open(run.port)
    assert not is_open(run.server_port)


def test_another_server_is_refused(first_run: FirstRun) -> None:
    run = refused(first_run, SERVER="flask")
    assert run.returncode == 2
    assert "SERVER=flask is none of server_python_fast, server_python_slow and server_rust_fastest" in run.stderr


def test_port_of_the_page_that_is_taken_is_named(first_run: FirstRun) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        port = taken.getsockname()[1]
        run = refused(first_run, PORT=str(port))
    assert run.returncode == 1
    assert f"port {port} is in use" in run.stderr


def test_port_of_the_server_that_is_taken_is_named(first_run: FirstRun) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        port = taken.getsockname()[1]
        run = refused(first_run, SERVER_PORT=str(port))
    assert run.returncode == 1
    assert f"port {port} is in use" in run.stderr
