"""Acceptor: a port that listens -> sockets of those who connect, as long as there is room for them."""

from __future__ import annotations

import errno
import select
import time
from typing import TYPE_CHECKING

from firstserve.port_closing import is_anyone_waiting, refuse_handshakes

if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket

    TakeIn = Callable[[socket, tuple[str, int]], None]
    Ask = Callable[[], bool]

_AT_ONCE = 64
_PAUSE_S = 0.1
"""How long nobody is accepted where there is no room and none can be made."""
_EMPTYING_S = 1
_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Acceptor:
    """`take_in` gets every new socket with its address; `make_room` closes one, and gives whether there was any."""

    def __init__(self, listener: socket, epoll: select.epoll, take_in: TakeIn, has_room: Ask, make_room: Ask) -> None:
        listener.setblocking(False)
        self.descriptor = listener.fileno()
        self._listener = listener
        self._epoll = epoll
        self._take_in = take_in
        self._has_room = has_room
        self._make_room = make_room
        self._is_accepting = False
        self._resumes_at_s = float("inf")

    def start(self) -> None:
        """Begins to accept with the next `resume`."""
        self._resumes_at_s = 0.0

    def resume(self) -> None:
        """Goes on accepting, where that was paused for long enough."""
        if not self._is_accepting and time.monotonic() >= self._resumes_at_s:
            self._is_accepting = True
            self._epoll.register(self.descriptor, select.EPOLLIN)

    def accept(self) -> None:
        """Takes in who waits; where there is no room, for others that are closed."""
        for _ in range(_AT_ONCE):
            if not self._has_room() and not self._make_room():
                self._pause()
                return
            try:
                accepted, address = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _NO_ROOM and not self._make_room():
                    self._pause()
                    return
                continue
            self._take_in(accepted, address)

    def close(self) -> None:
        """Takes in the connections that the kernel has already answered for us, then closes the port.

        They would be reset if they were left in the listener's queue.
        """
        self._pause()
        self._resumes_at_s = float("inf")
        refuse_handshakes(self._listener)
        # Where handshakes go on, the queue may never be empty.
        deadline_s = time.monotonic() + _EMPTYING_S
        while time.monotonic() < deadline_s and is_anyone_waiting(self._listener):
            self.accept()
        self._listener.close()

    def _pause(self) -> None:
        self._resumes_at_s = time.monotonic() + _PAUSE_S
        if self._is_accepting:
            self._is_accepting = False
            self._epoll.unregister(self.descriptor)
