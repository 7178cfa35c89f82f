"""A first responder on a port of its own, in this process, with a real model; and clients that send it raw bytes."""

from __future__ import annotations

import re
import socket
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from firstserve.config.flags import parse_settings
from firstserve.first_responder.connection import Arrival
from firstserve.first_responder.first_model import FirstModel
from firstserve.first_responder.responder import FirstResponder
from firstserve.models.load_note import LoadNote
from firstserve.models.source import Version
from firstserve.startup import StartupClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WAIT_S = 60
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_VARIABLE = re.compile(rb"\r\n(Date|Server-Timing): [^\r]*")


class Responding:
    """A first responder that answers, until it is stopped or the test ends."""

    def __init__(self, model: FirstModel, listener: socket.socket, limit_bytes: int) -> None:
        settings = parse_settings((f"--max_body_bytes={limit_bytes}",), {})
        assert settings.http is not None
        self.responder = FirstResponder(model, settings.http, listener, StartupClock())
        self.port: int = listener.getsockname()[1]
        self.listener = listener
        self._arrivals: list[Arrival] | None = None
        self.late: list[Arrival] = []
        self.responder.start()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=WAIT_S)

    @property
    def handed_on(self) -> int:
        """How many connections are for the full server."""
        return len(self.responder._foreign)

    def stop(self) -> list[Arrival]:
        """Ends it as the full server does, and gives what that would go on with."""
        self.stop_now()
        # An answer that is under way comes to its end.
        until(lambda: not self.responder.is_busy)
        assert self._arrivals is not None
        return [*self._arrivals, *self.late]

    def stop_now(self) -> list[Arrival]:
        """As `stop`, but what is being answered comes to `late` afterwards."""
        if self._arrivals is None:
            self._arrivals = self.responder.stop(self.late.append)
        return self._arrivals

    def waiting(self) -> list[Arrival]:
        """The connections that are still in the port's queue, which the full server accepts."""
        waiting = []
        with suppress(BlockingIOError):
            while True:
                waiting.append(Arrival(*self.listener.accept(), received=b"", was_continued=False))
        return waiting

    def close(self) -> None:
        for arrival in self.stop():
            arrival.connection.close()


@contextmanager
def responding(base_path: Path, limit_bytes: int = 32 * 1024 * 1024) -> Iterator[Responding]:
    """Answers with the model's version 1, called mobilenet."""
    settings = parse_settings((f"--model_base_path={base_path}", "--model_name=mobilenet"), {})
    model = FirstModel(settings, "mobilenet", Version(1, base_path / "1"), LoadNote())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        running = Responding(model, listener, limit_bytes)
        try:
            yield running
        finally:
            running.close()
            servable = model.take(model.version)
            if servable is not None:
                servable.close()


def request(body: bytes, *headers: bytes, line: bytes = b"POST /predict HTTP/1.1") -> bytes:
    """A picture's request, as plain as can be, with more headers in front of the usual ones."""
    lines = [line, *headers, b"Host: localhost", b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def exchange(port: int, sent: bytes) -> bytes:
    """Sends bytes on a connection of its own, says that nothing more comes, and reads to the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_S) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    """What comes until the other side ends it; a reset is an end like any other."""
    received = bytearray()
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except ConnectionResetError:
        pass
    return bytes(received)


def read_answer(connection: socket.socket) -> bytes:
    """One answer, head and body, and what may come before it of 100 Continue."""
    received = bytearray()
    while b"\r\n\r\n" not in received.removeprefix(CONTINUE):
        received += _receive(connection)
    interim = CONTINUE if received.startswith(b"HTTP/1.1 100") else b""
    head, _, body = received.removeprefix(interim).partition(b"\r\n\r\n")
    length = re.search(rb"\r\nContent-Length: ([0-9]+)", head, re.IGNORECASE)
    assert length is not None, head
    while len(body) < int(length[1]):
        chunk = _receive(connection)
        received += chunk
        body += chunk
    assert len(body) == int(length[1])
    return bytes(received)


def without_moments(answers: bytes) -> bytes:
    """What two servers must say alike: everything but when it was said and how long it took."""
    return _VARIABLE.sub(rb"\r\n\1: -", answers)


def rest_of(arrival: Arrival) -> bytes:
    """All that the full server would get to read on a connection whose client has ended its side."""
    arrival.connection.settimeout(WAIT_S)
    return arrival.received + read_all(arrival.connection)


def until(holds: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline_s
        time.sleep(0.002)  # between two looks; nothing tells of it


def _receive(connection: socket.socket) -> bytes:
    chunk = connection.recv(65536)
    assert chunk, "the connection was ended without an answer"
    return chunk
