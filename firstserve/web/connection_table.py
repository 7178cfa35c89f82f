"""Connection table: all connections of the loop, what each waits for, and what they may take of the machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from firstserve.web.connection_group import ConnectionGroup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from firstserve.config.settings import HttpSettings
    from firstserve.web.connection import Connection

_KEEPALIVE_S = 75
"""Longer than the proxies in front keep their connections, so that it is they who close them."""
_PARTING_S = 2
"""How long a client may take to close a connection that is answered."""
_DRAIN_S = 10
"""How long what is left of a body that was refused is read, so that the client sees why."""

_INSTANT_S = 1e-3
_UNDER_WAY = 0.1
"""What a second counts for which a body or an answer has been under way."""


class ConnectionTable:
    """Belongs to the loop's thread. A connection that is in no group is being answered."""

    def __init__(self, settings: HttpSettings, limit: int) -> None:
        self.limit = limit
        self.idle = ConnectionGroup(_KEEPALIVE_S)
        """Nothing of a next request has come."""
        self.heads = ConnectionGroup(settings.head_timeout_s)
        self.bodies = ConnectionGroup(settings.body_timeout_s)
        self.sending = ConnectionGroup(settings.send_timeout_s)
        """The client has not taken all of its answer."""
        self.parting = ConnectionGroup(_PARTING_S)
        """All is said, and the client's end is awaited."""
        self.draining = ConnectionGroup(_DRAIN_S)
        """As `parting`, while the rest of a refused body may still come."""
        self._by_descriptor: dict[int, Connection] = {}
        self._held_bytes = 0
        self._limit_bytes = settings.bytes_at_once

    def __len__(self) -> int:
        return len(self._by_descriptor)

    def get(self, descriptor: int) -> Connection | None:
        """The open connection of a descriptor."""
        return self._by_descriptor.get(descriptor)

    def add(self, connection: Connection) -> None:
        """Takes in a new one."""
        self._by_descriptor[connection.descriptor] = connection

    def wait(self, connection: Connection, group: ConnectionGroup) -> None:
        """Lets a connection wait in a group; its time there goes on if it does already."""
        if connection.group is not group:
            group.add(connection, time.monotonic())

    def answer(self, connection: Connection) -> None:
        """Takes a connection out of all groups: a thread works for it."""
        if connection.group is not None:
            connection.group.remove(connection)

    def close(self, connection: Connection) -> None:
        """Ends a connection; the kernel forgets what was to be told of it."""
        self.answer(connection)
        self._held_bytes -= connection.counted_bytes
        connection.counted_bytes = 0
        del self._by_descriptor[connection.descriptor]
        connection.socket.close()

    def idlest(self) -> Connection | None:
        """The one to close where there are too many; None where all are being answered.

        It is the one that has waited longest. Who has just connected has waited for nothing yet, whatever fills the
        table; a body or an answer that is under way counts less than a connection on which nobody needs anything.
        """
        now_s = time.monotonic()
        groups = (self.idle, self.parting, self.heads, self.draining, self.bodies, self.sending)
        firsts = [(group, first) for group in groups if (first := group.first()) is not None]

        def waited_s(pair: tuple[ConnectionGroup, Connection]) -> float:
            group, first = pair
            return group.waited_s(first, now_s) * (_UNDER_WAY if group in {self.bodies, self.sending} else 1)

        return max(firsts, key=waited_s)[1] if firsts else None

    def overdue(self) -> Iterator[Connection]:
        """Those that have waited too long; each is to be dealt with before the next one is asked for."""
        now_s = time.monotonic()
        for group in (self.idle, self.heads, self.bodies, self.sending, self.parting, self.draining):
            yield from group.overdue(now_s)

    def count(self, connection: Connection) -> None:
        """Takes note of the memory that a connection holds now."""
        # Once: a thread may be at work with the connection.
        held_bytes = connection.held_bytes
        self._held_bytes += held_bytes - connection.counted_bytes
        connection.counted_bytes = held_bytes

    def slowest(self) -> Connection | None:
        """Where all together hold too much memory, the one to do without: the slowest sender, else a slow reader."""
        if self._held_bytes <= self._limit_bytes:
            return None
        now_s = time.monotonic()

        def bytes_per_s(connection: Connection) -> float:
            return connection.reader.held_bytes / max(self.bodies.waited_s(connection, now_s), _INSTANT_S)

        return min(self.bodies, key=bytes_per_s, default=None) or self.sending.first() or self.heads.first()
