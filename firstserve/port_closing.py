"""Port closing: a listener that is to be closed -> no connection that would be reset with it."""

from __future__ import annotations

import ctypes
import select
import struct
import sys
from contextlib import suppress
from socket import SOL_SOCKET
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from socket import socket

_SO_ATTACH_FILTER = 26
"""socket(7), <asm-generic/socket.h>."""
_DROP_SYN = (
    (0x30, 0, 0, 13),  # load the byte with the flags of the TCP header
    (0x45, 0, 1, 0x02),  # is SYN among them?
    (0x06, 0, 0, 0),  # then keep nothing of the packet,
    (0x06, 0, 0, 0xFFFFFFFF),  # else all of it
)
"""A classic BPF program, <linux/filter.h>: struct sock_filter as (code, jt, jf, k)."""
_HANDSHAKE_MS = 50
"""Longer than the rest of a handshake takes between a platform's proxy and its containers."""


def refuse_handshakes(listener: socket) -> None:
    """Has the kernel drop the first packet of every further connection (Linux), so that the queue can be emptied.

    Handshakes that are under way are finished. Who tries to connect meanwhile sends again after a second, and finds
    the port closed.
    """
    if not sys.platform.startswith("linux"):
        return
    instructions = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in _DROP_SYN))
    program = struct.pack("HP", len(_DROP_SYN), ctypes.addressof(instructions))
    # A sandbox may not know filters; then a connection of the last microseconds can be reset.
    with suppress(OSError):
        listener.setsockopt(SOL_SOCKET, _SO_ATTACH_FILTER, program)


def is_anyone_waiting(listener: socket) -> bool:
    """Whether a connection waits to be accepted, or comes within the time of a handshake."""
    queue = select.poll()
    queue.register(listener, select.POLLIN)
    return bool(queue.poll(_HANDSHAKE_MS))
