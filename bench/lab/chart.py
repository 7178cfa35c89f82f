"""The chart of cold starts: reports -> one PNG and one SVG, the same bytes for the same reports.

Horizontal bars grouped by conditions, a thin line from the fastest to the slowest run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bench.lab.canvas import BARS_LEFT, BARS_RIGHT, INK, MARGIN, MUTED, Canvas, format_time
from bench.lab.lineup import count_runs, describe_machines, group
from bench.lab.palette import FLOOR, color_of, is_floor, is_ours
from bench.lab.servers import find_server
from bench.lab.table import baseline_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from bench.lab.results import ColdStart, Report

TOP, BOTTOM, HEADING, BAR, GAP = 1.12, 0.85, 0.4, 0.43, 0.2


class Row(NamedTuple):
    """One bar: its figures, its ratio to the baseline, its middle."""

    start: ColdStart
    ratio: float | None
    at: float


def draw(reports: Sequence[Report], prefix: Path) -> tuple[Path, Path]:
    """Draws all cold starts of the reports, at least one, into PREFIX.png and PREFIX.svg, and gives both paths."""
    headings, rows, bottom = _lay_out([start for report in reports for start in report.coldstarts])
    canvas = Canvas(bottom + BOTTOM)
    axes = canvas.axes(TOP, bottom, max(row.start.summary_ms.high for row in rows) / 1000, "s")
    canvas.text(MARGIN, 0.5, "Cold start: from the start to the first correct answer", fontsize=16, fontweight="bold")
    canvas.text(MARGIN, 0.86, _explain(reports), color=MUTED)
    for heading, at in headings:
        canvas.text(MARGIN, at, heading, fontsize=11.5, fontweight="bold")
    for row in rows:
        _draw_row(canvas, axes, row)
    for line, machine in enumerate(describe_machines(reports)):
        canvas.text(MARGIN, bottom + 0.58 - 0.17 * line, machine, fontsize=8, color=MUTED)
    return canvas.save(prefix)


def _lay_out(starts: Sequence[ColdStart]) -> tuple[list[tuple[str, float]], list[Row], float]:
    headings, rows, at = [], [], TOP
    for heading, members in group(starts).items():
        headings.append((heading, at + HEADING / 2))
        at += HEADING
        for start in members:
            rows.append(Row(start, baseline_ratio(start, starts), at + BAR / 2))
            at += BAR
        at += GAP
    return headings, rows, at - GAP / 2


def _draw_row(canvas: Canvas, axes: Axes, row: Row) -> None:
    server, ours = find_server(row.start.server), is_ours(row.start)
    weight, color = "bold" if ours else "normal", color_of(row.start)
    median, low, high = (figure / 1000 for figure in row.start.summary_ms)
    axes.barh(row.at, median, height=BAR * 0.58, **(FLOOR if is_floor(row.start) else {"color": color}))
    axes.plot((low, high), (row.at, row.at), color=INK, linewidth=1.1, solid_capstyle="butt", clip_on=False)
    name_at = row.at - 0.085 if server else row.at
    canvas.text(BARS_LEFT - 0.15, name_at, row.start.server, ha="right", fontweight=weight)
    if server:
        canvas.text(BARS_LEFT - 0.15, row.at + 0.095, server.what, ha="right", fontsize=7.5, color=MUTED)
    scale = (BARS_RIGHT - BARS_LEFT) / axes.get_xlim()[1]
    label_at = BARS_LEFT + max(median, high) * scale + 0.1
    canvas.text(label_at, row.at, format_time(median), fontweight=weight)
    if row.ratio is not None and row.ratio < 1:
        canvas.text(
            label_at + 0.72, row.at, f"{1 / row.ratio:.1f}\u00d7 faster", color=color, fontsize=9, fontweight="bold"
        )


def _explain(reports: Sequence[Report]) -> str:
    words = f"Median of {count_runs(reports)} runs, in turn. Thin line: fastest to slowest run."
    floors = any(is_floor(start) for report in reports for start in report.coldstarts)
    return f"{words} Factor: against the baseline above.{' Dashed: without a model.' * floors}"
