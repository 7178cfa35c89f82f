"""Parent: a process that is of no use without the one that has started it ends with it."""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
"""prctl(2), <linux/prctl.h>."""


def end_with_parent(parent_pid: int) -> None:
    """Has this process killed when its parent has ended, however that ends (Linux); ends it if that has happened.

    On Linux the parent is the thread that has forked.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))
    # Between the fork and here it may have gone.
    if os.getppid() != parent_pid:
        os._exit(1)
