"""Probe: a version folder is loaded in a process of its own first, because a damaged model can end the process.

version folder -> a fresh Python that loads and closes it -> nothing, or why it cannot be served
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from firstserve.errors import LoadError
from firstserve.models.load_fault import load_fault
from firstserve.parent import end_with_parent
from firstserve.runtimes import load_servable
from firstserve.runtimes.litert_c import print_reports
from firstserve.servable import RuntimeOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT_S = 300.0
"""How long a load may take before it is given up."""
LITERT_STATUS = "(LiteRT status "
"""In the text of an error that says no more than LiteRT's C library returns."""
_ERROR = "ERROR: "
_REFUSED = 3
"""Exit status of a probe whose model cannot be loaded; the reason is on its stdout."""


def probe(version_folder: Path, runtime: str, options: RuntimeOptions, limit_s: float = LIMIT_S) -> None:
    """Returns if the version can be loaded. Raises LoadError where it cannot, or would end the process.

    A load is enough: of about 700 .tflite files cut off or damaged anywhere, those that ended the process (or kept it
    for ever) did so while they were loaded and compiled, none in a run after that. The process is a fresh interpreter
    with this one's environment and search path, not a fork: another thread may hold any lock just now, and the
    runtime's own threads would be missing.
    """
    # -P: the folder in which the server was started is not on its search path either.
    command = [sys.executable, "-P", "-m", "firstserve.runtimes.probe", str(version_folder), runtime]
    command += [json.dumps(options._asdict()), str(os.getpid())]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.curdir for path in sys.path)}
    try:
        ended = subprocess.run(
            command,
            env=environment,
            cwd=_working_folder(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LoadError(
            f"loading {version_folder} had not ended after {limit_s:g} s: convert or export the model again"
        ) from error
    except OSError as error:
        raise LoadError(f"{version_folder} cannot be tried out in a process of its own: {error}") from error
    if ended.returncode == _REFUSED:
        raise LoadError(_explained(ended.stdout.decode(errors="replace"), ended.stderr.decode(errors="replace")))
    if ended.returncode:
        sys.stderr.write(ended.stderr.decode(errors="replace"))
    if ended.returncode:
        raise LoadError(load_fault(str(version_folder), ended.returncode))


def _working_folder() -> str | None:
    """None for this process's own; the root where that has been deleted, for Python does not start in such a one."""
    try:
        os.getcwd()  # noqa: PTH109 - only whether there is one is asked
    except FileNotFoundError:
        return "/"
    return None


def _explained(reason: str, printed: str) -> str:
    """With the errors that LiteRT has printed: what it says of something that it has not made, it says nowhere else."""
    errors = [line.removeprefix(_ERROR) for line in printed.splitlines() if line.startswith(_ERROR)]
    if not errors or LITERT_STATUS not in reason:
        return reason
    # Without the place in LiteRT's code, such as `[model_load.cc:316] `.
    return f"{reason}: {'; '.join(error.partition('] ')[2] or error for error in errors)}"


def _main(arguments: Sequence[str]) -> int:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    folder, runtime, options_json, parent_pid = arguments
    end_with_parent(int(parent_pid))
    options = json.loads(options_json)
    options["tags"] = tuple(options["tags"])
    if runtime in {"auto", "litert"}:
        print_reports()
    try:
        load_servable(Path(folder), runtime, RuntimeOptions(**options)).close()
    except LoadError as error:
        sys.stdout.write(str(error))
        return _REFUSED
    except Exception as error:  # noqa: BLE001 - the server says it, as it does for a load of its own
        sys.stdout.write(f"{folder} cannot be loaded: {error!r}")
        return _REFUSED
    return 0


if __name__ == "__main__":
    status = _main(sys.argv[1:])
    sys.stdout.flush()
    # What the libraries' own clearing up would do now is no fault of the model's.
    os._exit(status)
