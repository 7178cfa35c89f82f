"""The first responder, as it is seen from outside: when it answers, what is told of it, and what keeps it away.

The server in Rust is up before its first answer, and needs none; what holds for a start holds for its as well.
"""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.model_config import model_config
from tests.first_responder.foreign import FOREIGN, LIMIT_BYTES
from tests.first_responder.responding import exchange, read_answer, request, without_moments
from tests.image.files import kinds
from tests.server_process import ANSWER_LIMIT_S, ServerProcess, serving

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.contract.conftest import Target

PATH = "/figures"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CONNECTIONS = 90
"""More than the first responder holds."""
TRIES = 3
"""On a machine that is busy a picture may come after the half second in which it is waited for."""


@pytest.fixture(params=["fast", "slow", "rust"])
def starting(request: pytest.FixtureRequest, targets: dict[str, Target]) -> Target:
    """Each server that has a runtime of its own, not running yet."""
    return targets[request.param]


@pytest.fixture
def monitoring(tmp_path: Path) -> str:
    """The flag that has figures shown."""
    config = tmp_path / "monitoring.config"
    config.write_text(f'prometheus_config {{ enable: true, path: "{PATH}" }}')
    return f"--monitoring_config_file={config}"


def figures(server: ServerProcess) -> dict[str, float]:
    samples = [line.rpartition(" ") for line in server.ask("GET", PATH).body.decode().splitlines() if line[:1] != "#"]
    return {name: float(value) for name, _, value in samples}


def phases(server: ServerProcess) -> dict[str, float]:
    """Seconds from process start to each phase of a server that is ready."""
    while server.ask("GET", "/v2/health/ready").status != 200:
        pass
    name = "firstserve_startup_seconds"
    samples = {sample: value for sample, value in figures(server).items() if sample.startswith(name)}
    return {sample.removeprefix(f'{name}{{phase="').removesuffix('"}'): value for sample, value in samples.items()}


def answered_first(
    target: Target, cat: bytes, *flags: str, environment: Mapping[str, str] | None = None, query: str = ""
) -> bool:
    """Whether the first picture was answered before the full server was there."""
    with serving(*target.argv(), *flags, environment=environment) as server:
        server.wait_until_open()
        assert server.predict(cat, query).top[0] == 285
        reached_s = phases(server)
        assert server.stop() == 0
    assert set(reached_s) >= {"runtime_loaded", "first_run", "ready"}
    return reached_s["first_run"] < reached_s["ready"]


def lines(server: ServerProcess) -> list[dict[str, Any]]:
    """The log's lines about pictures, of a server that has ended."""
    entries = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
    return [entry for entry in entries if entry["message"] == "POST /predict 200"]


@pytest.mark.parametrize("name", ["fast", "slow"])
def test_a_picture_is_answered_before_the_full_server_is_there(
    targets: dict[str, Target], name: str, cat: bytes, monitoring: str
) -> None:
    assert any(answered_first(targets[name], cat, monitoring) for _ in range(TRIES))


def test_a_config_file_with_one_model_keeps_it(
    targets: dict[str, Target], cat: bytes, monitoring: str, tmp_path: Path
) -> None:
    fast = targets["fast"]
    (tmp_path / "models.config").write_text(model_config({"mobilenet": fast.base_path}))
    flags = (monitoring, f"--model_config_file={tmp_path / 'models.config'}")
    assert any(answered_first(fast, cat, *flags) for _ in range(TRIES))


def test_a_flag_turns_it_off(targets: dict[str, Target], cat: bytes, monitoring: str) -> None:
    assert not answered_first(targets["fast"], cat, monitoring, "--first_responder=false")


def test_a_variable_turns_it_off(targets: dict[str, Target], cat: bytes, monitoring: str) -> None:
    environment = {"FIRSTSERVE_FIRST_RESPONDER": "false"}
    assert not answered_first(targets["fast"], cat, monitoring, environment=environment)


def test_several_models_go_without_it(targets: dict[str, Target], cat: bytes, monitoring: str, tmp_path: Path) -> None:
    fast = targets["fast"]
    (tmp_path / "models.config").write_text(model_config({"one": fast.base_path, "two": fast.base_path}))
    flags = (monitoring, f"--model_config_file={tmp_path / 'models.config'}")
    assert not answered_first(fast, cat, *flags, query="?model=two")


def test_a_model_without_pictures_goes_without_it(
    targets: dict[str, Target], cat: bytes, lite_models: Path, tmp_path: Path
) -> None:
    (tmp_path / "1").symlink_to(lite_models / "plus_1")
    fast = targets["fast"]
    with serving(*fast.argv(), f"--model_base_path={tmp_path}", "--model_name=m") as server:
        server.wait_until_open()
        answer = server.predict(cat)
        assert answer.status == 501
        assert "this model takes no picture" in answer.error
        assert server.stop() == 0


def test_its_answers_are_logged_and_counted_like_all_others(starting: Target, cat: bytes, monitoring: str) -> None:
    headers = [b"traceparent: 00-%s-00f067aa0ba902b7-01" % TRACE.encode(), b"Connection: close"]
    with serving(*starting.argv(), monitoring) as server:
        server.wait_until_open()
        for _ in range(3):
            assert b'"class": 285' in exchange(server.port, request(cat, *headers))
        phases(server)
        shown = figures(server)
        assert shown[':tensorflow:serving:request_count{model_name="mobilenet",status="OK"}'] == 3
        labels = 'model_name="mobilenet",API="image",entrypoint="REST"'
        assert shown[f":tensorflow:serving:request_latency_count{{{labels}}}"] == 3
        assert server.stop() == 0
        told = lines(server)
    assert len(told) == 3
    assert [line["time"] for line in told] == sorted(line["time"] for line in told)
    for line in told:
        assert (line["model"], line["version"], line["status"]) == ("mobilenet", 1, 200)
        assert 0 < line["decode_ms"] + line["inference_ms"] < line["latency_ms"]
        assert line["logging.googleapis.com/trace"].endswith(TRACE)


def test_only_one_answer_of_a_process_tells_the_start(starting: Target, cat: bytes) -> None:
    with serving(*starting.argv()) as server, ThreadPoolExecutor(8) as clients:
        server.wait_until_open()
        asked = [clients.submit(server.predict, cat) for _ in range(24)]
        told = ["startup;dur=" in each.result().headers["Server-Timing"] for each in asked]
        while server.ask("GET", "/v2/health/ready").status != 200:
            told.append("startup;dur=" in server.predict(cat).headers["Server-Timing"])
        assert told.count(True) == 1


def test_more_connections_than_it_holds_are_all_answered(starting: Target, cat: bytes) -> None:
    with serving(*starting.argv()) as server:
        server.wait_until_open()
        clients = [socket.create_connection(("127.0.0.1", server.port), ANSWER_LIMIT_S) for _ in range(CONNECTIONS)]
        for client in clients:
            client.sendall(request(cat))
        answers = [read_answer(client) for client in clients]
        for client in clients:
            client.close()
        # The full server may turn away what is more than it takes at once, as always.
        statuses = [int(answer[9:12]) for answer in answers]
        assert set(statuses) <= {200, 429}
        assert statuses.count(200) >= 64
        assert all(b'"class": 285' in answer for answer in answers if answer[9:12] == b"200")


@pytest.fixture(scope="module")
def expected(targets: dict[str, Target], cat: bytes) -> dict[str, bytes]:
    """What a server without a first responder says to a picture, by the server's name."""
    answers = {}
    for name in ("fast", "slow"):
        with serving(*targets[name].argv(), "--first_responder=false") as server:
            server.wait_until_open()
            answers[name] = without_moments(exchange(server.port, request(cat)))
    return answers


@pytest.mark.parametrize("name", ["fast", "slow"])
def test_one_connection_through_the_whole_start(
    targets: dict[str, Target], expected: dict[str, bytes], name: str, cat: bytes
) -> None:
    with serving(*targets[name].argv()) as server:
        server.wait_until_open()
        with socket.create_connection(("127.0.0.1", server.port), ANSWER_LIMIT_S) as connection:
            is_ready, asked_after = False, 0
            while asked_after < 3:
                connection.sendall(request(cat))
                assert without_moments(read_answer(connection)) == expected[name]
                asked_after += is_ready
                is_ready = is_ready or server.ask("GET", "/v2/health/ready").status == 200


@pytest.mark.parametrize("name", ["fast", "slow"])
def test_a_picture_that_comes_in_two_halves(
    targets: dict[str, Target], expected: dict[str, bytes], name: str, cat: bytes
) -> None:
    """The first responder has read the one, the full server reads the other."""
    with serving(*targets[name].argv()) as server:
        server.wait_until_open()
        with socket.create_connection(("127.0.0.1", server.port), ANSWER_LIMIT_S) as connection:
            connection.sendall(request(cat, b"Expect: 100-continue")[:-1000])
            while server.ask("GET", "/v2/health/ready").status != 200:
                pass
            connection.sendall(cat[-1000:])
            assert without_moments(read_answer(connection)) == b"HTTP/1.1 100 Continue\r\n\r\n" + expected[name]


@pytest.mark.parametrize("name", ["fast", "slow"])
def test_the_full_servers_verdict_on_whatever_is_not_its_own(targets: dict[str, Target], name: str) -> None:
    """All of it arrives as soon as the port is open, alone and behind a picture."""
    small = kinds()["png"]
    sent = [first + foreign for foreign in FOREIGN.values() for first in (b"", request(small))]
    command = (*targets[name].argv(), f"--max_body_bytes={LIMIT_BYTES}")
    assert len(small) < LIMIT_BYTES
    with serving(*command, "--first_responder=false") as server:
        server.wait_until_open()
        server.predict(small)
        expected = [without_moments(exchange(server.port, each)) for each in sent]
    with serving(*command) as server, ThreadPoolExecutor(len(sent)) as clients:
        server.wait_until_open()
        answers = list(clients.map(partial(exchange, server.port), sent))
    for question, answer, right in zip(sent, answers, expected, strict=True):
        assert without_moments(answer) == right, question[:1000]
