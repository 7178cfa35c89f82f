"""What is not the first responder's own reaches the full server byte for byte, and it holds no more than its limits."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from firstserve.first_responder import responder
from firstserve.image.classifier import ImageClassifier
from tests.first_responder.foreign import FOREIGN, LIMIT_BYTES
from tests.first_responder.responding import (
    WAIT_S,
    Responding,
    exchange,
    read_answer,
    request,
    responding,
    rest_of,
    until,
)

if TYPE_CHECKING:
    from pathlib import Path

    from firstserve.first_responder.connection import Arrival

MEBI = 1024 * 1024
CONNECTIONS_LIMIT = 64
HELD_LIMIT_BYTES = 64 * MEBI
BODY_LIMIT_BYTES = 16 * MEBI
READ_AT_ONCE_BYTES = 256 * 1024


@pytest.mark.parametrize("kind", FOREIGN)
def test_byte_for_byte(tflite_model: Path, kind: str) -> None:
    with responding(tflite_model, limit_bytes=LIMIT_BYTES) as first, first.connect() as connection:
        connection.sendall(FOREIGN[kind])
        connection.shutdown(socket.SHUT_WR)
        until(lambda: first.handed_on == 1)
        (arrival,) = first.stop()
        assert rest_of(arrival) == FOREIGN[kind]
        assert not first.responder.answered


@pytest.mark.parametrize("kind", FOREIGN)
def test_behind_an_own_request(tflite_model: Path, cat: bytes, kind: str) -> None:
    with responding(tflite_model, limit_bytes=len(cat)) as first, first.connect() as connection:
        sent = FOREIGN[kind] if kind != "over the limit" else request(bytes(len(cat) + 1))
        connection.sendall(request(cat) + sent)
        connection.shutdown(socket.SHUT_WR)
        assert b'"class": 285' in read_answer(connection)
        until(lambda: first.handed_on == 1)
        (arrival,) = first.stop()
        assert rest_of(arrival) == sent


def test_a_second_request_of_another_kind(first: Responding, cat: bytes) -> None:
    with first.connect() as connection:
        connection.sendall(request(cat))
        read_answer(connection)
        connection.sendall(FOREIGN["another method"])
        until(lambda: first.handed_on == 1)
        (arrival,) = first.stop()
        assert arrival.received == FOREIGN["another method"]


def test_a_connection_between_two_requests(first: Responding, cat: bytes) -> None:
    with first.connect() as connection:
        connection.sendall(request(cat))
        read_answer(connection)
        (arrival,) = first.stop()
        assert arrival.received == b""
        connection.sendall(request(cat))
        connection.shutdown(socket.SHUT_WR)
        assert rest_of(arrival) == request(cat)


def test_a_connection_on_which_nothing_has_come(first: Responding, cat: bytes) -> None:
    with first.connect():
        # Who comes later has been accepted later.
        exchange(first.port, request(cat))
        assert [arrival.received for arrival in first.stop()] == [b""]


def test_a_connection_that_has_gone_is_forgotten(first: Responding, cat: bytes) -> None:
    first.connect().close()
    with first.connect() as reset:
        reset.sendall(b"POST /pred")
        reset.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    exchange(first.port, request(cat))
    until(lambda: not first.responder._connections)
    assert first.stop() == []


def test_a_slow_sender_is_handed_on_and_delays_nobody(
    first: Responding, cat: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responder, "_SENDER_S", 0.1)
    sent = request(cat)
    with first.connect() as slow:
        slow.sendall(sent[:50])
        assert b'"class": 285' in exchange(first.port, sent)
        until(lambda: first.handed_on == 1)
        slow.sendall(sent[50:])
        slow.shutdown(socket.SHUT_WR)
        (arrival,) = first.stop()
        assert rest_of(arrival) == sent


def test_who_waits_long_before_a_request_is_not_slow(
    first: Responding, cat: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responder, "_SENDER_S", 0.1)
    with first.connect() as patient, first.connect() as slow:
        slow.sendall(b"P")
        until(lambda: first.handed_on == 1)
        patient.sendall(request(cat))
        assert b'"class": 285' in read_answer(patient)


def test_more_connections_than_its_limit_wait_for_the_full_server(
    first: Responding, cat: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responder, "_QUIET_S", WAIT_S)
    with ExitStack() as open_ones:
        clients = [open_ones.enter_context(first.connect()) for _ in range(CONNECTIONS_LIMIT + 6)]
        for client in clients:
            client.sendall(request(cat)[:-1])
        until(lambda: first.responder._held() == CONNECTIONS_LIMIT)
        first.responder.wait_for_turn()
        # Those that it holds are answered nevertheless.
        for client in clients[:3]:
            client.sendall(request(cat)[-1:])
            assert b'"class": 285' in read_answer(client)
        arrivals, waiting = first.stop(), first.waiting()
        assert (len(arrivals), len(waiting)) == (CONNECTIONS_LIMIT, 6)
        for client in clients:
            client.shutdown(socket.SHUT_WR)
        rests = [rest_of(arrival) for arrival in (*arrivals, *waiting)]
        assert sorted(rests) == [b""] * 3 + [request(cat)[:-1]] * (len(clients) - 3)
        for arrival in waiting:
            arrival.connection.close()


@pytest.mark.parametrize("missing_bytes", [0, 1], ids=["whole requests", "unfinished requests"])
def test_no_more_bytes_than_its_limit_are_held(first: Responding, missing_bytes: int) -> None:
    sent = request(bytes(BODY_LIMIT_BYTES))
    sent = sent[: len(sent) - missing_bytes]
    count = 8
    with ExitStack() as open_ones:
        clients = [open_ones.enter_context(first.connect()) for _ in range(count)]
        senders = [threading.Thread(target=client.sendall, args=(sent,)) for client in clients]
        for sender in senders:
            sender.start()
        until(lambda: first.handed_on >= (count if missing_bytes == 0 else 1))
        until(lambda: not any(each.received and not each.head for each in first.responder._connections.values()))
        arrivals = first.stop()
        held_bytes = sum(len(arrival.received) for arrival in arrivals)
        assert held_bytes > HELD_LIMIT_BYTES - BODY_LIMIT_BYTES
        assert held_bytes < HELD_LIMIT_BYTES + count * READ_AT_ONCE_BYTES + BODY_LIMIT_BYTES
        for arrival in arrivals:
            received_bytes = len(arrival.received)
            arrival.connection.settimeout(60)
            while received_bytes < len(sent):
                received_bytes += len(arrival.connection.recv(MEBI))
        for sender in senders:
            sender.join()


def test_who_does_not_read_answers_gets_no_more_of_them(
    first: Responding, cat: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responder, "_ANSWER_S", 0.1)
    first.listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        client.connect(("127.0.0.1", first.port))
        client.sendall(request(cat) * 40)
        until(lambda: any(each.is_closing for each in first.responder._connections.values()))
        assert b'"class": 285' in exchange(first.port, request(cat))
        assert first.stop() == []


def test_the_end_waits_for_the_answers_to_what_has_arrived(first: Responding, cat: bytes) -> None:
    ended = threading.Event()
    with first.connect() as client:
        client.sendall(request(cat))
        first.responder.end_when_idle(ended.set)
        assert b'"class": 285' in read_answer(client)
        assert ended.wait(WAIT_S)


def test_the_end_does_not_wait_for_who_says_nothing(first: Responding, cat: bytes) -> None:
    ended = threading.Event()
    with (
        first.connect(),
        first.connect() as client,
    ):
        client.sendall(request(cat))
        read_answer(client)
        first.responder.end_when_idle(ended.set)
        assert ended.wait(WAIT_S)


def test_the_end_leaves_to_the_full_server_what_only_that_can_answer(first: Responding) -> None:
    ended = threading.Event()
    with first.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        first.responder.end_when_idle(ended.set)
        first.responder.wait_for_turn()
        (arrival,) = first.stop()
        arrival.connection.close()
    assert not ended.is_set()


def test_the_full_server_comes_when_no_picture_does(first: Responding) -> None:
    first.responder.wait_for_turn()
    assert not first.responder.answered


def test_the_full_server_comes_behind_the_first_answer(
    first: Responding, cat: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responder, "_QUIET_S", WAIT_S)
    with first.connect() as connection:
        connection.sendall(request(cat))
        first.responder.wait_for_turn()
        first.stop()
        assert len(first.responder.answered) == 1


def test_the_full_server_comes_for_a_request_of_another_kind(
    first: Responding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responder, "_QUIET_S", WAIT_S)
    with first.connect() as connection:
        connection.sendall(FOREIGN["another method"])
        first.responder.wait_for_turn()
        assert len(first.stop()) == 1


def test_an_answer_that_takes_long_holds_up_nobody_else(
    first: Responding, cat: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, released = threading.Event(), threading.Event()
    predict = ImageClassifier.predict

    def predict_late(*arguments: Any, **options: Any) -> Any:
        begun.set()
        assert released.wait(WAIT_S)
        return predict(*arguments, **options)

    monkeypatch.setattr(ImageClassifier, "predict", predict_late)
    with first.connect() as slow, first.connect() as other:
        slow.sendall(request(cat))
        assert begun.wait(WAIT_S)
        other.sendall(FOREIGN["another method"])
        first.responder.wait_for_turn()
        assert [arrival.received for arrival in first.stop_now()] == [FOREIGN["another method"]]
        assert not first.late
        released.set()
        assert b'"class": 285' in read_answer(slow)
        until(lambda: bool(first.late))
        assert rest_after(slow, first.late[0]) == b"POST"


def rest_after(client: socket.socket, arrival: Arrival) -> bytes:
    """What the full server reads on a connection, whose client sends one more request and ends."""
    client.sendall(b"POST")
    client.shutdown(socket.SHUT_WR)
    return rest_of(arrival)
