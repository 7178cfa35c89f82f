"""Connection: a socket that never blocks -> whole requests in, answers out.

To gunicorn it is the socket that answers are written to: it keeps what the client does not take at once.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from firstserve.web.request_reader import RequestReader

if TYPE_CHECKING:
    from gunicorn.config import Config

    from firstserve.first_responder.connection import Arrival
    from firstserve.web.connection_group import ConnectionGroup
    from firstserve.web.request_reader import Limit

_READ_BYTES = 256 * 1024
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection:
    """Used by one thread at a time: the loop's, or the one that answers its request."""

    def __init__(self, connection: socket.socket, address: tuple[str, int], config: Config, limit: Limit) -> None:
        connection.setblocking(False)
        self.socket = connection
        self.descriptor = connection.fileno()
        self.address = address
        self.reader = RequestReader(config, address, limit)
        self.keeps_alive = True
        """Whether a request may follow the answer that is being sent."""
        self.group: ConnectionGroup | None = None
        """What it waits for; None while it is answered."""
        self.counted_bytes = 0
        """What the loop has counted of the memory it holds."""
        self.body_bytes = 0
        """Of the request that is being answered."""
        self.is_new = True
        """Whether nobody has looked yet at what has come."""
        self.is_refused = False
        """Whether the request that is answered was given up before all of its body had come."""
        self._unsent = bytearray()

    @classmethod
    def of(cls, arrival: Arrival, config: Config, limit: Limit) -> Connection:
        """One that somebody else has begun to read."""
        connection = cls(arrival.connection, arrival.address, config, limit)
        connection.reader.received += arrival.received
        connection.reader.was_continued = arrival.was_continued
        return connection

    @property
    def held_bytes(self) -> int:
        """The memory that requests and what is not sent of an answer take."""
        return self.reader.held_bytes + self.body_bytes + len(self._unsent)

    @property
    def unsent_bytes(self) -> int:
        """What is left of the answer."""
        return len(self._unsent)

    @property
    def is_ready(self) -> bool:
        """Whether there is nothing to do but to wait for another request."""
        return self.keeps_alive and self.reader.is_idle and not self._unsent

    def receive(self) -> bool | None:
        """Takes in what has come; False where the client has ended the connection, None where nothing is there.

        Raises OSError.
        """
        try:
            chunk = self.socket.recv(_READ_BYTES)
        except BlockingIOError:
            return None
        self.reader.received += chunk
        return bool(chunk)

    def drop(self) -> bool | None:
        """As `receive`, but what has come is for nobody: were it left unread, the client could lose its answer."""
        try:
            return bool(self.socket.recv(_READ_BYTES))
        except BlockingIOError:
            return None

    def tell_to_continue(self) -> None:
        """Tells a client that waits for it to send its body. Raises OSError."""
        if self.reader.awaits_continue:
            self.reader.was_continued = True
            self.sendall(CONTINUE)
            self.send()

    def sendall(self, data: bytes) -> None:
        """Keeps what is to be sent; gunicorn calls it."""
        self._unsent += data

    def forget_answer(self) -> None:
        """Drops what is not sent yet."""
        self._unsent.clear()

    def send(self) -> bool:
        """Sends what the client takes now. Gives whether that was all. Raises OSError."""
        sent = 0
        with memoryview(self._unsent) as unsent, suppress(BlockingIOError):
            while sent < len(unsent):
                sent += self.socket.send(unsent[sent:])
        del self._unsent[:sent]
        return not self._unsent

    def finish(self) -> None:
        """Says that nothing more comes; what the client still sends is to be dropped until its own end comes."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
