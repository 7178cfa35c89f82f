"""Connection group: connections that wait for the same thing, those that have waited longest first."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from firstserve.web.connection import Connection

_FOR_EVER_S = 1e9


class ConnectionGroup:
    """`limit_s` is how long one may wait; None is for ever. Times are those of `time.monotonic()`."""

    def __init__(self, limit_s: float | None) -> None:
        # Not infinity, from which nothing can be taken.
        self.limit_s = _FOR_EVER_S if limit_s is None else limit_s
        # Unlike that of a dict, its first member is found at once when many before it have gone.
        self._ends_s: OrderedDict[Connection, float] = OrderedDict()

    def __iter__(self) -> Iterator[Connection]:
        """Those that have waited longest first."""
        return iter(self._ends_s)

    def add(self, connection: Connection, now_s: float) -> None:
        """Lets a connection wait from now on, here and in no other group."""
        if connection.group is not None:
            connection.group.remove(connection)
        self._ends_s[connection] = now_s + self.limit_s
        connection.group = self

    def remove(self, connection: Connection) -> None:
        """Ends the wait."""
        del self._ends_s[connection]
        connection.group = None

    def waited_s(self, connection: Connection, now_s: float) -> float:
        """How long one has waited."""
        return now_s - self._ends_s[connection] + self.limit_s

    def first(self) -> Connection | None:
        """The one that has waited longest."""
        return next(iter(self._ends_s), None)

    def overdue(self, now_s: float) -> Iterator[Connection]:
        """Those that have waited too long; each is to be removed before the next one is asked for."""
        while (connection := self.first()) is not None and self._ends_s[connection] <= now_s:
            yield connection

    def cap(self, limit_s: float, now_s: float) -> None:
        """Lets nobody wait longer than `limit_s` from now on."""
        self.limit_s = min(self.limit_s, limit_s)
        for connection, end_s in self._ends_s.items():
            self._ends_s[connection] = min(end_s, now_s + limit_s)
