"""LoadNote: what a worker is loading, in memory that outlives it, so that the supervisor can say what it died of."""

from __future__ import annotations

import mmap

_SIZE_BYTES = 8192
_WAS_LOADED, _IS_LOADED, _FAILED, _LIKE_TENSORFLOW_SERVING, _PATH, _REASON = 0, 1, 2, 3, 4, 4096
"""The places of the flags, of the exit status, of the path and of the reason."""


class LoadNote:
    """Made before the fork, written in the worker, read by the supervisor once the worker has died."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SIZE_BYTES)

    def begin_worker(self) -> None:
        """Forgets what was noted of the worker before."""
        for place in (_IS_LOADED, _FAILED, _PATH, _REASON):
            self._memory[place] = 0

    def begin(self, path: str) -> None:
        """Notes the version folder that is being loaded."""
        self._write(_PATH, path, _REASON)

    def end(self) -> None:
        """Notes that the load is over, well or not."""
        self._memory[_PATH] = 0

    def mark_loaded(self) -> None:
        """Notes that everything is loaded."""
        self._memory[_WAS_LOADED] = self._memory[_IS_LOADED] = 1

    def tell_like_tensorflow_serving(self) -> None:
        """Notes that whatever fails is to be told as TensorFlow Serving tells it."""
        self._memory[_LIKE_TENSORFLOW_SERVING] = 1

    @property
    def like_tensorflow_serving(self) -> bool:
        """Whether a failure is to be told as TensorFlow Serving tells it."""
        return self._memory[_LIKE_TENSORFLOW_SERVING] == 1

    @property
    def was_loaded(self) -> bool:
        """Whether a worker, this one or one before it, has had everything loaded."""
        return self._memory[_WAS_LOADED] == 1

    @property
    def is_loaded(self) -> bool:
        """Whether this worker has had everything loaded."""
        return self._memory[_IS_LOADED] == 1

    def tell_reason(self, reason: str) -> None:
        """Notes why the worker ends."""
        self._write(_REASON, reason, _SIZE_BYTES)

    @property
    def reason(self) -> str:
        """Why the worker has ended; empty where it has not said so."""
        return self._read(_REASON)

    def mark_failed(self, status: int) -> None:
        """Notes that the models cannot be served, and the exit status for it."""
        self._memory[_FAILED] = status

    @property
    def failed_status(self) -> int:
        """The exit status where the models cannot be served; 0 where nobody has said so."""
        return self._memory[_FAILED]

    @property
    def path(self) -> str:
        """What was being loaded; empty for nothing."""
        return self._read(_PATH)

    def _write(self, place: int, text: str, end: int) -> None:
        written = text.encode(errors="replace")[: end - place - 1] + b"\0"
        self._memory[place : place + len(written)] = written

    def _read(self, place: int) -> str:
        return bytes(self._memory[place:]).partition(b"\0")[0].decode(errors="replace")
