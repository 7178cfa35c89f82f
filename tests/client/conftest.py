"""Servers with the models of examples/simple_model, and clients of them by both protocols."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import grpc
import pytest

from firstserve.client import Client
from tests.contract.model_config import model_config
from tests.server_process import (
    ANSWER_LIMIT_S,
    ROOT,
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


def wait_for(server: Served, model: str, *versions: int) -> None:
    """Returns when these versions answer, by either protocol: HTTP's port opens first, and gRPC's after the models."""
    with Client(server.rest, timeout_s=ANSWER_LIMIT_S) as client:
        for version in versions:
            client.metadata(model, version=version)
    with grpc.insecure_channel(server.grpc.removeprefix("grpc://")) as channel:
        grpc.channel_ready_future(channel).result(ANSWER_LIMIT_S)


@contextmanager
def simple_served(
    server: str, models: Path, folder: Path, port: int | None = None, grpc_port: int | None = None
) -> Iterator[Served]:
    """Runs a server with both versions of `add`, labelled `stable` and `canary`; `folder` takes its config."""
    config = folder / "models.config"
    config.write_text(model_config({"add": models / KINDS[server] / "add"}, "add", {"stable": 1, "canary": 2}))
    flags = (f"--model_config_file={config}", "--allow_version_labels_for_unavailable_models")
    with served(server, *flags, port=port, grpc_port=grpc_port) as running:
        wait_for(running, "add", 1, 2)
        yield running


@pytest.fixture(scope="session", params=list(KINDS))
def simple(
    request: pytest.FixtureRequest, simple_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """Each server in turn, with `add`."""
    with simple_served(request.param, simple_model, tmp_path_factory.mktemp(request.param)) as server:
        yield server


@pytest.fixture(params=["rest", "grpc"])
def client(request: pytest.FixtureRequest, simple: Served) -> Iterator[Client]:
    """A client of each server by each protocol."""
    with Client(getattr(simple, request.param), timeout_s=ANSWER_LIMIT_S) as client:
        yield client
