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
    Forbidden,
    InvalidRequest,
    Overloaded,
    ServerFault,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from tests.client.scripted import Reply, scripted_grpc, scripted_http

BUSY = Reply(429, b'{"error": "too many requests"}')
LOADING = Reply(503, b'{"error": "the model is loading"}')
CUT_OFF = Reply(0)
SILENT = Reply(-1)
PASSING = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)
SHORT_S = 0.3


@pytest.mark.parametrize("reply", [BUSY, LOADING, CUT_OFF], ids=["429", "503", "cut off"])
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


@pytest.mark.parametrize("reply", [BUSY, CUT_OFF], ids=["429", "cut off"])
def test_without_retries_there_is_one_request(reply: Reply) -> None:
    with scripted_http(reply) as server, Client(server.url, retries=0) as client:
        with pytest.raises(ClientError):
            client.status("m")
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequest),
        (401, Unauthenticated),
        (403, Forbidden),
        (413, InvalidRequest),
        (418, InvalidRequest),
        (500, ServerFault),
        (501, Unsupported),
        (502, Unavailable),
        (504, DeadlineExceeded),
    ],
)
def test_other_statuses_are_errors_at_once(status: int, kind: type[ClientError]) -> None:
    with scripted_http(Reply(status, b'{"error": "why"}')) as server, Client(server.url) as client:
        with pytest.raises(kind, match="why") as caught:
            client.status("m")
        assert len(server.asked) == 1
    assert (type(caught.value), caught.value.code) == (kind, str(status))


def test_silence_ends_with_the_time_limit() -> None:
    with scripted_http(SILENT) as server, Client(server.url, timeout_s=SHORT_S) as client:
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


def test_a_page_of_somebody_else_is_told_without_its_tags() -> None:
    page = Reply(403, b"<html><title>403 Forbidden</title> <h1>Your client may not</h1></html>")
    with scripted_http(page) as server, Client(server.url) as client, pytest.raises(Forbidden) as caught:
        client.status("m")
    assert caught.value.message == "status 403: 403 Forbidden Your client may not"


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"[]", b"{}", b'{"model_version_status": [{}]}'])
def test_what_is_no_model_server_is_a_server_fault(body: bytes) -> None:
    says = "something else than a model server"
    with (
        scripted_http(Reply(200, body)) as server,
        Client(server.url) as client,
        pytest.raises(ServerFault, match=says),
    ):
        client.status("m")


def test_a_redirect_is_not_followed() -> None:
    with scripted_http(Reply()) as other:
        elsewhere = Reply(302, b"", {"Location": other.url})
        with scripted_http(elsewhere) as server, Client(server.url) as client, pytest.raises(ServerFault, match="302"):
            client.status("m")
        assert other.asked == []


def test_everything_is_below_the_path_of_the_address() -> None:
    with scripted_http(Reply()) as server, Client(f"{server.url}/tf/serving/") as client:
        client.status("a/b", label="c d")
        assert server.asked[0].path == "/tf/serving/v1/models/a%2Fb/labels/c%20d"


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


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("INVALID_ARGUMENT", InvalidRequest),
        ("FAILED_PRECONDITION", InvalidRequest),
        ("UNAUTHENTICATED", Unauthenticated),
        ("PERMISSION_DENIED", Forbidden),
        ("UNIMPLEMENTED", Unsupported),
        ("DEADLINE_EXCEEDED", DeadlineExceeded),
        ("INTERNAL", ServerFault),
        ("DATA_LOSS", ServerFault),
    ],
)
def test_other_codes_are_errors_at_once(code: str, kind: type[ClientError]) -> None:
    with scripted_grpc(grpc.StatusCode[code]) as server, Client(server.url) as client:
        with pytest.raises(kind, match="as told") as caught:
            client.status("m")
        assert len(server.asked) == 1
    assert (type(caught.value), caught.value.code) == (kind, code)


@pytest.mark.parametrize(
    "url", ["", "localhost:8501", "ftp://localhost", "http://", "http://me@localhost", "http://a?b"]
)
def test_what_is_no_address_is_a_mistake(url: str) -> None:
    with pytest.raises(ValueError, match=r"address|leave the rest away"):
        Client(url)


def test_grpc_has_no_path() -> None:
    with pytest.raises(ValueError, match="'/v1' away"):
        Client("grpc://localhost/v1")
