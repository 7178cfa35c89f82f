"""LoadNote: what a worker is loading, in memory that outlives it, so that the supervisor can say what it died of."""

from __future__ import annotations

import mmap

_SIZE_BYTES = 8192
_LOADED, _FAILED, _LIKE_TENSORFLOW_SERVING, _PATH = 0, 1, 2, 3
"""The places of the flags, of the exit status and of the path."""


class LoadNote:
    """Made before the fork, written in the worker, read by the supervisor once the worker has died."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SIZE_BYTES)

    def begin(self, path: str) -> None:
        """Notes the version folder that is being loaded."""
        text = path.encode()[: _SIZE_BYTES - _PATH - 1] + b"\0"
        self._memory[_PATH : _PATH + len(text)] = text

    def end(self) -> None:
        """Notes that the load is over, well or not."""
        self._memory[_PATH] = 0

    def mark_loaded(self) -> None:
        """Notes that once everything was loaded."""
        self._memory[_LOADED] = 1

    def tell_like_tensorflow_serving(self) -> None:
        """Notes that whatever fails is to be told as TensorFlow Serving tells it."""
        self._memory[_LIKE_TENSORFLOW_SERVING] = 1

    @property
    def like_tensorflow_serving(self) -> bool:
        """Whether a failure is to be told as TensorFlow Serving tells it."""
        return self._memory[_LIKE_TENSORFLOW_SERVING] == 1

    @property
    def was_loaded(self) -> bool:
        """Whether a worker has had everything loaded before."""
        return self._memory[_LOADED] == 1

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
        return bytes(self._memory[_PATH:]).partition(b"\0")[0].decode(errors="replace")
