"""Many requests at once, and the end of the server while they are in flight."""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.server_process import ANSWER_LIMIT_S, ROOT, serving

if TYPE_CHECKING:
    from tests.contract.conftest import Target
    from tests.server_process import Answer, ServerProcess


def test_no_answer_is_lost_or_mixed_up_at_32_connections(server: ServerProcess, cat: bytes) -> None:
    pictures = [cat, *((ROOT / "examples/pictures" / name).read_bytes() for name in ("coffee.jpg", "rocket.jpg"))]
    expected = [server.predict(picture).body for picture in pictures]

    def ask(number: int) -> bool:
        return server.predict(pictures[number % 3]).body == expected[number % 3]

    with ThreadPoolExecutor(32) as clients:
        assert all(clients.map(ask, range(192)))


def test_more_requests_than_the_limit_are_turned_away_at_once(target: Target, cat: bytes) -> None:
    with serving(*target.argv(), "--max_requests_at_once=1") as server, ThreadPoolExecutor(8) as clients:
        server.wait_until_open()
        server.ask("GET", "/v2/health/ready")
        deadline_s = time.monotonic() + ANSWER_LIMIT_S
        turned_away: list[Answer] = []
        while not turned_away:
            assert time.monotonic() < deadline_s
            answers = list(clients.map(server.predict, [cat] * 8))
            assert {answer.status for answer in answers} <= {200, 429}
            assert any(answer.status == 200 for answer in answers)
            turned_away = [answer for answer in answers if answer.status == 429]
        assert turned_away[0].headers["Retry-After"] == "1"
        assert "its limit of requests at once, 1 (--max_requests_at_once)" in turned_away[0].error
        assert server.predict(cat).status == 200


def test_a_request_that_has_not_come_whole_takes_no_place(target: Target, cat: bytes) -> None:
    with serving(*target.argv(), "--max_requests_at_once=1") as server:
        server.wait_until_open()
        slow = server.connect()
        slow.putrequest("POST", "/predict")
        slow.putheader("Content-Length", str(len(cat)))
        slow.endheaders(cat[:1000])
        assert [server.predict(cat).status for _ in range(3)] == [200, 200, 200]
        slow.send(cat[1000:])
        assert slow.getresponse().status == 200
        slow.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_idle_server_ends_in_order(target: Target, number: signal.Signals, cat: bytes) -> None:
    with serving(*target.argv()) as server:
        server.wait_until_open()
        assert server.predict(cat).status == 200
        assert server.stop(number) == 0
        assert "Traceback" not in server.log


def test_sigterm_under_load_answers_what_is_in_flight(target: Target, cat: bytes) -> None:
    answers: list[Answer] = []
    refused: list[ConnectionRefusedError] = []
    lost: list[Exception] = []
    under_way = threading.Barrier(9)

    with serving(*target.argv()) as server:
        server.wait_until_open()
        server.predict(cat)

        def keep_asking() -> None:
            answers.append(server.predict(cat))
            under_way.wait()
            while True:
                try:
                    answers.append(server.predict(cat))
                except ConnectionRefusedError as error:
                    refused.append(error)
                    return
                except OSError as error:
                    lost.append(error)
                    return

        clients = [threading.Thread(target=keep_asking) for _ in range(8)]
        for client in clients:
            client.start()
        under_way.wait()
        began = time.monotonic()
        assert server.stop() == 0
        stopped_s = time.monotonic() - began
        for client in clients:
            client.join()
    assert not lost
    assert len(refused) == 8
    assert all(answer.status == 200 for answer in answers)
    assert stopped_s < 10


def test_sigterm_lets_a_slow_request_finish(target: Target, cat: bytes) -> None:
    with serving(*target.argv()) as server:
        server.wait_until_open()
        connection = server.connect()
        connection.putrequest("POST", "/predict")
        connection.putheader("Content-Length", str(len(cat)))
        connection.endheaders(cat[:1000])
        server.predict(cat)  # by now the one before it is being read
        server.process.send_signal(signal.SIGTERM)
        connection.send(cat[1000:])
        response = connection.getresponse()
        assert response.status == 200
        assert b'"class": 285' in response.read()
        connection.close()
        assert server.process.wait(10) == 0
