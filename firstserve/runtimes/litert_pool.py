"""Pool: compiled models that nobody uses just now, by signature and shapes, for a while and within a budget of memory.

Each has packed weights and room for all tensors of its own: of a MobileNet for 32 images, 150 MB.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firstserve.runtimes.litert_compilation import Shapes
    from firstserve.runtimes.litert_compiled_model import CompiledModel
    from firstserve.runtimes.litert_model import Entry

_KEPT_PER_INSTANCE = 4
"""Kept for each one that may be at work, of whatever shapes."""
_KEPT_BYTES = 128 * 1024 * 1024
"""What they may take together, unless it is a single one that was used just now."""
_KEPT_S = 30.0
"""How long one is kept that nobody uses."""


class Pool:
    """See the module. `limit` is how many may be at work at once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        # Most recently used last.
        self._idle: list[CompiledModel] = []
        self._watch: threading.Timer | None = None

    @property
    def size_bytes(self) -> int:
        """What the idle ones take beyond the one that the model was loaded with."""
        return sum(compiled.size_bytes for compiled in self._idle)

    def take(self, entry: Entry, shapes: Shapes) -> CompiledModel | None:
        """One of these shapes, if there is any."""
        with self._lock:
            for compiled in reversed(self._idle):
                if compiled.entry is entry and compiled.shapes == shapes:
                    self._idle.remove(compiled)
                    return compiled
        return None

    def keep(self, compiled: CompiledModel) -> None:
        """Keeps one for later; what was unused for longest goes where there are too many, or they take too much."""
        gone = []
        with self._lock:
            compiled.used_s = time.monotonic()
            self._idle.append(compiled)
            if len(self._idle) > _KEPT_PER_INSTANCE * self._limit:
                gone.append(self._idle.pop(0))
            while self.size_bytes > _KEPT_BYTES:
                large = next((idle for idle in self._idle[:-1] if idle.size_bytes), None)
                if large is None:
                    break
                self._idle.remove(large)
                gone.append(large)
            if len(self._idle) > 1 and self._watch is None:
                self._watch_on()
        # It takes a while, and others need the lock.
        for idle in gone:
            idle.close()

    def expire(self, before_s: float) -> None:
        """Closes what was last used before, but for the smallest, with which single requests are answered."""
        with self._lock:
            smallest = min(self._idle, key=lambda idle: idle.size_bytes, default=None)
            gone = [idle for idle in self._idle if idle is not smallest and idle.used_s < before_s]
            self._idle = [idle for idle in self._idle if idle not in gone]
        for idle in gone:
            idle.close()
        if gone:
            from firstserve.heap import give_back

            give_back()

    def close(self) -> None:
        """Gives all memory back; none may be at work."""
        with self._lock:
            gone, self._idle = self._idle, []
            if self._watch is not None:
                self._watch.cancel()
        for idle in gone:
            idle.close()

    def _watch_on(self) -> None:
        self._watch = threading.Timer(_KEPT_S, self._look)
        self._watch.daemon = True
        self._watch.start()

    def _look(self) -> None:
        self.expire(time.monotonic() - _KEPT_S)
        with self._lock:
            self._watch = None
            if len(self._idle) > 1:
                self._watch_on()
