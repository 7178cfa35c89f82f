"""Which error a caller gets, and what it says: statuses and codes, and what is no model server."""

from __future__ import annotations

import json

import grpc
import pytest

from firstserve.client import (
    Client,
    ClientError,
    DeadlineExceeded,
    Forbidden,
    InvalidRequest,
    ServerFault,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from tests.client.scripted import Reply, scripted_grpc, scripted_http


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


def metadata_reply(*outputs: str) -> Reply:
    """Of a model with one signature, whose outputs are floats."""
    infos = {name: {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": "-1"}]}} for name in outputs}
    signatures = {"signature_def": {"serving_default": {"inputs": {}, "outputs": infos}}}
    answer = {"model_spec": {"name": "m", "version": "1"}, "metadata": {"signature_def": signatures}}
    return Reply(200, json.dumps(answer).encode())


def test_the_signature_of_a_new_version_is_asked_for() -> None:
    one, two = Reply(200, b'{"outputs": [1]}'), Reply(200, b'{"outputs": {"a": [1], "b": [2]}}')
    replies = (one, metadata_reply("a"), two, metadata_reply("a", "b"), one, metadata_reply("a"))
    with scripted_http(*replies) as server, Client(server.url) as client:
        assert [sorted(client.predict("m", {}).outputs) for _ in range(3)] == [["a"], ["a", "b"], ["a"]]


def test_outputs_that_no_signature_has_are_a_server_fault() -> None:
    replies = (Reply(200, b'{"outputs": ["text"]}'), metadata_reply("a"))
    with (
        scripted_http(*replies) as server,
        Client(server.url) as client,
        pytest.raises(ServerFault, match="other outputs"),
    ):
        client.predict("m", {})


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
