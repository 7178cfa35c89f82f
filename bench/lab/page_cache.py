"""The page cache, warm or cold: whether what a server reads at its start lies in memory already.

Cold, the kernel forgets everything that it has read, the folders' contents included, before every start. Pages that
some process has mapped stay, such as those of the C library; and below a virtual machine the host has its own cache.
"""

from __future__ import annotations

import os
from pathlib import Path

from bench.lab.errors import BenchError

WARM, COLD = "warm", "cold"
DROP_CACHES = Path("/proc/sys/vm/drop_caches")


def check_droppable(control: Path = DROP_CACHES) -> None:
    """Raises BenchError where the page cache cannot be emptied."""
    if not control.exists():
        raise BenchError(f"--page-cache cold: this system has no {control}, by which Linux forgets what it has read.")
    if not os.access(control, os.W_OK):
        raise BenchError(f"--page-cache cold: only root may write to {control}: use sudo, outside of a container.")


def drop(control: Path = DROP_CACHES) -> None:
    """Empties the page cache of the whole machine, and what the kernel knows of folders (3 in proc_sys_vm(5))."""
    os.sync()
    control.write_text("3")
