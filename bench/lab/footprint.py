"""Footprint: the memory of a start, read from outside again and again -> its highest point, and where it settles.

To read it, the kernel walks through every page while the process waits for its memory map: a start that is watched is
slower, and is not timed.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, NamedTuple, Self

from bench.lab.errors import NoAnswerError
from bench.lab.first_answer import first_answer
from bench.lab.question import get

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    ReadMemory = Callable[[], int | None]

PAUSE_S = 0.005
READY_PAUSE_S = 0.02
SETTLE_PAUSE_S = 0.25
SETTLE_TIMEOUT_S = 10.0
SETTLED = 0.01
"""Two readings that differ by no more than this part of the memory agree."""


class Footprint(NamedTuple):
    """The PSS of everything that was started; None where it cannot be read."""

    highest_bytes: int | None
    settled_bytes: int | None

    def describe(self) -> str:
        """Both figures in words."""
        if self.highest_bytes is None or self.settled_bytes is None:
            return "cannot be looked at"
        return f"{self.highest_bytes / 2**20:,.0f} MiB at most, {self.settled_bytes / 2**20:,.0f} MiB once settled"


class MemoryWatch:
    """Reads the memory every few milliseconds, in a thread, until the `with` block ends."""

    def __init__(self, read: ReadMemory) -> None:
        self._read = read
        self._left = threading.Event()
        # A signal may come before the `with` block has begun, and nothing would end the thread: it holds nobody up.
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.highest_bytes: int | None = None

    def _watch(self) -> None:
        while not self._left.wait(PAUSE_S):
            self.highest_bytes = max(self.highest_bytes or 0, self._read() or 0) or None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._thread.join()


def wait_until_ready(port: int, timeout_s: float, alive: Callable[[], bool]) -> None:
    """Asks for /v2/health/ready until a server is; one that does not know it is ready when it answers.

    Raises NoAnswerError where the server ends or is not ready in time.
    """
    deadline = time.monotonic() + timeout_s
    while first_answer(port, get("/v2/health/ready"), timeout_s, alive).status == 503:
        if time.monotonic() > deadline:
            raise NoAnswerError(f"answered, but not ready within {timeout_s:g} s (--timeout)")
        time.sleep(READY_PAUSE_S)


def settle(read: ReadMemory, pause_s: float = SETTLE_PAUSE_S, timeout_s: float = SETTLE_TIMEOUT_S) -> int | None:
    """The memory as soon as two readings, one after the other, agree; the last one where none do in time."""
    deadline = time.monotonic() + timeout_s
    last = read() or 0
    while True:
        time.sleep(pause_s)
        now = read() or 0
        if abs(now - last) <= SETTLED * last or time.monotonic() > deadline:
            return now or None
        last = now
