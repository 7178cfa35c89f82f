"""Image memory: how much all images that are decoded at once may take, by what their headers say."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, NamedTuple, Self

from firstserve.errors import DeadlineExceeded, TooLarge
from firstserve.runtimes.checks import time_left_s

if TYPE_CHECKING:
    from types import TracebackType


class ImageMemory:
    """A number of bytes that images share; who comes first is first served."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._free_bytes = limit_bytes
        self._line: deque[object] = deque()
        self._changed = threading.Condition()

    def take(self, needed_bytes: int, deadline_s: float | None) -> None:
        """Waits for this much. Raises TooLarge where there is never as much, DeadlineExceeded past the deadline."""
        if needed_bytes > self.limit_bytes:
            raise TooLarge(
                f"the image takes {needed_bytes} bytes of memory to decode, more than the limit of {self.limit_bytes} "
                "(--max_image_memory_bytes): send a smaller one"
            )
        me = object()
        with self._changed:
            self._line.append(me)
            try:
                if not self._changed.wait_for(
                    lambda: self._line[0] is me and self._free_bytes >= needed_bytes, time_left_s(deadline_s)
                ):
                    raise DeadlineExceeded("the request's time limit has passed while it waited for memory")
                self._free_bytes -= needed_bytes
            finally:
                self._line.remove(me)
                self._changed.notify_all()

    def give_back(self, bytes_taken: int) -> None:
        """Gives to the next what `take` has taken."""
        with self._changed:
            self._free_bytes += bytes_taken
            self._changed.notify_all()


class Limits(NamedTuple):
    """What bounds the decoding of an image."""

    pixels: int
    memory: ImageMemory
    """Of all images that are decoded at once."""
    deadline_s: float | None = None
    """On the clock of `time.monotonic()`."""


class Room:
    """The memory of one image, as a context: given back at its end."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._taken_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._taken_bytes:
            self._limits.memory.give_back(self._taken_bytes)

    def take(self, needed_bytes: int) -> None:
        """Waits for this much, once; see `ImageMemory.take`."""
        self._limits.memory.take(needed_bytes, self._limits.deadline_s)
        self._taken_bytes = needed_bytes


def resize_bytes(width: int, height: int, target_width: int, target_height: int) -> int:
    """What a picture of this size takes to become one of another: the filter's weights and what lies between."""
    goes_by_height = width < target_width and height > target_height
    between = width * target_height if goes_by_height else target_width * height
    return 16 * (width + height) + 4 * between
