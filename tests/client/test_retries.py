"""Whether, when and how often a client asks again, and what it says when that was in vain."""

from __future__ import annotations

from itertools import pairwise

import grpc
import numpy as np
import pytest

from firstserve.client import (
    Client,
    ClientError,
    DeadlineExceeded,
    Overloaded,
    Unavailable,
)
from tests.client.scripted import Reply, scripted_grpc, scripted_http

BUSY = Reply(429, b'{"error": "too many requests"}')
LOADING = Reply(503, b'{"error": "the model is loading"}')
CUT_OFF = Reply(0)
BROKEN_OFF = Reply(missing_bytes=100)
SILENT = Reply(-1)
ENDLESS = Reply(missing_bytes=1_000_000, drips=True)
PASSING = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)
SHORT_S = 0.3


@pytest.mark.parametrize("reply", [BUSY, LOADING, CUT_OFF, BROKEN_OFF], ids=["429", "503", "cut off", "broken off"])
def test_http_is_asked_again_until_it_answers(reply: Reply) -> None:
    with scripted_http(reply, reply, Reply()) as server, Client(server.url) as client:
        assert client.status("m")[0].version == 7
        assert len(server.asked) == 3


def test_a_post_is_asked_again() -> None:
    with scripted_http(BUSY, Reply(200, b'{"predictions": [1]}')) as server, Client(server.url) as client:
        assert client.predict_instances("m", [1]) == [1]


def test_waits_grow() -> None:
    with scripted_http(BUSY, BUSY, BUSY, Reply()) as server, Client(server.url) as client:
        client.status("m")
        waits_s = [after.at_s - before.at_s for before, after in pairwise(server.asked)]
    assert all(wait_s >= least_s for wait_s, least_s in zip(waits_s, [0.05, 0.1, 0.2], strict=True))


def test_http_is_asked_again_when_it_said() -> None:
    later = Reply(429, headers={"Retry-After": "1"})
    with scripted_http(later, Reply()) as server, Client(server.url) as client:
        client.status("m")
        first, second = server.asked
    assert second.at_s - first.at_s >= 1


def test_a_time_to_ask_again_that_is_none_is_not_minded() -> None:
    with scripted_http(Reply(429, headers={"Retry-After": "soon"}), Reply()) as server, Client(server.url) as client:
        assert client.status("m")[0].version == 7


def test_a_wait_beyond_the_time_limit_is_not_begun() -> None:
    later = Reply(429, b'{"error": "too many requests"}', {"Retry-After": "3600"})
    with scripted_http(later) as server, Client(server.url) as client:
        with pytest.raises(Overloaded, match="too many requests") as caught:
            client.status("m")
        assert len(server.asked) == 1
    assert caught.value.retry_after_s == 3600


def test_retries_are_counted() -> None:
    with scripted_http(LOADING) as server, Client(server.url, retries=2) as client:
        with pytest.raises(Unavailable, match="the model is loading"):
            client.status("m")
        assert len(server.asked) == 3


@pytest.mark.parametrize("reply", [BUSY, CUT_OFF, BROKEN_OFF], ids=["429", "cut off", "broken off"])
def test_without_retries_there_is_one_request(reply: Reply) -> None:
    with scripted_http(reply) as server, Client(server.url, retries=0) as client:
        with pytest.raises(ClientError):
            client.status("m")
        assert len(server.asked) == 1


@pytest.mark.parametrize("reply", [SILENT, ENDLESS], ids=["silence", "an endless answer"])
def test_the_time_limit_ends(reply: Reply) -> None:
    with scripted_http(reply) as server, Client(server.url, timeout_s=SHORT_S) as client:
        with pytest.raises(DeadlineExceeded, match="no answer from http://localhost"):
            client.status("m")
        assert len(server.asked) == 1


def test_retries_end_with_the_time_limit() -> None:
    with scripted_http(BUSY) as server, Client(server.url, timeout_s=SHORT_S, retries=1000) as client:
        with pytest.raises(Overloaded):
            client.status("m")
        assert len(server.asked) < 10


def test_a_call_may_have_a_time_limit_of_its_own() -> None:
    with scripted_http(SILENT) as server, Client(server.url) as client, pytest.raises(DeadlineExceeded):
        client.status("m", timeout_s=SHORT_S)


def test_connections_are_kept() -> None:
    with scripted_http(Reply()) as server, Client(server.url) as client:
        for _ in range(3):
            client.status("m")
        assert len({each.port for each in server.asked}) == 1


@pytest.mark.parametrize("code", PASSING, ids=lambda code: str(code.name))
def test_grpc_is_asked_again_until_it_answers(code: grpc.StatusCode) -> None:
    with scripted_grpc(code, code) as server, Client(server.url) as client:
        assert client.status("m")[0].version == 7
        assert len(server.asked) == 3


def test_a_large_grpc_request_is_asked_again() -> None:
    with scripted_grpc(*PASSING) as server, Client(server.url) as client:
        assert client.predict("m", {"x": np.zeros(1_000_000, np.float32)}).outputs == {}
        assert len(server.asked) == 3


@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (1, 2), (9, 5)])
def test_grpc_retries_are_counted(retries: int, attempts: int) -> None:
    with scripted_grpc(*PASSING * 5) as server, Client(server.url, retries=retries) as client:
        with pytest.raises((Unavailable, Overloaded), match="as told"):
            client.status("m")
        assert len(server.asked) == attempts
