"""Outage: the time until another worker is tried -> a 503 that says why, to whoever asks meanwhile."""

from __future__ import annotations

import json
import select
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from firstserve.standard_streams import end

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

_CONNECTIONS_LIMIT = 256
_CLIENT_S = 2.0
"""How long a client may take to say something, and again to read its answer."""
_READ_BYTES = 65536
_HEAD_END = b"\r\n\r\n"


class Outage:
    """Answers on the one of the sockets that is bound; where none is, nobody can ask."""

    def __init__(self, sockets: Sequence[socket.socket], reason: str, pause_s: float) -> None:
        self._listener = next((each for each in sockets if each.getsockname()[1]), None)
        self._end_s = time.monotonic() + pause_s
        self._body = json.dumps({"error": f"no model can be served now: {reason}"}).encode() + b"\n"
        self._poll = select.poll()
        self._clients: dict[int, _Client] = {}

    def last(self, signals: Sequence[signal.Signals]) -> None:
        """Returns at its end. Takes these signals, which are blocked before and after, as the end of the process."""
        for number in signals:
            signal.signal(number, lambda *_: end(0))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        if self._listener is not None:
            self._listener.setblocking(False)
            self._poll.register(self._listener, select.POLLIN)
        while (left_s := self._end_s - time.monotonic()) > 0:
            for descriptor, _ in self._poll.poll(min(left_s, _CLIENT_S / 4) * 1e3 + 1):
                if descriptor in self._clients:
                    self._read(self._clients[descriptor])
                else:
                    self._accept()
            self._close_slow_ones()
        for client in list(self._clients.values()):
            self._close(client)
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)

    def _accept(self) -> None:
        if self._listener is None:
            return
        if len(self._clients) >= _CONNECTIONS_LIMIT:
            self._close(next(iter(self._clients.values())))
        try:
            connection, _ = self._listener.accept()
        except OSError:
            # The client has gone again, or there is no descriptor left.
            return
        connection.setblocking(False)
        client = _Client(connection)
        self._clients[connection.fileno()] = client
        self._poll.register(connection, select.POLLIN)

    def _read(self, client: _Client) -> None:
        try:
            received = client.connection.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if not received:
            self._close(client)
        elif not client.is_answered:
            client.received += received
            if _HEAD_END in client.received or len(client.received) > _READ_BYTES:
                self._answer(client)

    def _answer(self, client: _Client) -> None:
        retry_s = max(round(self._end_s - time.monotonic()), 1)
        head = (
            "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"Retry-After: {retry_s}\r\nContent-Length: {len(self._body)}\r\n\r\n"
        ).encode("ascii")
        body = b"" if client.received.startswith(b"HEAD ") else self._body
        client.is_answered, client.received, client.until_s = True, b"", time.monotonic() + _CLIENT_S
        with suppress(OSError):
            client.connection.send(head + body)
            # What the client still sends is read, or the answer could be lost in a reset.
            client.connection.shutdown(1)

    def _close_slow_ones(self) -> None:
        now_s = time.monotonic()
        for client in [each for each in self._clients.values() if each.until_s <= now_s]:
            self._close(client)

    def _close(self, client: _Client) -> None:
        descriptor = client.connection.fileno()
        self._poll.unregister(descriptor)
        del self._clients[descriptor]
        client.connection.close()


class _Client:
    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.received = b""
        self.is_answered = False
        self.until_s = time.monotonic() + _CLIENT_S
