"""Line writer: lines -> a queue -> a thread that writes them to a descriptor, so that nobody waits for its reader.

What does not fit into the queue, and what the descriptor does not take, is dropped, counted, and told once there is
room. A line is written whole, or not at all.
"""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LIMIT_BYTES = 1024 * 1024
_BATCH_BYTES = 65536


class LineWriter:
    """`tell_dropped` makes the line that tells how many were dropped. The thread starts with the first line."""

    def __init__(self, descriptor: int, tell_dropped: Callable[[int], bytes], limit_bytes: int = _LIMIT_BYTES) -> None:
        self._descriptor = descriptor
        self._tell_dropped = tell_dropped
        self._limit_bytes = limit_bytes
        # Guards what follows; notified of lines that come and of lines that are done with.
        self._changed = threading.Condition()
        self._lines: deque[bytes] = deque()
        self._held_bytes = 0
        """Of the lines that wait, and of those that are being written."""
        self._dropped = 0
        self._thread: threading.Thread | None = None
        self._rest = b""
        """Of a line that was begun when the descriptor took no more. The thread's own."""

    def write(self, line: bytes) -> None:
        """Has a line written, with its end; does not wait."""
        with self._changed:
            if self._held_bytes + len(line) > self._limit_bytes:
                self._dropped += 1
                return
            self._append(line)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="log", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def drain(self, limit_s: float) -> None:
        """Returns when everything is written, or when the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: not self._held_bytes, limit_s)

    def _append(self, line: bytes) -> None:
        self._lines.append(line)
        self._held_bytes += len(line)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines)
                batch = [self._lines.popleft()]
                size_bytes = len(batch[0])
                while self._lines and size_bytes < _BATCH_BYTES:
                    batch.append(self._lines.popleft())
                    size_bytes += len(batch[-1])
            lost = self._put(b"".join(batch))
            with self._changed:
                self._held_bytes -= size_bytes
                if not lost and self._dropped:
                    self._append(self._tell_dropped(self._dropped))
                    self._dropped = 0
                self._dropped += lost
                self._changed.notify_all()

    def _put(self, lines: bytes) -> int:
        """Writes lines, behind the rest of one that was begun before. Gives how many are lost."""
        data, done = self._rest + lines, 0
        self._rest = b""
        while done < len(data):
            try:
                done += os.write(self._descriptor, memoryview(data)[done:])
            except BlockingIOError:
                # Somebody who shares the descriptor wants it so.
                room = select.poll()
                room.register(self._descriptor, select.POLLOUT)
                room.poll()
            except OSError:
                end = done
                if data.rfind(b"\n", 0, done) + 1 < done:
                    end = data.index(b"\n", done) + 1
                    self._rest = data[done:end]
                return data.count(b"\n", end)
        return 0
