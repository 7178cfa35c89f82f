"""Allocated: how much memory this process has from its C library."""

from __future__ import annotations

import ctypes


class _MallocInfo(ctypes.Structure):
    """struct mallinfo2, <malloc.h>."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *(
                "arena",
                "ordblks",
                "smblks",
                "hblks",
                "hblkhd",
                "usmblks",
                "fsmblks",
                "uordblks",
                "fordblks",
                "keepcost",
            ),
        )
    )


def allocated_bytes() -> int:
    """What is allocated in this process just now; 0 where the C library cannot tell (before glibc 2.33)."""
    mallinfo2 = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo2 is None:
        return 0
    mallinfo2.restype = _MallocInfo
    info = mallinfo2()
    return int(info.uordblks + info.hblkhd)
