"""The palette of the pictures: what was measured -> how its bar is painted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.lab.canvas import MUTED
from bench.lab.servers import find_server

if TYPE_CHECKING:
    from bench.lab.results import ColdStart

BASELINE, OTHER = "#c5ccd8", "#4f6bd8"
OURS = {"server_python_slow": "#d9730d", "server_python_fast": "#0d8f80", "server_rust_fastest": "#b3261e"}
FLOOR: dict[str, Any] = {"color": "#f2f4f7", "edgecolor": MUTED, "linewidth": 0.8, "linestyle": (0, (2, 2))}


def is_floor(start: ColdStart) -> bool:
    """Whether it answered a constant."""
    server = find_server(start.server)
    return server is not None and server.floor


def is_ours(start: ColdStart) -> bool:
    """Whether it is neither a baseline nor a floor."""
    server = find_server(start.server)
    return server is None or bool(server.baseline)


def color_of(start: ColdStart) -> str:
    """The color of a bar that is no floor's."""
    return OURS.get(start.server, OTHER) if is_ours(start) else BASELINE
