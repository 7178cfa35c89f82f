"""What an answer may cost a client: bytes, time and depth."""

from __future__ import annotations

import gzip
from typing import Any

import grpc
import pytest

from firstserve.client import Client, ClientError, DeadlineExceeded, InvalidRequest, ServerFault
from tests.client.scripted import STATUS_BODY, Reply, scripted_grpc, scripted_http

LIMIT_BYTES = 1024 * 1024
LONG = STATUS_BODY + b" " * (2 * LIMIT_BYTES)
DEEP = b"[" * 200_000 + b"]" * 200_000
UNKNOWN_FIELD = b"\x92\x03\x80\x80\x80\x01" + bytes(2 * LIMIT_BYTES)
"""Field 50 of 2 MiB, which a message may hold and nobody reads."""
GZIP = {"Content-Encoding": "gzip"}


@pytest.mark.parametrize(
    "reply", [Reply(body=LONG), Reply(body=gzip.compress(LONG), headers=GZIP)], ids=["plain", "gzip"]
)
def test_an_answer_by_rest_has_a_limit(reply: Reply) -> None:
    with scripted_http(reply) as server, Client(server.url, answer_limit_bytes=LIMIT_BYTES) as client:
        with pytest.raises(ServerFault, match="answer_limit_bytes"):
            client.status("m")
        assert len(server.asked) == 1


def test_a_long_answer_within_the_limit_is_read() -> None:
    reply = Reply(body=gzip.compress(LONG), headers=GZIP)
    with scripted_http(reply) as server, Client(server.url, answer_limit_bytes=len(LONG)) as client:
        assert client.status("m")[0].version == 7


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_an_answer_by_grpc_has_a_limit(compression: grpc.Compression) -> None:
    with scripted_grpc(compression=compression, beyond=UNKNOWN_FIELD) as server:
        with Client(server.url, answer_limit_bytes=LIMIT_BYTES) as client:
            with pytest.raises(ServerFault, match="answer_limit_bytes"):
                client.status("m")
            assert len(server.asked) == 1
        with Client(server.url) as client:
            assert client.status("m")[0].version == 7


@pytest.mark.parametrize("raw", [b"HTTP/1.1 100 Continue\r\n\r\n", b"H"], ids=["100", "drip"])
def test_the_time_limit_ends_a_head_that_does_not_end(raw: bytes) -> None:
    with (
        scripted_http(Reply(raw=raw)) as server,
        Client(server.url, timeout_s=0.3) as client,
        pytest.raises(DeadlineExceeded),
    ):
        client.status("m")


@pytest.mark.parametrize("status", [200, 400])
def test_an_answer_that_is_nested_too_deeply_is_a_typed_error(status: int) -> None:
    with scripted_http(Reply(status, DEEP)) as server, Client(server.url) as client, pytest.raises(ClientError):
        client.status("m")


def test_a_request_that_is_nested_too_deeply_is_a_typed_error() -> None:
    rows: list[Any] = []
    for _ in range(200_000):
        rows = [rows]
    with scripted_http(Reply()) as server, Client(server.url) as client, pytest.raises(InvalidRequest):
        client.predict_instances("m", rows)
    while rows:  # or Python would take it apart recursively
        rows = rows[0]
