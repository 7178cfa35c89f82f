"""Phases of a start: a first answer's Server-Timing header -> moments in the process -> moments since the start.

A process counts from its own start, the client from the start of the process or container. Both clocks meet where the
answer is there: what the process has not seen of the whole time passed before it began.
"""

from __future__ import annotations

import re
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROCESS_START = "process_start"
ANSWERED = "answered"
INSIDE = ("port_open", "runtime_loaded", "request_read", "decoded", "first_run", ANSWERED)
"""What a server tells of, by the names of firstserve_startup_seconds{phase}."""
MOMENTS = (PROCESS_START, *INSIDE)
METRIC = re.compile(rf"(?<![\w-])({'|'.join(INSIDE)})\s*;\s*dur=(\d+(?:\.\d+)?)")


def read_moments(server_timing: str) -> dict[str, float]:
    """The moments in a Server-Timing header, in ms since the process began; other metrics are left out."""
    return {name: float(time_ms) for name, time_ms in METRIC.findall(server_timing)}


def align(time_ms: float, moments_ms: Mapping[str, float]) -> dict[str, float]:
    """The moments in ms since the client began to start the server, and with them `process_start` and `answered`.

    `time_ms` is the client's whole time. Empty where the process tells neither `first_run` nor `answered`. An answer
    leaves before its end can be told in it; then the first run counts as the end, which leaves out less than 1 ms.
    """
    end_ms = moments_ms.get(ANSWERED, moments_ms.get("first_run"))
    if end_ms is None:
        return {}
    began_ms = time_ms - end_ms
    inside = {name: began_ms + moment_ms for name, moment_ms in moments_ms.items()}
    # The kernel tells a process's start to 10 ms, so that it can seem to lie before the client's.
    return {PROCESS_START: max(began_ms, 0.0)} | inside | {ANSWERED: time_ms}


def median_moments(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The median of each moment over the runs that have it, in the order in which they come about."""
    medians = {
        name: median(run[name] for run in runs if name in run) for name in MOMENTS if any(name in r for r in runs)
    }
    return dict(sorted(medians.items(), key=lambda moment: moment[1]))
