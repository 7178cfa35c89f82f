from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.lab.conversation import Conversation
from bench.lab.errors import LostError
from tests.bench.conftest import bench, set_up
from tests.server_process import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.bench.conftest import Request, Server

    Serve = Callable[[Callable[[Request], tuple[int, bytes]]], Server]

ASK = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def test_every_answer_of_a_start_is_the_full_servers(tflite_model: Path) -> None:
    assert (tflite_model / "1/model.tflite").exists()
    set_up("server_python_fast", "server_python_fast/requirements.txt")
    done = bench("handover", "-n", "4", "server_python_fast")
    assert done.returncode == 0, done.stderr
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("|server_python_fast|4|")]
    assert row.endswith("|0|")


def test_a_server_without_a_first_responder_is_not_asked() -> None:
    done = bench("handover", "baseline_litert")
    assert done.returncode == 2
    assert "servers with a first responder are" in done.stderr


def test_all_answers_on_a_connection_count(serve: Serve) -> None:
    server = serve(lambda request: (200, request.path.encode()))
    for waits in (False, True):
        said = Conversation("both", (ASK, ASK.replace(b"/ ", b"/second ")), waits=waits).talk(server.port, lambda: True)
        assert said.count(b"HTTP/1.1 200 ") == 2
        assert said.endswith(b"/second")


def test_moments_do_not_count(serve: Serve) -> None:
    server = serve(lambda _: (200, b""))
    assert b"\r\nDate: -\r\n" in Conversation("one", (ASK,)).talk(server.port, lambda: True)


def test_a_missing_answer_is_a_lost_one(serve: Serve) -> None:
    server = serve(lambda _: (0, b""))
    with pytest.raises(LostError, match="one: the connection was closed"):
        Conversation("one", (ASK,), waits=True).talk(server.port, lambda: True)


def test_a_server_that_has_ended_is_not_waited_for() -> None:
    with pytest.raises(LostError, match="refused"):
        Conversation("one", (ASK,)).talk(free_port(), lambda: False)
