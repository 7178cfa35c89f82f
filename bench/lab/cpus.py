"""CPUs: how many a server is given -> which ones it gets, and which are left to the client.

What is started inherits the affinity of this process, and hands it on: a container, gVisor's sandbox and everything in
it run on those CPUs and count no others.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from bench.lab.errors import BenchError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Cpus(NamedTuple):
    """The CPUs of a server and those of the client, by number; empty for any."""

    server: frozenset[int]
    client: frozenset[int]


def share_out(count: int | None) -> Cpus:
    """The last `count` of this process's CPUs for the server, the others for the client; None: any for both.

    Where none is left, the client shares the server's. Raises BenchError where there are not as many.
    """
    if count is None:
        return Cpus(frozenset(), frozenset())
    if not hasattr(os, "sched_getaffinity"):
        raise BenchError("--cpus: this system does not bind processes to CPUs. Leave it out.")
    available = sorted(os.sched_getaffinity(0))
    if not 1 <= count <= len(available):
        raise BenchError(f"--cpus {count}: there are 1 to {len(available)} to choose from.")
    left, server = available[:-count], available[-count:]
    return Cpus(frozenset(server), frozenset(left or server))


@contextmanager
def bound_to(cpus: frozenset[int]) -> Iterator[None]:
    """Runs this thread, and what it starts, on these CPUs alone; on any, where the set is empty."""
    if not cpus:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
