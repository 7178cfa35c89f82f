"""Descriptors: how many connections this process can have open beside everything else."""

from __future__ import annotations

import os
import resource

_RESERVE = 64
"""For model files, gRPC, pipes and the processes that try models."""
_FEWEST = 16
_MOST = 10_000
"""Each costs memory, in the kernel as well."""


def connections_limit(wanted: int) -> int:
    """The number of connections to hold at most: what the process may open less a reserve, and `wanted` unless 0."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    room = max(allowed - len(os.listdir("/proc/self/fd")) - _RESERVE, _FEWEST)  # noqa: PTH208 - only their number
    return min(wanted or _MOST, room)
