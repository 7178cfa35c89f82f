"""A connection of the first responder: a socket -> one request after the other, or all of it for the full server."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import NamedTuple

from firstserve.first_responder.request import ForeignRequestError, Head, read_head

_CHUNK_BYTES = 256 * 1024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Arrival(NamedTuple):
    """A connection for the full server, with what was already read from it."""

    connection: socket.socket
    address: tuple[str, int]
    received: bytes
    was_continued: bool
    """Whether the request at its beginning has had the 100 Continue that it asks for."""


class Connection:
    """Reads one request at a time, and no further than it has come."""

    def __init__(self, connection: socket.socket, address: tuple[str, int], now_s: float) -> None:
        self.socket = connection
        self.address = address
        self.received = bytearray()
        self.head: Head | None = None
        self.since_s = now_s
        """When the request that is being read began, or the connection; of `time.monotonic()`."""
        self.was_continued = False
        """Whether that request was told to go on with its body."""
        self.is_closing = False
        """Whether its last answer is out, and only the client's end is awaited."""

    def read(self, now_s: float) -> bool:
        """Takes in what has come. Gives False where the client has ended the connection. Raises OSError."""
        chunk = self.socket.recv(_CHUNK_BYTES)
        if not self.is_closing:
            if not self.received:
                self.since_s = now_s
            self.received += chunk
        return bool(chunk)

    def has_request(self, limit_bytes: int) -> bool:
        """Whether a whole request is there. Raises ForeignRequestError for one that is for the full server."""
        if self.head is None:
            if not self.received:
                return False
            self.head = read_head(self.received, limit_bytes)
            if self.head is None:
                return False
            if self.head.awaits_continue:
                self.was_continued = self.socket.send(_CONTINUE) == len(_CONTINUE)
        return len(self.received) >= self.head.size_bytes + self.head.body_bytes

    def body(self) -> bytes:
        """The body of the whole request that is there."""
        head = self._head
        return bytes(memoryview(self.received)[head.size_bytes : head.size_bytes + head.body_bytes])

    def forget_request(self, now_s: float) -> None:
        """Drops the request that is answered; what the client has sent behind it stays."""
        head = self._head
        del self.received[: head.size_bytes + head.body_bytes]
        self.head = None
        self.since_s = now_s
        self.was_continued = False

    def finish(self) -> None:
        """Says that nothing more comes, and drops what the client still sends.

        It is not closed before the client's end has come, or the answer could be lost in a reset.
        """
        self.is_closing = True
        self.received.clear()
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def is_idle(self) -> bool:
        """Whether the client has sent nothing that is to be answered, nor has it come unread."""
        if self.is_closing:
            return True
        try:
            return not self.received and not self.socket.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def leave(self) -> Arrival:
        """Everything that the full server needs to go on with it."""
        return Arrival(self.socket, self.address, bytes(self.received), self.was_continued)

    @property
    def _head(self) -> Head:
        if self.head is None:
            raise ForeignRequestError
        return self.head
