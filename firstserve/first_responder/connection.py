"""A connection of the first responder: a socket -> one request after the other, or all of it for the full server."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from firstserve.first_responder.request import ForeignRequestError, Head, read_head

if TYPE_CHECKING:
    import socket

_CHUNK_BYTES = 256 * 1024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Arrival(NamedTuple):
    """A connection for the full server, with what was already read from it."""

    connection: socket.socket
    address: tuple[str, int]
    received: bytes


class Connection:
    """Reads one request at a time, and no further than it has come."""

    def __init__(self, connection: socket.socket, address: tuple[str, int], now_s: float) -> None:
        self.socket = connection
        self.address = address
        self.received = bytearray()
        self.head: Head | None = None
        self.since_s = now_s
        """When the request that is being read began, or the connection; of `time.monotonic()`."""
        self.is_closing = False
        """Whether its last answer is out, and only the client's end is awaited."""

    def read(self) -> bool:
        """Takes in what has come. Gives False where the client has ended the connection. Raises OSError."""
        chunk = self.socket.recv(_CHUNK_BYTES)
        if not self.is_closing:
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
            if self.head.awaits_continue and len(self.received) == self.head.size_bytes:
                self.socket.send(_CONTINUE)
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

    def leave(self) -> Arrival:
        """Everything that the full server needs to go on with it."""
        return Arrival(self.socket, self.address, bytes(self.received))

    @property
    def _head(self) -> Head:
        if self.head is None:
            raise ForeignRequestError
        return self.head
