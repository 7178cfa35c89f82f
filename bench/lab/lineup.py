"""The line-up of cold starts in a picture: reports -> their groups, each under one heading, and what stands below.

A group holds what was measured under the same conditions: engine, CPUs, page cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.lab.page_cache import COLD
from bench.lab.servers import FLOORS, SERVERS
from bench.lab.table import describe_machine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.lab.results import ColdStart, Report

ENGINES = {
    "process": "A process",
    "runc": "A container under runc",
    "gvisor": "A container under gVisor, the sandbox of Cloud Run",
    "url": "Behind a URL, network included",
}
ORDER = [server.name for server in (*SERVERS, *FLOORS)]


def group(starts: Sequence[ColdStart]) -> dict[str, list[ColdStart]]:
    """Heading -> the cold starts under these conditions, in the table's order, those of no table last."""
    groups: dict[str, list[ColdStart]] = {}
    for start in starts:
        groups.setdefault(describe_conditions(start), []).append(start)
    return {heading: sorted(members, key=_place) for heading, members in groups.items()}


def describe_conditions(start: ColdStart) -> str:
    """The conditions in words: the engine; CPUs where they are limited; the page cache where it is cold."""
    words = [ENGINES.get(start.engine, start.engine)]
    if start.cpus is not None:
        words.append(f"{start.cpus} CPU{'s' * (start.cpus > 1)}")
    if start.page_cache == COLD:
        words.append("cold page cache")
    return ", ".join(words)


def count_runs(reports: Sequence[Report]) -> str:
    """How many runs the medians are of."""
    return " or ".join(str(runs) for runs in dict.fromkeys(report.runs for report in reports))


def describe_machines(reports: Sequence[Report]) -> list[str]:
    """A line for every machine and picture, the last report's first."""
    return list(dict.fromkeys(describe_machine(report) for report in reports))[::-1]


def _place(start: ColdStart) -> int:
    return ORDER.index(start.server) if start.server in ORDER else len(ORDER)
