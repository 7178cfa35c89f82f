"""Load fault: how a process ended that loaded a version folder -> why that cannot be served, in words."""

from __future__ import annotations

import signal


def load_fault(folder: str, status: int) -> str:
    """What its exit status means (below 0: the signal that ended it)."""
    if status == -signal.SIGKILL:
        return (
            f"loading {folder} was ended by SIGKILL, as when memory runs out: how much the model needs to load is not "
            "known; a container gets more by --memory, of docker run and of gcloud run deploy"
        )
    if status < 0:
        name = signal_name(-status)
        return f"loading {folder} crashed the runtime (signal {name}); the file is damaged or cut off: convert it again"
    return f"loading {folder} ended its process with exit status {status}"


def signal_name(number: int) -> str:
    """Such as SIGSEGV, or the number of one that has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
