"""Markdown tables of results, every server of ours beside the baseline that it is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.lab.phases import MOMENTS
from bench.lab.results import BARE_LOOP, BARE_LOOP_RUST
from bench.lab.servers import find_server

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.lab.results import ColdStart, Load, LoadLevel, Report

NONE = "-"


def coldstart_table(report: Report) -> str:
    """One row for every server under every engine."""
    rows = [
        (
            start.engine,
            _cpus(start),
            start.server,
            f"{start.summary_ms.median:,.0f} ms",
            f"{start.summary_ms.low:,.0f} - {start.summary_ms.high:,.0f}",
            _coldstart_ratio(start, report.coldstarts),
            _mebibytes(start.image_bytes),
            _mebibytes(start.highest_memory_bytes),
            _mebibytes(start.memory_bytes),
            start.label or f"class {start.class_id}",
        )
        for start in report.coldstarts
    ]
    heading = (
        *("engine", "CPUs", "server", "cold start", "spread", "of baseline"),
        *("image", "highest memory", "memory", "answer"),
    )
    caches = {f", {start.page_cache} page cache" for start in report.coldstarts if start.page_cache}
    runs = f"{report.runs} cold starts of each{''.join(sorted(caches))}"
    return markdown(heading, rows) + f"\n\n{describe_machine(report)}, {runs}."


def phases_table(report: Report) -> str:
    """One row for every cold start that tells its phases: the medians of the moments since the start; else empty."""
    rows = [
        (start.engine, _cpus(start), start.server, *(_moment(start.medians_ms.get(name)) for name in MOMENTS))
        for start in report.coldstarts
        if start.medians_ms
    ]
    heading = ("engine", "CPUs", "server", *(name.replace("_", " ") for name in MOMENTS))
    return markdown(heading, rows) + "\n\nMilliseconds since the start, medians." if rows else ""


def load_table(report: Report) -> str:
    """One row for every server at every number of connections."""
    rows = [
        (
            load.protocol,
            load.server,
            str(level.connections),
            f"{level.requests_per_s:,.1f}",
            _load_ratio(load, level, report.loads),
            _milliseconds(level.p50_ms),
            _milliseconds(level.p99_ms),
            f"{level.answers:,}",
            str(level.wrong),
            str(level.errors),
            str(level.lost),
            _mebibytes(load.memory_bytes),
        )
        for load in report.loads
        for level in load.levels
    ]
    heading = (
        *("protocol", "server", "connections", "requests/s", "of baseline", "p50", "p99"),
        *("answers", "wrong", "errors", "lost", "memory"),
    )
    loops = [load.server for load in report.loads if load.server in {BARE_LOOP, BARE_LOOP_RUST}]
    bare = f" {' and '.join(loops)}: threads in place of connections." if loops else ""
    return markdown(heading, rows) + f"\n\n{describe_machine(report)}, {report.runs} rounds.{bare}"


def describe_machine(report: Report) -> str:
    """Machine and question in one line."""
    size_bytes = int(report.question["bytes"])
    size = f"{size_bytes / 1000:,.0f} kB" if size_bytes >= 1000 else f"{size_bytes} bytes"
    return f"{machine_text(report.machine)}; {report.question['name']} ({size})"


def machine_text(machine: Mapping[str, str | int]) -> str:
    """Processor, memory and system in one line."""
    memory_gib = int(machine["memory_bytes"]) / 2**30
    size = f"{machine['cpus']} CPUs, {memory_gib:.0f} GiB"
    return f"{machine['cpu']}, {size}, {machine['system']}, Linux {machine['kernel']}"


def baseline_ratio(start: ColdStart, starts: Sequence[ColdStart]) -> float | None:
    """The server's median over its baseline's under the same conditions; None where that was not measured."""
    server = find_server(start.server)
    if server is None or not server.baseline:
        return None
    same = [other for other in starts if other.conditions == start.conditions]
    baseline = next((other for other in same if other.server == server.baseline), None)
    return start.summary_ms.median / baseline.summary_ms.median if baseline else None


def _coldstart_ratio(start: ColdStart, starts: Sequence[ColdStart]) -> str:
    ratio = baseline_ratio(start, starts)
    return NONE if ratio is None else f"{ratio:.2f}"


def _load_ratio(load: Load, level: LoadLevel, loads: Sequence[Load]) -> str:
    baseline = next((other for other in loads if other.server == load.baseline), None)
    same = [other for other in baseline.levels if other.connections == level.connections] if baseline else []
    return f"{level.requests_per_s / same[0].requests_per_s:.2f}" if same and same[0].requests_per_s else NONE


def _cpus(start: ColdStart) -> str:
    return NONE if start.cpus is None else str(start.cpus)


def _moment(moment_ms: float | None) -> str:
    return NONE if moment_ms is None else f"{moment_ms:,.0f}"


def _milliseconds(time_ms: float) -> str:
    return f"{time_ms:,.1f} ms" if time_ms >= 10 else f"{time_ms:.2f} ms"


def _mebibytes(size_bytes: int | None) -> str:
    return NONE if size_bytes is None else f"{size_bytes / 2**20:,.0f} MiB"


def markdown(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with columns of one width."""
    widths = [max(len(cell) for cell in column) for column in zip(heading, *rows, strict=True)]
    lines = [heading, ["-" * width for width in widths], *rows]
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |" for line in lines
    )
