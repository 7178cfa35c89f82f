"""Worker: gunicorn's threaded worker, made to go on where the first responder ends, and to lose no connection."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import struct
import sys
import time
from collections import deque
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from socket import SHUT_WR, SOL_SOCKET
from typing import TYPE_CHECKING

from gunicorn import util
from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import TConn, ThreadWorker

if TYPE_CHECKING:
    from concurrent.futures import Future
    from socket import socket

    from gunicorn.config import Config

    from firstserve.first_responder.connection import Arrival
    from firstserve.web.gunicorn_log import GunicornLog
    from firstserve.web.http_server import HttpServer


def _write_error(connection: socket, status: int, reason: str, text: str) -> None:
    """Answers what never becomes a request, such as a header without a colon: in JSON as all errors."""
    body = json.dumps({"error": text or reason}).encode() + b"\n"
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    util.write_nonblock(connection, head.encode("latin-1") + body)


_SO_ATTACH_FILTER = 26
"""socket(7), <asm-generic/socket.h>."""
_DROP_SYN = (
    (0x30, 0, 0, 13),  # load the byte with the flags of the TCP header
    (0x45, 0, 1, 0x02),  # is SYN among them?
    (0x06, 0, 0, 0),  # then keep nothing of the packet,
    (0x06, 0, 0, 0xFFFFFFFF),  # else all of it
)
"""A classic BPF program, <linux/filter.h>: struct sock_filter as (code, jt, jf, k)."""
_HANDSHAKE_S = 0.05
"""Longer than the rest of a handshake takes between a platform's proxy and its containers."""
_EMPTYING_S = 1
_PARTING_S = 2
"""How long a client may take to close a connection, as in gunicorn."""
_DRAINED_BYTES = 65536

# gunicorn would answer with a page of its own, and has no setting for it.
util.write_error = _write_error


def _refuse_handshakes(listener: socket) -> None:
    """Has the kernel drop the first packet of every further connection (Linux), so that the queue can be emptied.

    Handshakes that are under way are finished. Who tries to connect meanwhile sends again after a second, and finds
    the port closed.
    """
    if not sys.platform.startswith("linux"):
        return
    instructions = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in _DROP_SYN))
    program = struct.pack("HP", len(_DROP_SYN), ctypes.addressof(instructions))
    # A sandbox may not know filters; then a connection of the last microseconds can be reset.
    with suppress(OSError):
        listener.setsockopt(SOL_SOCKET, _SO_ATTACH_FILTER, program)


class _Continued(RequestParser):  # type: ignore[misc]  # gunicorn has no types
    """Reads requests, the first of which was told already to go on with its body."""

    def __next__(self) -> object:
        request = super().__next__()
        if self.req_count == 1:
            request._expected_100_continue = False  # noqa: SLF001 - gunicorn would say it once more
        return request


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Answers on a bound port, in this process; `app` is an HttpServer."""

    def __init__(self, listener: socket, app: HttpServer, config: Config, log: GunicornLog) -> None:
        super().__init__(1, os.getppid(), [listener], app, config.timeout, config, log)
        self.pid = os.getpid()
        self._address = listener.getsockname()
        self._parting: deque[TConn] = deque()

    def init_signals(self) -> None:
        """Takes over the signals, and one that has come before; on gunicorn's way they are deadly for a moment."""
        signal.signal(signal.SIGTERM, self.handle_exit)
        for number in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, self.handle_quit)
        if self.app.is_to_stop():
            self.alive = False

    def run(self) -> None:
        """Answers until it is told to stop, and then what is still in flight."""
        for arrival in self.app.take_over():
            self._take(arrival)
        super().run()
        self.app.stop_serving()

    def _take(self, arrival: Arrival) -> None:
        """Goes on with a connection that somebody else has begun to read."""
        self.nr_conns += 1
        connection = TConn(self.cfg, arrival.connection, arrival.address, self._address)
        if arrival.received:
            read = _Continued if arrival.was_continued else RequestParser
            connection.parser = read(self.cfg, arrival.connection, arrival.address)
            connection.parser.unreader.unread(arrival.received)
            connection.data_ready = True
            self.enqueue_req(connection)
            return
        # As gunicorn does between two requests: it takes no thread until something comes.
        connection.set_timeout()
        self.keepalived_conns.append(connection)
        self.poller.register(connection.sock, EVENT_READ, partial(self.on_client_socket_readable, connection))

    def finish_request(self, conn: TConn, fs: Future[object]) -> None:
        """Goes on with a connection whose request is answered; gunicorn calls it.

        It would let everybody wait, up to 2 s, for a client to close a connection on which nothing more comes.
        """
        if fs.cancelled() or fs.exception() is not None or fs.result():
            super().finish_request(conn, fs)
            return
        if conn.sock.fileno() < 0:
            self.nr_conns -= 1
            return
        self._parting.append(conn)
        conn.timeout = time.monotonic() + _PARTING_S
        conn.sock.setblocking(False)
        self.poller.register(conn.sock, EVENT_READ, partial(self._drain, conn))
        with suppress(OSError):
            conn.sock.shutdown(SHUT_WR)

    def murder_pending(self) -> None:
        """Closes connections whose client does not; gunicorn calls it about every second."""
        super().murder_pending()
        while self._parting and self._parting[0].timeout <= time.monotonic():
            self._part_with(self._parting[0])

    def _drain(self, conn: TConn, connection: socket) -> None:
        """Reads what is not for anyone: were it left unread, the client could lose its answer to a reset."""
        try:
            goes_on = bool(connection.recv(_DRAINED_BYTES))
        except BlockingIOError:
            return
        except OSError:
            goes_on = False
        if not goes_on:
            self._part_with(conn)

    def _part_with(self, conn: TConn) -> None:
        self._parting.remove(conn)
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def set_accept_enabled(self, enabled: bool) -> None:
        """When stopping, takes in the connections that the kernel has already answered for us, then closes the port.

        gunicorn would leave them in the listener's queue, and they would be reset.
        """
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                _refuse_handshakes(listener)
                self._accept_waiting(listener)
                listener.close()

    def _accept_waiting(self, listener: socket) -> None:
        from select import select

        # Where handshakes go on, the queue may never be empty.
        deadline_s = time.monotonic() + _EMPTYING_S
        while time.monotonic() < deadline_s and select([listener], [], [], _HANDSHAKE_S)[0]:
            self.accept(listener)
