"""A real server, started by its run.sh as a plain process unless the environment names an engine."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SHARED_MODELS = ROOT.parent / "shared" / "data" / "models"
START_LIMIT_S = 300  # the first start sets up the environment
STOP_LIMIT_S = 15


def classifier(folder: Path) -> Path:
    """Fills the folder with version 1 of a classifier."""
    source = SHARED_MODELS / "mobilenet_v2_1.0_224_quant.tflite"
    if not source.exists():
        source = ROOT / "saved_model_tflite" / "1" / "model.tflite"
    if not source.exists():
        pytest.skip("shared data is not there, nor is saved_model_tflite/: there is no model to serve")
    version = folder / "1"
    version.mkdir(parents=True)
    shutil.copy(source, version / "model.tflite")
    return folder


def clean_environment(notes: Path) -> dict[str, str]:
    """This process's environment without the settings that run.sh reads, and with a place of its own for the notes."""
    read = ("ENGINE", "PORT", "MODEL_DIR", "MODEL_NAME", "MODEL_BASE_PATH", "BASE_IMAGE")
    kept = {name: value for name, value in os.environ.items() if name not in read and "FIRSTSERVE" not in name}
    return kept | {"ENGINE": "process", "XDG_RUNTIME_DIR": str(notes)}


@contextmanager
def running(
    port: int, *options: str, environment: dict[str, str], cwd: Path = ROOT, server: str = "server_python_fast"
) -> Iterator[subprocess.Popen[bytes]]:
    """Starts the server, waits until its port is open, and ends it."""
    command = ["bash", str(ROOT / server / "run.sh"), *options]
    with subprocess.Popen(command, cwd=cwd, env=environment) as process:
        try:
            wait_until_open(port, process)
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(STOP_LIMIT_S)


def wait_until_open(port: int, process: subprocess.Popen[bytes] | None = None) -> None:
    """Returns once somebody listens on the port."""
    deadline_s = time.monotonic() + START_LIMIT_S
    while not is_open(port):
        if process is not None:
            assert process.poll() is None, f"run.sh ended with status {process.returncode}"
        assert time.monotonic() < deadline_s, f"port {port} did not open"
        time.sleep(0.02)


def is_open(port: int) -> bool:
    """Whether somebody listens on the port."""
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0
