"""Standard streams: descriptors 0 to 2 that are there in any case, and words for people that nobody has to read."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

STDOUT, STDERR = 1, 2
_PIECE_BYTES = 4096
"""A pipe that is ready has room for so many (PIPE_BUF, pipe(7))."""
_PATIENCE_MS = 1000


def open_missing() -> None:
    """Opens /dev/null in the place of each that is closed: a client's connection would get its number."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= STDERR:
        pass
    os.close(descriptor)
    # Where they were closed when Python started, it has no stream for them.
    if sys.stdout is None:
        sys.stdout = open(STDOUT, "w", closefd=False)  # noqa: SIM115 - it stays
    if sys.stderr is None:
        sys.stderr = open(STDERR, "w", buffering=1, closefd=False)  # noqa: SIM115 - it stays


def say(text: str, descriptor: int = STDERR) -> None:
    """Writes to stderr, or stdout, before there is a log; where nobody takes it, it is lost after a second."""
    stream, original = (sys.stderr, sys.__stderr__) if descriptor == STDERR else (sys.stdout, sys.__stdout__)
    if stream is not original:
        stream.write(text)
        return
    import select

    room = select.poll()
    room.register(descriptor, select.POLLOUT)
    rest = text.encode(errors="backslashreplace")
    try:
        while rest and room.poll(_PATIENCE_MS):
            rest = rest[os.write(descriptor, rest[:_PIECE_BYTES]) :]
    except OSError:
        pass  # the reader is gone, or the disk is full


def end(status: int) -> NoReturn:
    """Ends this process and waits for no thread of it, but, for a bounded time, for the log's reader."""
    for stream in (sys.stdout, sys.stderr):
        # Where nobody takes what is left, it is lost.
        with suppress(OSError, ValueError):
            stream.close()
    os._exit(status)
