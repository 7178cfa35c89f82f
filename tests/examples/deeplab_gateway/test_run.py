"""run.sh, as who has just got the project calls it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from typing import TYPE_CHECKING

from tests.examples.conftest import limited
from tests.examples.deeplab_gateway.running import EXAMPLE, wait_for_an_answer
from tests.server_process import free_port, serving

if TYPE_CHECKING:
    from pathlib import Path


def environment(out: Path) -> dict[str, str]:
    """Ports of its own, and built models that are not in the checkout."""
    ports = {name: str(free_port()) for name in ("PORT", "GRPC_PORT", "REST_PORT")}
    return os.environ | ports | {"OUT": str(out), "ENGINE": "process"}


def run(out: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs it to its end."""
    with (
        subprocess.Popen(
            ["bash", EXAMPLE / "run.sh"],
            env=environment(out) | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
        limited(process),
    ):
        printed, complained = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, printed, complained)


def test_one_command_builds_serves_and_answers_and_ends_with_all_it_started(
    models: dict[str, Path], camera: bytes, tmp_path: Path
) -> None:
    settings = environment(tmp_path)
    arguments = [f"{label}={file}" for label, file in models.items()]
    with serving("bash", EXAMPLE / "run.sh", *arguments, environment=settings, port=int(settings["PORT"])) as gateway:
        gateway.wait_until_open()
        # The gateway opens its port before the model server has opened its own.
        assert wait_for_an_answer(gateway, camera).json["variant"] in models
        assert f"http://localhost:{settings['PORT']}/ (Swagger UI)" in gateway.log
        assert gateway.stop(signal.SIGTERM) == 128 + signal.SIGTERM
    for name in ("PORT", "GRPC_PORT", "REST_PORT"):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", int(settings[name]))) != 0


def test_without_models_it_says_how_to_give_them(tmp_path: Path) -> None:
    ended = run(tmp_path)
    assert ended.returncode == 1
    assert "There are no models yet: give them" in ended.stderr
    assert "run.sh small=deeplabv3_mnv2_dm05_pascal_quant.tflite" in ended.stderr


def test_a_gateway_port_in_use_is_named(served: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run(served, PORT=str(port))
    assert ended.returncode == 1
    assert f"port {port} is in use" in ended.stderr


def test_a_server_that_cannot_start_ends_the_gateway_too(served: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run(served, GRPC_PORT=str(port))
    assert ended.returncode == 1
    assert f"port {port} is in use" in ended.stderr
    assert ended.stderr.endswith("the model server has ended: see above why\n")


def test_a_gateway_that_cannot_start_ends_the_server_too(served: Path, tmp_path: Path) -> None:
    broken = tmp_path / "shares.json"
    broken.write_text("{}")
    ended = run(served, SHARES_FILE=str(broken))
    assert ended.returncode == 1
    assert "error: the file of shares holds '{}'" in ended.stderr
    assert "the gateway has ended: see above why\n" in ended.stderr
