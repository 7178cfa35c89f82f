"""Timed connections: urllib3's, whose limit of time goes for a whole answer and not for each piece of it.

A head that comes byte by byte, or one `100 Continue` after the other, would begin the time anew again and again.
"""

from __future__ import annotations

import io
import time
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    from socket import socket

    from _typeshed import WriteableBuffer


class _TimedReader(io.RawIOBase):
    """What comes from a socket, until the time that is left to it when this is made has passed."""

    def __init__(self, connection: socket) -> None:
        self._socket = connection
        self._raw = connection.makefile("rb", buffering=0)
        self._limit_s = connection.gettimeout()
        self._until_s = None if self._limit_s is None else time.monotonic() + self._limit_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        if self._until_s is None:
            return self._raw.readinto(buffer)
        left_s = self._until_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the answer does not end")
        self._socket.settimeout(left_s)
        try:
            return self._raw.readinto(buffer)
        finally:
            # The next request on this connection has a time of its own.
            self._socket.settimeout(self._limit_s)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(HTTPResponse):
    def __init__(self, sock: socket, *arguments: Any, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        self.fp.close()
        self.fp = io.BufferedReader(_TimedReader(sock))


class _TimedConnection(HTTPConnection):
    response_class = _TimedResponse


class _TimedTlsConnection(HTTPSConnection):
    response_class = _TimedResponse


class TimedPool(HTTPConnectionPool):
    """Connections in the clear."""

    ConnectionCls = _TimedConnection


class TimedTlsPool(HTTPSConnectionPool):
    """Connections over TLS."""

    ConnectionCls = _TimedTlsConnection
