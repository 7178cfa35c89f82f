"""Servers with the models of examples/simple_model, and clients of them by both protocols."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from firstserve.client import Client
from tests.server_process import (
    ANSWER_LIMIT_S,
    ROOT,
    START_LIMIT_S,
    ServerProcess,
    environment_python,
    free_port,
    rust_program,
    serving,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KINDS = {"fast": "tflite", "slow": "saved_model", "rust": "tflite"}


class Served(NamedTuple):
    """A running server, and its addresses."""

    process: ServerProcess
    rest: str
    grpc: str


def command(server: str) -> tuple[str | Path, ...]:
    """How a server is started, by its short name."""
    if server == "rust":
        return (rust_program(),)
    name = f"server_python_{server}"
    return environment_python(name, f"{name}/requirements.txt"), ROOT / name / "main.py"


@contextmanager
def served(server: str, *flags: str, port: int | None = None, grpc_port: int | None = None) -> Iterator[Served]:
    """Runs a server until both of its ports are open."""
    grpc_port = free_port() if grpc_port is None else grpc_port
    with serving(*command(server), f"--port={grpc_port}", *flags, port=port) as process:
        process.wait_until_open()
        yield Served(process, f"http://localhost:{process.port}", f"grpc://localhost:{grpc_port}")


def wait_for_versions(url: str, model: str, count: int) -> None:
    """Returns when so many versions can be asked by this address."""
    deadline_s = time.monotonic() + START_LIMIT_S
    with Client(url, timeout_s=ANSWER_LIMIT_S, retries=4) as client:
        while sum(each.state == "AVAILABLE" for each in client.status(model)) < count:
            assert time.monotonic() < deadline_s
            time.sleep(0.01)  # between two questions; nothing tells of a load's end


@pytest.fixture(scope="session")
def simple_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exported `add`, in versions 1 (`stable`) and 2 (`canary`)."""
    folder = tmp_path_factory.mktemp("client")
    for script in (("export.sh", "--operation", "add"), ("release.sh",)):
        subprocess.run(
            ["bash", ROOT / "examples/simple_model" / script[0], *script[1:], "--out", folder],
            check=True,
            capture_output=True,
        )
    return folder


@pytest.fixture(scope="session", params=list(KINDS))
def simple(request: pytest.FixtureRequest, simple_models: Path) -> Iterator[Served]:
    """Each server in turn, with `add`."""
    config = simple_models / KINDS[request.param] / "models.config"
    flags = (f"--model_config_file={config}", "--allow_version_labels_for_unavailable_models")
    with served(request.param, *flags) as server:
        wait_for_versions(server.rest, "add", 2)
        yield server


@pytest.fixture(params=["rest", "grpc"])
def client(request: pytest.FixtureRequest, simple: Served) -> Iterator[Client]:
    """A client of each server by each protocol."""
    with Client(getattr(simple, request.param), timeout_s=ANSWER_LIMIT_S) as client:
        yield client
