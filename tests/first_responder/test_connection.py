"""One connection: requests one after the other, or everything for the full server."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from firstserve.first_responder.connection import Connection
from firstserve.first_responder.request import ForeignRequestError
from tests.first_responder.responding import CONTINUE, request

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_BYTES = 1_000_000


class Ends:
    """Both ends of a connection."""

    def __init__(self) -> None:
        self.client, server = socket.socketpair()
        server.setblocking(False)
        self.connection = Connection(server, ("127.0.0.1", 1), 0.0)

    def send(self, sent: bytes, now_s: float = 0.0) -> bool:
        """Sends it, and has the connection read it; gives whether a whole request is there."""
        self.client.sendall(sent)
        assert self.connection.read(now_s)
        return self.connection.has_request(LIMIT_BYTES)


@pytest.fixture
def ends() -> Iterator[Ends]:
    ends = Ends()
    yield ends
    ends.client.close()
    ends.connection.socket.close()


def test_a_request_is_there_with_its_last_byte(ends: Ends) -> None:
    whole = request(b"picture")
    for place in range(len(whole) - 1):
        assert not ends.send(whole[place : place + 1])
    assert ends.send(whole[-1:])
    assert ends.connection.body() == b"picture"


def test_a_second_request_waits_behind_the_first(ends: Ends) -> None:
    assert ends.send(request(b"one") + request(b"two")[:-1])
    assert ends.connection.body() == b"one"
    ends.connection.forget_request(0.0)
    assert not ends.connection.has_request(LIMIT_BYTES)
    assert ends.send(b"o")
    assert ends.connection.body() == b"two"


def test_everything_of_a_foreign_request_is_handed_on(ends: Ends) -> None:
    sent = request(b"one", line=b"PUT /predict HTTP/1.1")
    with pytest.raises(ForeignRequestError):
        ends.send(sent)
    assert ends.connection.leave().received == sent


def test_a_foreign_request_behind_an_own_one_is_handed_on_alone(ends: Ends) -> None:
    assert ends.send(request(b"one") + b"GET / HTTP/1.1\r\n")
    ends.connection.forget_request(0.0)
    with pytest.raises(ForeignRequestError):
        ends.connection.has_request(LIMIT_BYTES)
    assert ends.connection.leave().received == b"GET / HTTP/1.1\r\n"


@pytest.mark.parametrize("at_once", [0, 3, 7])
def test_who_waits_for_100_continue_is_told_once(ends: Ends, at_once: int) -> None:
    head, body = request(b"picture", b"Expect: 100-continue")[:-7], b"picture"
    ends.send(head + body[:at_once])
    assert ends.client.recv(1000) == CONTINUE
    ends.client.setblocking(False)
    if at_once < len(body):
        assert ends.send(body[at_once:])
    with pytest.raises(BlockingIOError):
        ends.client.recv(1000)


def test_what_is_handed_on_says_whether_the_client_was_told_to_continue(ends: Ends) -> None:
    ends.send(request(b"picture", b"Expect: 100-continue")[:-1])
    assert ends.connection.leave().was_continued
    assert ends.send(b"e")
    ends.connection.forget_request(0.0)
    ends.send(request(b"picture"))
    assert not ends.connection.leave().was_continued


def test_the_end_of_the_client_is_seen(ends: Ends) -> None:
    ends.client.shutdown(socket.SHUT_WR)
    assert not ends.connection.read(0.0)


def test_a_request_begins_with_its_first_byte(ends: Ends) -> None:
    ends.send(request(b"one")[:5], 7.0)
    ends.send(request(b"one")[5:], 8.0)
    assert ends.connection.since_s == 7.0


def test_what_comes_after_the_end_is_dropped(ends: Ends) -> None:
    ends.send(request(b"one", b"Connection: close") + request(b"two"))
    ends.connection.forget_request(0.0)
    ends.connection.finish()
    assert ends.client.recv(10) == b""
    ends.client.sendall(request(b"three"))
    assert ends.connection.read(0.0)
    assert ends.connection.leave().received == b""
