"""The waterfall of cold starts: the phases of each server -> one PNG and one SVG, the same bytes for the same reports.

One block with a time scale of its own for every server that tells its phases. In it, for each of the conditions, the
server's bar, in which every part is named by the moment that ends it; below that its baseline, cut where the scale
ends, and the floors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from matplotlib.patches import Rectangle

from bench.lab.canvas import BARS_LEFT, BARS_RIGHT, CARD, INK, MARGIN, MUTED, WIDTH, Canvas, format_time
from bench.lab.lineup import count_runs, describe_machines, group
from bench.lab.palette import BASELINE, FLOOR, is_floor
from bench.lab.phases import MOMENTS
from bench.lab.servers import find_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from bench.lab.results import ColdStart, Report

PARTS = dict(
    zip(
        MOMENTS,
        [
            ("process begins", "#98a2b3"),
            ("port open", "#4f6bd8"),
            ("runtime and model loaded", "#d9730d"),
            ("request read", "#56a8dd"),
            ("picture decoded", "#b5479b"),
            ("first run done", "#0d8f80"),
            ("answered", "#1c2430"),
        ],
        strict=True,
    )
)
"""Moment -> its words and the color of the part that it ends."""
TOP, BOTTOM, LEGEND, TITLE, HEADING, BAR, PART_BAR, TICKS = 1.0, 0.6, 0.62, 0.3, 0.36, 0.24, 0.36, 0.5
ROOM = 1.05
"""The scale ends at this many times the longest bar that is not a baseline."""
SHORTEST_MS = 0.5
"""Parts that are shorter are not in the legend."""
NARROWEST_LABEL = 0.26
"""The width in inches from which a part has its milliseconds written in it."""


class Block(NamedTuple):
    """A server's place in the picture: the groups of its rows by heading, and where the bars begin and end."""

    server: str
    groups: dict[str, list[ColdStart]]
    top: float
    bottom: float


def draw(reports: Sequence[Report], prefix: Path) -> tuple[Path, ...]:
    """Draws PREFIX.png and PREFIX.svg and gives both paths; draws nothing where no cold start tells its phases."""
    blocks = _lay_out([start for report in reports for start in report.coldstarts])
    if not blocks:
        return ()
    machines = describe_machines(reports)
    canvas = Canvas(blocks[-1].bottom + BOTTOM + 0.12 + 0.17 * len(machines))
    canvas.text(MARGIN, 0.5, "Where the time of a cold start goes", fontsize=16, fontweight="bold")
    explanation = f"Medians of {count_runs(reports)} runs. Every part is named by the moment that ends it."
    canvas.text(MARGIN, 0.86, explanation, color=MUTED)
    _draw_legend(canvas, _seen_parts(blocks))
    for block in blocks:
        _draw_block(canvas, block)
    for line, machine in enumerate(machines[::-1]):
        canvas.text(MARGIN, blocks[-1].bottom + BOTTOM + 0.17 * line, machine, fontsize=8, color=MUTED)
    return canvas.save(prefix)


def _lay_out(starts: Sequence[ColdStart]) -> list[Block]:
    blocks, at = [], TOP + LEGEND
    for name in dict.fromkeys(start.server for start in starts if start.medians_ms):
        groups = {heading: _shown(members, name) for heading, members in group(starts).items()}
        groups = {heading: members for heading, members in groups.items() if members}
        top = at + TITLE
        bars = sum(len(members) - 1 for members in groups.values())
        bottom = top + len(groups) * (HEADING + PART_BAR) + bars * BAR
        blocks.append(Block(name, groups, top, bottom))
        at = bottom + TICKS
    return blocks


def _shown(members: Sequence[ColdStart], name: str) -> list[ColdStart]:
    """The server with its phases, its baseline, the floors; nothing where it has no phases under these conditions."""
    ours = [start for start in members if start.server == name and start.medians_ms]
    server = find_server(name)
    baselines = [start for start in members if server and start.server == server.baseline]
    return [*ours, *baselines, *filter(is_floor, members)] if ours else []


def _seen_parts(blocks: Sequence[Block]) -> list[str]:
    """The moments that end a part of some bar, in their usual order."""
    starts = [start for block in blocks for members in block.groups.values() for start in members]
    seen = {moment for start in starts for moment, _, long_ms in _parts(start) if long_ms >= SHORTEST_MS}
    return [moment for moment in MOMENTS if moment in seen]


def _parts(start: ColdStart) -> Iterator[tuple[str, float, float]]:
    """Each part of a bar: the moment that ends it, when it begins and how long it is, in ms."""
    began_ms = 0.0
    for moment, ended_ms in start.medians_ms.items():
        yield moment, began_ms, ended_ms - began_ms
        began_ms = ended_ms


def _draw_legend(canvas: Canvas, moments: Sequence[str]) -> None:
    step = (WIDTH - 2 * MARGIN) / 4
    for number, (words, color) in enumerate(PARTS[moment] for moment in moments):
        x, y = MARGIN + number % 4 * step, TOP + 0.22 + number // 4 * 0.22
        square = Rectangle((x, canvas.height - y - 0.06), 0.12, 0.12, color=color, linewidth=0)
        square.set_transform(canvas.figure.dpi_scale_trans)
        canvas.figure.add_artist(square)
        canvas.text(x + 0.2, y, words, fontsize=9)


def _draw_block(canvas: Canvas, block: Block) -> None:
    server = find_server(block.server)
    canvas.text(MARGIN, block.top - 0.1, block.server, fontsize=12.5, fontweight="bold")
    if server:
        canvas.text(BARS_LEFT, block.top - 0.1, server.what, fontsize=9, color=MUTED)
    whole = [start for members in block.groups.values() for start in members if start.medians_ms or is_floor(start)]
    axes = canvas.axes(block.top, block.bottom, ROOM * max(start.summary_ms.median for start in whole), "ms")
    at = block.top
    for heading, (ours, *others) in block.groups.items():
        canvas.text(MARGIN, at + HEADING / 2 + 0.03, heading, fontsize=9.5, fontweight="bold")
        at += HEADING
        _draw_parts(canvas, axes, ours, at + PART_BAR / 2)
        at += PART_BAR
        for start in others:
            _draw_bar(canvas, axes, start, at + BAR / 2)
            at += BAR


def _draw_parts(canvas: Canvas, axes: Axes, start: ColdStart, at: float) -> None:
    scale = (BARS_RIGHT - BARS_LEFT) / axes.get_xlim()[1]
    for moment, began_ms, long_ms in _parts(start):
        axes.barh(at, long_ms, left=began_ms, height=PART_BAR * 0.72, color=PARTS[moment][1], linewidth=0)
        if long_ms * scale >= NARROWEST_LABEL:
            middle = BARS_LEFT + (began_ms + long_ms / 2) * scale
            canvas.text(middle, at, f"{long_ms:.0f}", ha="center", fontsize=7.5, color=CARD, bbox=None)
    canvas.text(BARS_LEFT - 0.15, at, start.server, ha="right", fontsize=9, fontweight="bold")
    total_ms = start.summary_ms.median
    canvas.text(
        BARS_LEFT + total_ms * scale + 0.1, at, format_time(total_ms / 1000), fontsize=9, fontweight="bold", color=INK
    )


def _draw_bar(canvas: Canvas, axes: Axes, start: ColdStart, at: float) -> None:
    limit_ms, total_ms = axes.get_xlim()[1], start.summary_ms.median
    shown_ms = min(total_ms, limit_ms)
    axes.barh(at, shown_ms, height=BAR * 0.58, **(FLOOR if is_floor(start) else {"color": BASELINE}))
    if total_ms > limit_ms:
        # Two white strokes: the bar goes on.
        for x_ms in (0.955 * limit_ms, 0.97 * limit_ms):
            axes.plot(
                (x_ms - 0.004 * limit_ms, x_ms + 0.004 * limit_ms),
                (at + BAR / 2, at - BAR / 2),
                color=CARD,
                linewidth=2,
            )
    canvas.text(BARS_LEFT - 0.15, at, start.server, ha="right", fontsize=8, color=MUTED)
    scale = (BARS_RIGHT - BARS_LEFT) / limit_ms
    canvas.text(BARS_LEFT + shown_ms * scale + 0.1, at, format_time(total_ms / 1000), fontsize=8, color=MUTED)
