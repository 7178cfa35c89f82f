"""The command bench/report: files of bench/coldstart -> a chart and a waterfall, as PNG and SVG."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.lab.command import run
from bench.lab.errors import BenchError
from bench.lab.results import LOCAL, read_report

if TYPE_CHECKING:
    from bench.lab.results import Report

COLDSTARTS = LOCAL / "coldstart.json"


def main() -> None:
    """Reads the results, draws the chart, prints where it is."""
    parser = argparse.ArgumentParser(
        prog="bench/report",
        description="Draws the chart of bench/coldstart's results, and, where they have phases, a waterfall of these.",
    )
    add = parser.add_argument
    add(
        "files", nargs="*", type=Path, metavar="FILE.json", help="results, one below the other (default: the last ones)"
    )
    add("-e", "--engine", action="append", help="only what was started so; repeatable (default: all)")
    add("--cpus", action="append", type=int, metavar="N", help="only what had so many CPUs; repeatable (default: all)")
    add(
        "-o",
        "--out",
        type=Path,
        metavar="PREFIX",
        help="the chart's path without its ending (default: FILE's); the waterfall's is PREFIX_waterfall",
    )
    options = parser.parse_args()
    files = options.files or [COLDSTARTS]
    reports = [read_report(file) for file in files]
    for file, report in zip(files, reports, strict=True):
        if not report.coldstarts:
            raise BenchError(
                f"{file} holds no cold starts but a {report.kind} measurement: bench/coldstart makes them."
            )
    reports = [choose(report, options.engine, options.cpus) for report in reports]
    if not any(report.coldstarts for report in reports):
        raise BenchError("nothing was measured so: leave out --engine or --cpus.")

    from bench.lab import chart, waterfall

    prefix = options.out or files[0].with_suffix("")
    paths = [*chart.draw(reports, prefix), *waterfall.draw(reports, prefix.with_name(f"{prefix.name}_waterfall"))]
    for path in paths:
        print(path)


def choose(report: Report, engines: list[str] | None, cpus: list[int] | None) -> Report:
    """The report with only the cold starts under these engines and with so many CPUs; None: any."""
    starts = [
        start
        for start in report.coldstarts
        if (engines is None or start.engine in engines) and (cpus is None or start.cpus in cpus)
    ]
    return replace(report, coldstarts=starts)


if __name__ == "__main__":
    run("bench/report", main)
