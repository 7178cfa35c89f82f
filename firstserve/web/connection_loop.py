"""Connection loop: connections -> whole requests for others to answer -> answers sent.

It reads and sends without waiting for anyone. What a slow client costs is a descriptor and what it has sent so far, and
both are bounded.
"""

from __future__ import annotations

import logging
import os
import select
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from gunicorn.http.errors import ParseException

from firstserve.errors import FirstserveError, QueueFull, RequestTimeout
from firstserve.web.acceptor import Acceptor
from firstserve.web.connection import Connection
from firstserve.web.connection_table import ConnectionTable
from firstserve.web.descriptors import connections_limit
from firstserve.web.request_reader import damaged_body

if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket

    from gunicorn.config import Config

    from firstserve.config.settings import HttpSettings
    from firstserve.first_responder.connection import Arrival
    from firstserve.web.request_reader import WholeRequest

    Answer = Callable[[Connection, WholeRequest], None]
    Refuse = Callable[[Connection, Exception], None]

log = logging.getLogger(__name__)

_TURN_S = 0.5
"""How late a limit of time may be noticed."""
_EVENTS_AT_ONCE = 256
_TOO_MUCH = (
    "the server has its limit of {} bytes of bodies at once (--max_body_bytes_at_once), and this one came slowest: "
    "ask again later"
)
_READABLE, _WRITABLE = select.EPOLLIN | select.EPOLLONESHOT, select.EPOLLOUT | select.EPOLLONESHOT


class ConnectionLoop:
    """Runs in one thread; `adopt`, `give_back` and `wake` are for all.

    `answer` is called with each request and sees to it that the connection is given back with its answer; until then
    the loop leaves it alone. `refuse` leaves the answer to what is no request with its connection.
    """

    def __init__(
        self, listener: socket, settings: HttpSettings, config: Config, answer: Answer, refuse: Refuse
    ) -> None:
        self._settings = settings
        self._config = config
        self._answer_request = answer
        self._refuse_bytes = refuse
        self._table = ConnectionTable(settings, connections_limit(settings.connections))
        self._epoll = select.epoll()
        self._waker = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._waker, select.EPOLLIN)
        self._acceptor = Acceptor(listener, self._epoll, self._accept, self._has_room, self._make_room)
        self._answered: deque[Connection] = deque()
        self._arrived: deque[Arrival] = deque()

    @property
    def is_empty(self) -> bool:
        """Whether no connection is left."""
        return not (self._table or self._arrived)

    def accept_from_now_on(self) -> None:
        """Begins to take in connections from the port."""
        self._acceptor.start()

    def turn(self) -> None:
        """Does what there is to do, and returns once something was done, or nothing was for a while."""
        self._acceptor.resume()
        events = self._epoll.poll(_TURN_S, _EVENTS_AT_ONCE)
        # First: what is given back can have an event at once.
        self._take_back()
        for descriptor, _ in events:
            if descriptor == self._waker:
                os.eventfd_read(self._waker)
                self._take_back()
            elif descriptor == self._acceptor.descriptor:
                self._acceptor.accept()
            elif (connection := self._table.get(descriptor)) is not None and connection.group is not None:
                self._go_on(connection)
        for connection in self._table.overdue():
            self._end_wait(connection)

    def wake(self) -> None:
        """Ends the turn that waits."""
        os.eventfd_write(self._waker, 1)

    def adopt(self, arrival: Arrival) -> None:
        """Goes on with a connection that somebody else has begun to read."""
        self._arrived.append(arrival)
        self.wake()

    def give_back(self, connection: Connection) -> None:
        """Takes a connection back that has its answer."""
        is_done = False
        with suppress(OSError):
            # One that is broken is seen so in the loop.
            is_done = connection.send() and connection.is_ready
        self._answered.append(connection)
        if not is_done:
            self.wake()
            return
        with suppress(OSError):
            # The loop need not wake up: it sees what was given back when the next request comes.
            self._epoll.modify(connection.descriptor, _READABLE)

    def end(self, keepalive_s: float) -> None:
        """Closes the port; what is open goes on, an idle connection for `keepalive_s` more."""
        self._acceptor.close()
        self._table.idle.cap(keepalive_s, time.monotonic())

    # Connections come.

    def _has_room(self) -> bool:
        return len(self._table) < self._table.limit

    def _make_room(self) -> bool:
        idlest = self._table.idlest()
        if idlest is not None:
            self._table.close(idlest)
        return idlest is not None

    def _accept(self, accepted: socket, address: tuple[str, int]) -> None:
        self._take_in(Connection(accepted, address, self._config, self._settings.body_limit))

    def _take_in(self, connection: Connection) -> None:
        self._table.add(connection)
        try:
            self._epoll.register(connection.descriptor, select.EPOLLONESHOT)
        except OSError:
            # The kernel has no room for one more.
            self._table.close(connection)
            return
        self._table.wait(connection, self._table.idle)
        # What a client has to say is mostly there already.
        self._go_on(connection)

    def _take_back(self) -> None:
        """Goes on with what others have put aside for the loop."""
        while self._answered:
            connection = self._answered.popleft()
            connection.body_bytes = 0
            if connection.is_ready:
                self._table.wait(connection, self._table.idle)
                self._table.count(connection)
                continue
            try:
                self._send(connection)
            except OSError:
                self._table.close(connection)
        while self._arrived:
            self._take_in(Connection.of(self._arrived.popleft(), self._config, self._settings.body_limit))

    # Connections say something, or take what is said.

    def _go_on(self, connection: Connection) -> None:
        table = self._table
        try:
            if connection.group is table.sending:
                self._send(connection)
            elif connection.group in {table.parting, table.draining}:
                self._drop(connection)
            else:
                self._receive(connection)
        except OSError:
            table.close(connection)
        except Exception:
            # The others must not pay for it.
            log.exception("a connection failed; it is closed")
            table.close(connection)

    def _receive(self, connection: Connection) -> None:
        goes_on = connection.receive()
        if goes_on or connection.is_new:
            connection.is_new = False
            self._read_request(connection)
        elif goes_on is None:
            self._epoll.modify(connection.descriptor, _READABLE)
        elif not self._refuse(connection, damaged_body("the connection has ended before it")):
            self._table.close(connection)

    def _read_request(self, connection: Connection) -> None:
        """Sees what can be done with what has come. Raises OSError."""
        table, reader = self._table, connection.reader
        try:
            request = reader.take()
        except ParseException as error:
            # Nobody knows where a next request would begin.
            connection.keeps_alive = False
            reader.received.clear()
            self._refuse_bytes(connection, error)
            self._send(connection)
            return
        if request is not None:
            self._answer(connection, request)
            return
        connection.tell_to_continue()
        table.wait(
            connection, table.idle if reader.is_idle else table.heads if reader.message is None else table.bodies
        )
        self._epoll.modify(connection.descriptor, _READABLE)
        table.count(connection)
        while (slowest := table.slowest()) is not None:
            if not self._refuse(slowest, QueueFull(_TOO_MUCH.format(self._settings.bytes_at_once))):
                table.close(slowest)

    def _refuse(self, connection: Connection, reason: FirstserveError) -> bool:
        """Answers a request whose body does not come; False where not even its head is there."""
        request = connection.reader.refuse(reason)
        if request is not None:
            self._answer(connection, request)
        return request is not None

    def _end_wait(self, connection: Connection) -> None:
        table = self._table
        if connection.group is table.bodies:
            self._refuse(
                connection,
                RequestTimeout(f"the body has not come within {table.bodies.limit_s:g} s (--request_body_timeout_s)"),
            )
        elif connection.group is table.heads:
            self._refuse_bytes(
                connection,
                RequestTimeout(f"the head has not come within {table.heads.limit_s:g} s (--request_head_timeout_s)"),
            )
            with suppress(OSError):
                connection.send()
            table.close(connection)
        else:
            table.close(connection)

    def _send(self, connection: Connection) -> None:
        """Goes on with an answer, and behind it with what comes next. Raises OSError."""
        table = self._table
        progress = connection.unsent_bytes
        is_sent = connection.send()
        if not is_sent:
            if connection.unsent_bytes < progress:
                table.answer(connection)
            table.wait(connection, table.sending)
            self._epoll.modify(connection.descriptor, _WRITABLE)
        elif not connection.keeps_alive:
            table.wait(connection, table.draining if connection.is_refused else table.parting)
            connection.finish()
            self._epoll.modify(connection.descriptor, _READABLE)
        else:
            table.wait(connection, table.idle)
            # It counts as well, and a thread may be at work with the connection afterwards.
            self._read_request(connection)
            return
        table.count(connection)

    def _drop(self, connection: Connection) -> None:
        if connection.drop() is False:
            self._table.close(connection)
        else:
            self._epoll.modify(connection.descriptor, _READABLE)

    def _answer(self, connection: Connection, request: WholeRequest) -> None:
        self._table.answer(connection)
        connection.is_refused = request.refusal is not None
        connection.body_bytes = len(request.body)
        self._table.count(connection)
        self._answer_request(connection, request)
