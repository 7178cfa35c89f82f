"""Worker: gunicorn's worker on a loop that reads whole requests: each is answered by the application in a thread."""

from __future__ import annotations

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from gunicorn import util
from gunicorn.workers import base

from firstserve.errors import RequestTimeout
from firstserve.supervisor import GRACE_S
from firstserve.web.app_call import call_app
from firstserve.web.connection_loop import ConnectionLoop

if TYPE_CHECKING:
    from socket import socket

    from gunicorn.config import Config

    from firstserve.config.settings import HttpSettings
    from firstserve.web.connection import Connection
    from firstserve.web.gunicorn_log import GunicornLog
    from firstserve.web.http_server import HttpServer
    from firstserve.web.request_reader import WholeRequest

_LAST_KEEPALIVE_S = 2
"""So long an idle connection stays when the server ends: a request may be under way on it."""


def _write_error(connection: Connection, status: int, reason: str, text: str) -> None:
    """Answers what never becomes a request, such as a header without a colon: in JSON as all errors."""
    body = json.dumps({"error": text or reason}).encode() + b"\n"
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode("latin-1") + body)


# gunicorn would answer with a page of its own, and has no setting for it.
util.write_error = _write_error


class Worker(base.Worker):  # type: ignore[misc]  # gunicorn has no types
    """Answers on a bound port, in this process; `app` is an HttpServer."""

    def __init__(
        self, listener: socket, app: HttpServer, config: Config, log: GunicornLog, settings: HttpSettings
    ) -> None:
        super().__init__(1, os.getppid(), [listener], app, config.timeout, config, log)
        self.pid = os.getpid()
        self._address = listener.getsockname()
        self._threads = ThreadPoolExecutor(config.threads, "http")
        self._loop = ConnectionLoop(listener, settings, config, self._answer, self._refuse)

    def init_signals(self) -> None:
        """Takes over the signals, and one that has come before; on gunicorn's way they are deadly for a moment."""
        signal.signal(signal.SIGTERM, self.handle_exit)
        for number in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, self.handle_quit)
        if self.app.is_to_stop():
            self.alive = False

    def handle_exit(self, _number: int, _frame: object) -> None:
        """Begins to end; what is in flight is answered first."""
        self.alive = False
        self._loop.wake()

    def run(self) -> None:
        """Answers until it is told to stop, and then what is still in flight."""
        self.app.take_over(self._loop.adopt)
        self._loop.accept_from_now_on()
        while self.alive:
            self._loop.turn()
        self.app.begin_to_stop()
        self._loop.end(_LAST_KEEPALIVE_S)
        end_s = time.monotonic() + GRACE_S
        while not (self._loop.is_empty and self.app.has_taken_over) and time.monotonic() < end_s:
            self._loop.turn()
        self.app.stop_serving()

    def _answer(self, connection: Connection, request: WholeRequest) -> None:
        # Where there is no room for another thread, one that is there takes it later.
        with suppress(RuntimeError):
            self._threads.submit(self._call_app, connection, request)

    def _call_app(self, connection: Connection, request: WholeRequest) -> None:
        try:
            connection.keeps_alive = call_app(
                self.wsgi, self.cfg, self._address, connection, request, is_last=not self.alive
            )
        except Exception as error:  # noqa: BLE001 - gunicorn says what it is
            connection.forget_answer()
            connection.keeps_alive = False
            self.handle_error(request.message, connection, connection.address, error)
        finally:
            self._loop.give_back(connection)

    def _refuse(self, connection: Connection, error: Exception) -> None:
        if isinstance(error, RequestTimeout):
            _write_error(connection, error.http, "Request Timeout", str(error))
        else:
            self.handle_error(None, connection, connection.address, error)
