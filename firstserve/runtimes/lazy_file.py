"""Lazy file: a file that a library maps and reads when it likes -> the same content, whoever writes over it.

A mapping shows what others write into the file, and reading behind the end of one that was cut off ends the process.
A copy before the first answer costs too much, so a file is watched until it is copied: `check` tells whether anybody
wrote to it, and `hold` puts a copy of its own in its place.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from firstserve.errors import LoadError

if TYPE_CHECKING:
    from pathlib import Path


FileState = tuple[int, int, int, int, int]
"""What changes when a file is written to, or another one takes its name: device, inode, size, times of change."""


class FileChanged(LoadError):
    """Somebody wrote to a file while it was loaded; what was read of it may be of both contents."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} was written to while it was loaded: write the new model under another name and rename it, "
            "or better, put it into a version folder of its own"
        )


def file_state(file: Path | int) -> FileState:
    """Of a path or an open file. Raises OSError."""
    status = os.stat(file)  # noqa: PTH116 - an open file has no method for it
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class LazyFile:
    """An open file, or the copy that has taken its place."""

    def __init__(self, path: Path, probed: FileState | None = None) -> None:
        """`probed` is the state in which the file was found to be sound: it is copied at once then.

        Raises FileChanged where it is in another state by now, OSError where it cannot be read.
        """
        self.path = path
        self.descriptor = os.open(path, os.O_RDONLY)
        self._state: FileState | None = probed or file_state(self.descriptor)
        if probed is not None:
            try:
                self.hold()
            except BaseException:
                self.close()
                raise

    def check(self) -> None:
        """Raises FileChanged where somebody has written to the file since it was opened."""
        state = self._state
        # Looked at twice: another thread may put the copy in place between the first two looks.
        if state is not None and file_state(self.descriptor) != state and self._state is not None:
            raise FileChanged(self.path)

    def hold(self) -> None:
        """Puts a copy in the file's place, in this process's mappings as well; once is enough.

        Raises FileChanged where it is too late for that.
        """
        if self._state is None:
            return
        # Imported here: this is off the cold path.
        from firstserve.runtimes.private_copy import can_be_written, copy_of, put_over

        copy = copy_of(self.descriptor, self.path) if can_be_written(self.path) else None
        try:
            self.check()
        except FileChanged:
            if copy is not None:
                os.close(copy)
            raise
        self._state = None
        if copy is not None:
            put_over(self.descriptor, copy)
            # Under the old number, so that whoever duplicates it meanwhile gets one of the two.
            os.dup2(copy, self.descriptor, inheritable=False)
            os.close(copy)

    def close(self) -> None:
        """What is mapped stays as it is."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1
