"""The servers as processes, and a client in tensorflow-serving-api's own process."""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.server_process import START_LIMIT_S, ServerProcess, free_port, serving
from tests.serving_api import Client, Reply, running_client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.conftest import Target

MODELS = {
    "fast": "tfserving/saved_model_half_plus_two_tflite_with_sigdef",
    "slow": "tfserving/saved_model_half_plus_two_2_versions",
    "rust": "tfserving/saved_model_half_plus_two_tflite_with_sigdef",
}
"""What each server serves as `half_plus_two`: version 123, and 124 where there is one."""
CONFIG = """model_config_list { config {
    name: 'half_plus_two' base_path: '%s' model_platform: 'tensorflow' model_version_policy { all { } } %s
} }"""
STABLE = "version_labels { key: 'stable' value: 123 }"


class GrpcProcess(NamedTuple):
    """A server that listens for gRPC."""

    name: str
    process: ServerProcess
    target: str
    client: Client

    def call(self, method: str, request: str, **options: object) -> Reply:
        return self.client.call(self.target, method, request, **options)


@pytest.fixture(scope="session")
def client() -> Iterator[Client]:
    with running_client() as client:
        yield client


@contextmanager
def serving_grpc(name: str, target: Target, client: Client, *flags: str) -> Iterator[GrpcProcess]:
    """Runs a server's command with a gRPC port; yields once that is open."""
    port = free_port()
    with serving(*target.argv(), f"--port={port}", *flags) as process:
        wait_until_open(process, port)
        yield GrpcProcess(name, process, f"localhost:{port}", client)


def wait_until_open(process: ServerProcess, port: int) -> None:
    deadline_s = time.monotonic() + START_LIMIT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=START_LIMIT_S).close()
        except ConnectionRefusedError:
            assert process.process.poll() is None, process.log
            assert time.monotonic() < deadline_s, process.log
            time.sleep(0.01)  # between two looks at the port; nothing tells of its opening
        else:
            return


@pytest.fixture(scope="session", params=["fast", "slow", "rust"])
def server(
    request: pytest.FixtureRequest,
    targets: dict[str, Target],
    client: Client,
    shared_data: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[GrpcProcess]:
    """Each server in turn, with a model whose version 123 is `stable`."""
    config = tmp_path_factory.mktemp("config") / "models.config"
    base_path = shared_data / MODELS[request.param]
    config.write_text(CONFIG % (base_path, ""))
    with serving_grpc(request.param, targets[request.param], client, f"--model_config_file={config}") as server:
        label(server, CONFIG % (base_path, STABLE))
        yield server


def label(server: GrpcProcess, config: str) -> None:
    """Gives version 123 its label, once it is available as it must be for that."""
    deadline_s = time.monotonic() + START_LIMIT_S
    while True:
        reply = server.call("ModelService/HandleReloadConfigRequest", f"config {{ {config} }}")
        if reply.code == "OK":
            return
        assert reply.code == "FAILED_PRECONDITION", reply.details
        assert time.monotonic() < deadline_s, reply.details
