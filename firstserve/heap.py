"""Heap: how memory is taken and given back, for threads that load a model and hold pictures."""

from __future__ import annotations

import ctypes
import mmap
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -2, -3, -8
"""mallopt(3), <malloc.h>."""
_MEBI = 1024 * 1024


def bound_heap() -> None:
    """Gives glibc's threads one heap that grows and shrinks in large steps; elsewhere it does nothing.

    By default every thread has a heap of its own. It grows by one mprotect(2) for every few pages, which under gVisor
    made loading TensorFlow's library and model in a thread take 2,100 ms in place of 700. And the first large block
    that is freed raises the size from which blocks are mapped, up to 32 MiB: from then on bodies and pictures lie in
    those heaps, which do not shrink.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_TOP_PAD, 4 * _MEBI)
        # Usual requests reuse memory that is mapped already; only the largest bodies and pictures come and go.
        mallopt(_M_MMAP_THRESHOLD, _MEBI)
        mallopt(_M_TRIM_THRESHOLD, 16 * _MEBI)


def give_back() -> None:
    """Returns what the allocator holds free to the system, as far as it can; worth it after a model has gone."""
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if malloc_trim is not None:
        malloc_trim(0)


Mapping = tuple[int, int, int]
"""A part of a file in this process's memory: its address, its size, and its place in the file."""


def mappings_of(descriptor: int) -> Iterator[Mapping]:
    """Where an open file is mapped; nothing where that is not told (outside Linux)."""
    try:
        # Both are told in the same words, for a file that was renamed or removed as well.
        name = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115 - no path where the file is gone
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:  # noqa: PTH123 - not a path
            mapped = [line.split(maxsplit=3)[:3] for line in maps if line.endswith(f" {name}\n")]
    except OSError:
        return
    for addresses, _, offset in mapped:
        start, end = (int(address, 16) for address in addresses.split("-"))
        yield start, end - start, int(offset, 16)


def forget_file(descriptor: int) -> None:
    """Gives back the pages of an open file that is mapped; those that are still used come back by themselves.

    A runtime that packs a model's weights into memory of its own has little use for the file behind them.
    """
    for address, size_bytes, _ in mappings_of(descriptor):
        ctypes.CDLL(None).madvise(ctypes.c_void_p(address), ctypes.c_size_t(size_bytes), mmap.MADV_DONTNEED)
