"""Chunk scanner: where a body in chunks ends, looked for as it comes.

It judges nothing: what is no chunk ends the body, so that gunicorn's parser comes upon it and says what is wrong.
Layout: RFC 9112, 7.1.
"""

from __future__ import annotations

_SIZE_LINE_LIMIT_BYTES = 8190
"""gunicorn's limit of a chunk's size with its extensions."""
_TRAILERS_LIMIT_BYTES = 64 * 1024
_HEX = b"0123456789abcdefABCDEF"
_DIGITS_LIMIT = 16
_NEWLINE = b"\r\n"


class ChunkScanner:
    """Looks at what has come from `start` on, once."""

    def __init__(self, start: int) -> None:
        self.position = start
        """Behind the body, once `scan` has said that it is whole."""
        self.body_bytes = 0
        """Of the chunks so far, what is still to come of the last one included."""
        self._chunk_end = 0
        """Behind the chunk that is awaited; 0 for none."""
        self._searched = 0
        """Where the search for the end of the trailers goes on; 0 before the last chunk."""

    def scan(self, received: bytearray) -> bool:
        """Whether the body is whole, or wrong in a way that more bytes do not mend."""
        while not self._searched:
            if self._chunk_end > len(received):
                return False
            if self._chunk_end:
                if received[self._chunk_end - len(_NEWLINE) : self._chunk_end] != _NEWLINE:
                    return self._is_wrong(received)
                self.position, self._chunk_end = self._chunk_end, 0
            end = received.find(_NEWLINE, self.position, self.position + _SIZE_LINE_LIMIT_BYTES)
            if end < 0:
                return len(received) - self.position >= _SIZE_LINE_LIMIT_BYTES and self._is_wrong(received)
            digits = bytes(received[self.position : end]).partition(b";")[0].rstrip(b" \t")
            if not digits or digits.translate(None, _HEX) or len(digits) > _DIGITS_LIMIT:
                return self._is_wrong(received)
            size = int(digits, 16)
            self.body_bytes += size
            if size:
                self._chunk_end = end + len(_NEWLINE) + size + len(_NEWLINE)
            else:
                # Without trailers, the newline of the last chunk is the first half of what ends the body.
                self.position = self._searched = end
        return self._is_behind_trailers(received)

    def _is_behind_trailers(self, received: bytearray) -> bool:
        end = received.find(2 * _NEWLINE, self._searched)
        if end < 0:
            self._searched = max(self._searched, len(received) - len(_NEWLINE) - 1)
            return len(received) - self.position > _TRAILERS_LIMIT_BYTES and self._is_wrong(received)
        self.position = end + 2 * len(_NEWLINE)
        return True

    def _is_wrong(self, received: bytearray) -> bool:
        self.position = len(received)
        return True
