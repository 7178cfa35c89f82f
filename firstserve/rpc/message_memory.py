"""Message memory: what the messages of all calls together take while they wait for a model and run."""

from __future__ import annotations

import threading

from firstserve.errors import QueueFull


class MessageMemory:
    """At most `limit_bytes`; more only for a message that has come and is alone, which grpc's own limit is for."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._held_bytes = 0
        self._lock = threading.Lock()

    def claim(self, size_bytes: int) -> Claim:
        """Takes what a message has taken already. Raises QueueFull."""
        with self._lock:
            if self._held_bytes and self._held_bytes + size_bytes > self._limit_bytes:
                raise self._full()
            self._held_bytes += size_bytes
        return Claim(self, size_bytes)

    def extend(self, size_bytes: int) -> None:
        """Takes more for a message that grows. Raises QueueFull."""
        with self._lock:
            if self._held_bytes + size_bytes > self._limit_bytes:
                raise self._full()
            self._held_bytes += size_bytes

    def give_back(self, size_bytes: int) -> None:
        """What was taken is free again."""
        with self._lock:
            self._held_bytes -= size_bytes

    def _full(self) -> QueueFull:
        return QueueFull(
            f"the server has its limit of {self._limit_bytes} bytes of messages at once (--max_body_bytes_at_once): "
            "ask again later, or send less at once"
        )


class Claim:
    """What one message holds."""

    def __init__(self, memory: MessageMemory, size_bytes: int) -> None:
        self._memory = memory
        self._size_bytes = size_bytes

    def extend(self, size_bytes: int) -> None:
        """The message grows. Raises QueueFull where there is no memory for that."""
        self._memory.extend(size_bytes)
        self._size_bytes += size_bytes

    def become(self, size_bytes: int) -> None:
        """What is held is now of another size, such as the answer in place of the message."""
        self._memory.give_back(self._size_bytes - size_bytes)
        self._size_bytes = size_bytes
