"""Startup: when this process began, and the moments from there to the first answer and to the full server."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

_IMPORTED_S = time.monotonic()
_LONGEST_BOOT_S = 1
"""What Python takes at most until here. A process older than that was a shell script before it was Python, or runs in
a sandbox that counts from a moment of its own."""


def process_start_s(pid: int) -> float:
    """When a process began, on the clock of `time.monotonic()`, to 10 ms.

    From /proc/<pid>/stat, field 22, in clock ticks since the machine's boot (proc(5)); where that cannot be read,
    the moment when this module was imported.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        began_s = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - began_s
    except (OSError, ValueError, IndexError, AttributeError):
        return _IMPORTED_S
    start_s = time.monotonic() - age_s
    return start_s if 0 <= _IMPORTED_S - start_s < _LONGEST_BOOT_S else _IMPORTED_S


PHASES = ("port_open", "runtime_loaded", "request_read", "decoded", "first_run", "answered", "ready")
"""The moments of a start, in the order in which they usually come.

Of `request_read`, `decoded`, `first_run` and `answered` the first picture's count; `ready` is when the full server
could answer.
"""


_TOLD = PHASES.index("answered")
"""Those before it are told in the answer itself."""


class StartupClock:
    """When a start was how far. `time.monotonic()` is one clock for all processes of a machine, the supervisor too."""

    def __init__(self, process_start_s: float | None = None) -> None:
        """Counts from a moment of `time.monotonic()`, or from now."""
        self._process_start_s = time.monotonic() if process_start_s is None else process_start_s
        self._moments_s: dict[str, float] = {}
        self._first = threading.Lock()

    def mark(self, phase: str, at_s: float | None = None) -> None:
        """Notes that a phase is reached, now or at a moment of `time.monotonic()`; what is noted already stays."""
        self._moments_s.setdefault(phase, time.monotonic() if at_s is None else at_s)

    def mark_ready(self) -> None:
        """Says that one more of the full server's parts is there; the last one counts."""
        self._moments_s["ready"] = time.monotonic()

    def moments_s(self) -> dict[str, float]:
        """Seconds from process start to every phase that was reached."""
        moments_s = self._moments_s.copy()
        return {phase: moments_s[phase] - self._process_start_s for phase in PHASES if phase in moments_s}

    def server_timing(self, decode_ms: float, inference_ms: float, read_s: float) -> str:
        """The value of Server-Timing for the answer to a picture; the process's first one tells the start as well.

        `read_s` is the moment when the request was there, of `time.monotonic()`; the run ends now.
        """
        timing = f"decode;dur={decode_ms:.1f}, inference;dur={inference_ms:.1f}"
        # Taken once and never released: only one answer is the first.
        if not self._first.acquire(blocking=False):
            return timing
        now_s = time.monotonic()
        self.mark("request_read", read_s)
        self.mark("decoded", now_s - inference_ms / 1e3)
        self.mark("first_run", now_s)
        moments_s = self.moments_s()
        told_s = {"startup": moments_s.get("ready", moments_s.get("runtime_loaded", 0.0))} | moments_s
        return timing + "".join(
            f", {phase};dur={told_s[phase] * 1e3:.1f}" for phase in ("startup", *PHASES[:_TOLD]) if phase in told_s
        )
