"""What a file is known by again: open file -> its mark; open file and mark -> whether it is that file.

Reading 200 MB takes longer than mapping them, and much longer from a cold disk. So a file whose size, time of change
and samples are those of the mark passes without being read in full: image builds, `cp -p` and archives keep that time,
some to the second, and whatever writes to a file changes it. Where the time is another, or one that a tool set for all
files alike, the file is read and its digest decides.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from io import FileIO

_SAMPLES = 64
_SAMPLE_BYTES = 4096
_SECOND_NS = 1_000_000_000
_FIRST_TIME_NS = 1_500_000_000 * _SECOND_NS
"""July 2017: no .tflite is older. An earlier time (0, 1, 1980) was set by a tool and tells nothing."""


class FileMark(NamedTuple):
    """`changed_ns` is the time of change since 1970, `sample` the samples' CRC-32, `digest` what `b2sum` tells."""

    size_bytes: int
    changed_ns: int
    sample: int
    digest: str

    def looks_like(self, file: FileIO) -> bool:
        """Whether size and samples are those of the mark."""
        return os.fstat(file.fileno()).st_size == self.size_bytes and _sample(file) == self.sample

    def has_time_of(self, file: FileIO) -> bool:
        """Whether the time of change shows that the file is as it was."""
        changed_ns = os.fstat(file.fileno()).st_mtime_ns
        # Image builds cut the part of a second off, or round to the next one.
        is_rounded = changed_ns % _SECOND_NS == 0 and abs(changed_ns - self.changed_ns) < _SECOND_NS
        return changed_ns >= _FIRST_TIME_NS and (changed_ns == self.changed_ns or is_rounded)

    def is_digest_of(self, file: FileIO) -> bool:
        """Reads the file in full."""
        return _digest(file) == self.digest


def make_mark(file: FileIO) -> FileMark:
    """Reads the file in full."""
    status = os.fstat(file.fileno())
    return FileMark(status.st_size, status.st_mtime_ns, _sample(file), _digest(file))


def _sample(file: FileIO) -> int:
    """Of blocks at equal distances, the first and the last among them."""
    last = max(os.fstat(file.fileno()).st_size - _SAMPLE_BYTES, 0)
    value = 0
    for place in sorted({last * index // (_SAMPLES - 1) for index in range(_SAMPLES)}):
        value = zlib.crc32(os.pread(file.fileno(), _SAMPLE_BYTES, place), value)
    return value


def _digest(file: FileIO) -> str:
    from hashlib import blake2b, file_digest

    file.seek(0)
    # SHA-256 is slow where Python has no OpenSSL, as in the images.
    return file_digest(file, blake2b).hexdigest()
