"""Line stream: text as `print`, tracebacks and loggers write it, in pieces -> whole lines for a LineWriter."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firstserve.logs.line_writer import LineWriter

_DRAIN_S = 1.0
"""How long the end of a process waits for who reads its log."""


class LineStream(io.TextIOBase):
    """In the place of `sys.stderr`. Writing neither waits nor fails."""

    def __init__(self, descriptor: int, writer: LineWriter) -> None:
        self._descriptor = descriptor
        self._writer = writer
        # Each thread's own, so that what two of them write in pieces does not mix.
        self._begun = threading.local()

    def write(self, text: str) -> int:
        """Takes text in; it is written as soon as its line ends."""
        lines, newline, rest = (getattr(self._begun, "text", "") + text).rpartition("\n")
        self._begun.text = rest
        if newline:
            self._writer.write(f"{lines}\n".encode(errors="backslashreplace"))
        return len(text)

    def flush(self) -> None:
        """Does nothing: whoever flushes must not wait either."""

    def close(self) -> None:
        """Waits for a bounded time until what was written is out. The stream can still be used."""
        self._writer.drain(_DRAIN_S)

    def fileno(self) -> int:
        """The descriptor, for who wants it itself."""
        return self._descriptor

    def writable(self) -> bool:
        """It is."""
        return True
