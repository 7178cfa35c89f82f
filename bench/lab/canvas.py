"""Canvas: a light card of its own, readable on a light and on a dark page -> one PNG and one SVG.

The same drawing gives the same bytes. All positions are inches from the card's top left corner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

INK, MUTED, FAINT, CARD, EDGE = "#1c2430", "#667085", "#e6e9ef", "#ffffff", "#d0d5dd"
BEHIND_TEXT = {"facecolor": CARD, "edgecolor": "none", "pad": 1.5}
"""Keeps the grid's lines out of the letters."""
WIDTH, MARGIN, BARS_LEFT, BARS_RIGHT = 10.0, 0.35, 3.55, 8.35


class Canvas:
    """A figure that takes texts and bars at positions from its top left corner."""

    def __init__(self, height: float) -> None:
        self.height = height
        self.figure = Figure(figsize=(WIDTH, height))
        self.figure.patch.set_alpha(0)
        card = FancyBboxPatch((0.13, 0.13), WIDTH - 0.26, height - 0.26, boxstyle="round,pad=0,rounding_size=0.15")
        card.set(facecolor=CARD, edgecolor=EDGE, linewidth=1, zorder=-1, transform=self.figure.dpi_scale_trans)
        self.figure.add_artist(card)

    def text(self, x: float, y: float, text: str, **style: Any) -> None:
        """Writes a text whose vertical middle is at y."""
        style.setdefault("color", INK)
        style.setdefault("fontsize", 10)
        style.setdefault("bbox", BEHIND_TEXT)
        self.figure.text(x, self.height - y, text, va="center", transform=self.figure.dpi_scale_trans, **style)

    def axes(self, top: float, bottom: float, limit: float, unit: str) -> Axes:
        """Axes for bars between the two, from 0 to the limit; their y is the same position in inches."""
        box = (BARS_LEFT / WIDTH, 1 - bottom / self.height, (BARS_RIGHT - BARS_LEFT) / WIDTH)
        axes = self.figure.add_axes((*box, (bottom - top) / self.height))
        axes.set_ylim(bottom, top)
        axes.set_xlim(0, limit)
        axes.set_facecolor("none")
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, labelsize=9, labelcolor=MUTED)
        axes.set_yticks([])
        axes.xaxis.set_major_formatter(f"{{x:g}} {unit}")
        axes.grid(axis="x", color=FAINT, linewidth=1)
        axes.set_axisbelow(True)
        return axes

    def save(self, prefix: Path) -> tuple[Path, Path]:
        """Writes PREFIX.png and PREFIX.svg, and gives both paths; folders are made."""
        prefix.parent.mkdir(parents=True, exist_ok=True)
        png, svg = prefix.with_name(f"{prefix.name}.png"), prefix.with_name(f"{prefix.name}.svg")
        # Without date, creator and random ids: the same drawing gives the same bytes.
        with mpl.rc_context({"svg.hashsalt": "firstserve", "svg.fonttype": "path"}):
            self.figure.savefig(png, dpi=200, metadata={"Software": None})
            self.figure.savefig(svg, metadata={"Date": None, "Creator": None})
        return png, svg


def format_time(time_s: float) -> str:
    """Milliseconds below a second, seconds with two decimals from there on."""
    return f"{time_s * 1000:.0f} ms" if time_s < 0.9995 else f"{time_s:.2f} s"
