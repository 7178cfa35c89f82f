"""Private copy: an open file -> memory with the same content, in place of the file in this process's mappings."""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from pathlib import Path
from typing import NamedTuple

from firstserve.heap import mappings_of

_MAP_FIXED = 0x10
"""<sys/mman.h>: in place of what is mapped there, at one blow for all threads."""
_MAP_FAILED = ctypes.c_void_p(-1).value
_READ_ONLY_SYSTEMS = frozenset({"squashfs", "erofs", "iso9660", "cramfs"})
"""File systems that nobody can write to. One that is mounted to be read only is written to from elsewhere."""
_LONGEST_NAME_BYTES = 249
"""memfd_create(2)."""
_AT_FDCWD = -100
_STATX_BTIME = 0x800
_STATX_BYTES, _STATX_MASK, _STATX_BTIME_PLACE = 256, 0, 80
"""struct statx, <linux/stat.h>."""


class _Mount(NamedTuple):
    point: Path
    file_system: str


def can_be_written(file: Path) -> bool:
    """Whether anybody can write into a mapped file: not into one of an image's own layers.

    There, whoever writes gets a file of its own in the container's upper layer, and mappings keep the old one. What is
    younger than the container's root is in that upper layer already. Outside Linux nothing is copied.
    """
    if sys.platform != "linux":
        return False
    try:
        mount = _mount_of(file.resolve())
        if mount.file_system != "overlay":
            return mount.file_system not in _READ_ONLY_SYSTEMS
        born_ns = _birth_ns(mount.point)
        return born_ns is None or file.stat().st_ctime_ns >= born_ns
    except (OSError, ValueError):
        return True


def copy_of(descriptor: int, path: Path) -> int:
    """A descriptor of memory with the content and the time of change of an open file, named after its path."""
    status = os.fstat(descriptor)
    copy = os.memfd_create(os.fsdecode(os.fsencode(path)[-_LONGEST_NAME_BYTES:]), os.MFD_CLOEXEC)
    try:
        place = 0
        while count := os.sendfile(copy, descriptor, place, max(status.st_size - place, 1)):
            place += count
        os.utime(copy, ns=(status.st_mtime_ns, status.st_mtime_ns))
    except BaseException:
        os.close(copy)
        raise
    return copy


def put_over(descriptor: int, copy: int) -> None:
    """Maps the copy wherever this process has mapped the file."""
    map_memory = ctypes.CDLL(None, use_errno=True).mmap
    map_memory.restype = ctypes.c_void_p
    map_memory.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long)
    for address, size_bytes, offset in mappings_of(descriptor):
        flags = mmap.MAP_PRIVATE | _MAP_FIXED
        at = map_memory(address, size_bytes, mmap.PROT_READ, flags, copy, offset)
        if at == _MAP_FAILED:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


def _mount_of(file: Path) -> _Mount:
    """The one that the file is on; of several at one place, the last covers the others."""
    found = _Mount(Path("/"), "")
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        fields, _, system = line.partition(" - ")
        point = Path(fields.split()[4].replace("\\040", " "))
        if file.is_relative_to(point) and len(point.parts) >= len(found.point.parts):
            found = _Mount(point, system.split()[0])
    return found


def _birth_ns(folder: Path) -> int | None:
    """When a folder was made; None where the file system does not know."""
    result = ctypes.create_string_buffer(_STATX_BYTES)
    statx = getattr(ctypes.CDLL(None), "statx", None)
    if statx is None or statx(_AT_FDCWD, os.fsencode(folder), 0, _STATX_BTIME, result):
        return None
    if not int.from_bytes(result.raw[_STATX_MASK : _STATX_MASK + 4], sys.byteorder) & _STATX_BTIME:
        return None
    place = _STATX_BTIME_PLACE
    seconds = int.from_bytes(result.raw[place : place + 8], sys.byteorder, signed=True)
    return seconds * 1_000_000_000 + int.from_bytes(result.raw[place + 8 : place + 12], sys.byteorder)
