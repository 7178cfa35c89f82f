"""The servers that the contract holds for, each running with the MobileNet that the project exports.

With IN_IMAGES=1 in the environment the two that have an image run in it: build both, then
IN_IMAGES=1 bash test.sh tests/contract
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.contract.both_protocols import serving_both
from tests.server_process import ROOT, ServerProcess, environment_python, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.both_protocols import BothProtocols


IN_IMAGES = os.environ.get("IN_IMAGES") == "1"


class Target(NamedTuple):
    """How to start a server, and what it serves."""

    environment: str
    requirements: str
    command: tuple[str, ...]
    base_path: Path
    """The model's folder of version folders, which the command serves by default."""
    model_file: str

    def python(self) -> Path:
        """What runs the command: the interpreter of the server's environment, or what takes its place."""
        if IN_IMAGES and self.environment != "interpreter":
            return Path(__file__).with_name("in_image.sh")
        return environment_python(self.environment, self.requirements)


FAST = str(ROOT / "server_python_fast/main.py")
SLOW = str(ROOT / "server_python_slow/main.py")


@pytest.fixture(scope="session")
def targets(saved_model: Path, tflite_model: Path) -> dict[str, Target]:
    """All servers by name, not running yet."""
    lite = (tflite_model, "model.tflite")
    full = (saved_model, "saved_model.pb")
    interpreter = ("interpreter", "server_python_fast/requirements-interpreter.txt")
    return {
        "fast": Target("server_python_fast", "server_python_fast/requirements.txt", (FAST,), *lite),
        "slow": Target("server_python_slow", "server_python_slow/requirements.txt", (SLOW,), *full),
        "interpreter": Target(*interpreter, (FAST, "--runtime=interpreter"), *lite),
    }


@pytest.fixture(scope="session", params=["fast", "slow", "interpreter"])
def target(request: pytest.FixtureRequest, targets: dict[str, Target]) -> Target:
    """Each server in turn, not running yet."""
    return targets[request.param]


@pytest.fixture(scope="session")
def server(target: Target) -> Iterator[ServerProcess]:
    """Each server in turn, running."""
    with serving(target.python(), *target.command) as server:
        server.wait_until_open()
        yield server


@pytest.fixture(scope="session")
def simple_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exported models of examples/simple_model: saved_model/add and tflite/add, in versions 1 and 2."""
    folder = tmp_path_factory.mktemp("simple_model")
    script = ROOT / "examples/simple_model/export.sh"
    subprocess.run(["bash", script, "--operation", "add", "--out", folder], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session", params=["fast", "slow"])
def both(
    request: pytest.FixtureRequest,
    targets: dict[str, Target],
    simple_model: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[BothProtocols]:
    """Each of the two servers in turn, running, by REST and gRPC."""
    with serving_both(targets[request.param], simple_model, tmp_path_factory.mktemp("both")) as both:
        yield both
