"""Patience: streams that wait for their client -> ended when it takes too long, or when too many of them wait.

A stream that only waits holds no place that others need: neither in admission nor, beyond a number, a thread.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import grpc

_TURN_S = 0.5
"""How late the end of a wait may be noticed."""


class Patience:
    """Beyond `most` streams, one is ended: of the connection that has most of them, the one that has waited longest.

    May be used by several threads.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._until_s: dict[grpc.ServicerContext, float] = {}
        self._peers: dict[grpc.ServicerContext, str] = {}
        self._lock = threading.Lock()
        self._begun = threading.Event()
        self._watcher: threading.Thread | None = None

    def begin(self, context: grpc.ServicerContext, limit_s: float | None) -> None:
        """The stream waits from now on; None is without bound."""
        peer = context.peer()
        with self._lock:
            self._until_s[context] = time.monotonic() + limit_s if limit_s is not None else float("inf")
            self._peers[context] = peer
            longest = self._longest() if len(self._until_s) > self._most else None
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="grpc-patience", daemon=True)
                self._watcher.start()
        if longest is not None:
            self._end(longest)
        if not self._begun.is_set():
            self._begun.set()

    def leave(self, context: grpc.ServicerContext) -> bool:
        """The wait is over. Says whether it was so before it was ended."""
        with self._lock:
            self._peers.pop(context, None)
            return self._until_s.pop(context, None) is not None

    def end_longest(self) -> None:
        """Ends the stream that is the first to do without."""
        with self._lock:
            longest = self._longest()
        if longest is not None:
            self._end(longest)

    def end_all(self) -> None:
        """Ends all that wait now."""
        with self._lock:
            waiting = list(self._until_s)
        for context in waiting:
            self._end(context)

    def _longest(self) -> grpc.ServicerContext | None:
        """Who has one stream must not suffer for who has a thousand."""
        counts = Counter(self._peers.values())
        return max(self._peers, key=lambda context: counts[self._peers[context]], default=None)

    def _end(self, context: grpc.ServicerContext) -> None:
        if self.leave(context):
            context.cancel()

    def _watch(self) -> None:
        while True:
            # Nobody to wait for costs nothing; somebody new need not tell as long as there are others.
            self._begun.wait()
            time.sleep(_TURN_S)
            now_s = time.monotonic()
            with self._lock:
                overdue = [context for context, until_s in self._until_s.items() if until_s <= now_s]
                if not self._until_s:
                    self._begun.clear()
            for context in overdue:
                self._end(context)
