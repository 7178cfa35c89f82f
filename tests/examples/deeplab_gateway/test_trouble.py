"""A model server that is not there, stands still, or has another model; and a gateway that cannot start."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.examples.deeplab_gateway.running import gateway, model_server, share, wait_for_an_answer
from tests.server_process import ROOT, environment_python, free_port

if TYPE_CHECKING:
    from pathlib import Path


def test_a_server_that_stops_is_told_of_and_found_again(served: Path, tmp_path: Path, camera: bytes) -> None:
    port = free_port()
    shares = share(tmp_path / "shares.json", small=100)
    with gateway(shares, port) as process:
        with model_server(served, port) as server:
            assert process.ask("POST", "/segment", camera).status == 200
            server.stop()
        answer = process.ask("POST", "/segment?format=mask", camera, {"Accept": "image/png"})
        assert answer.status == 503
        assert answer.error == "the model server cannot answer now: try again in a few seconds"
        assert int(answer.headers["Retry-After"]) > 0
        with model_server(served, port):
            wait_for_an_answer(process, camera)
        assert 'requests_total{status="503",variant="small"}' in process.ask("GET", "/metrics").body.decode()


def test_a_server_that_stands_still_is_not_waited_for_longer_than_the_limit(
    served: Path, tmp_path: Path, camera: bytes
) -> None:
    port = free_port()
    shares = share(tmp_path / "shares.json", small=100)
    with model_server(served, port) as server, gateway(shares, port, timeout_s=2) as process:
        with server.standing_still():
            answer = process.ask("POST", "/segment", camera)
        assert answer.status == 504
        assert answer.error == "the model server has not answered within 2 s: try again later"
        wait_for_an_answer(process, camera)


def test_a_variant_that_is_not_served_is_named(server_port: int, tmp_path: Path, camera: bytes) -> None:
    with gateway(share(tmp_path / "shares.json", huge=100), server_port) as process:
        answer = process.ask("POST", "/segment", camera)
    assert answer.status == 502
    assert answer.error.startswith("the model server has no deeplab huge that the gateway can ask: ")


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({}, "the file of shares cannot be read: [Errno 2] No such file or directory: "),
        ({"PORT": "http"}, "PORT is 'http': expected a number from 1 to 65535"),
        ({"TIMEOUT_S": "soon"}, "TIMEOUT_S is 'soon': expected seconds, such as 10"),
        ({"MODEL_SERVER": "localhost:8500"}, "MODEL_SERVER is 'localhost:8500': expected grpc:// or grpcs://"),
    ],
)
def test_a_gateway_that_cannot_start_says_why(tmp_path: Path, settings: dict[str, str], complaint: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "SHARES_FILE": str(tmp_path / "none.json")} | settings
    python = environment_python("deeplab_gateway", "examples/deeplab_gateway/requirements.txt")
    command = [str(python), "-P", "-m", "examples.deeplab_gateway"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.startswith(f"error: {complaint}")
    assert len(run.stderr.splitlines()) == 1
