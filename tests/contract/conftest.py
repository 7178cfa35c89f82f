"""The servers that the contract holds for, each running with the MobileNet that the project exports.

With IN_IMAGES=1 in the environment those that have an image run in it: build them, then
IN_IMAGES=1 bash test.sh tests/contract
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.contract.both_protocols import serving_both
from tests.server_process import ROOT, ServerProcess, environment_python, rust_program, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.both_protocols import BothProtocols


IN_IMAGES = os.environ.get("IN_IMAGES") == "1"


class Target(NamedTuple):
    """How to start a server, and what it serves."""

    environment: str
    """The server's folder, or what else its environment is called by."""
    requirements: str
    """Of the environment whose Python runs the command; empty where the command is a program."""
    command: tuple[str, ...]
    base_path: Path
    """The model's folder of version folders, which the command serves by default."""
    model_file: str

    def argv(self) -> tuple[str | Path, ...]:
        """The command, behind what runs it."""
        if IN_IMAGES and self.environment != "interpreter":
            return Path(__file__).with_name("in_image.sh"), *self.command
        if self.requirements:
            return environment_python(self.environment, self.requirements), *self.command
        assert rust_program() == PROGRAM
        return self.command


FAST = str(ROOT / "server_python_fast/main.py")
SLOW = str(ROOT / "server_python_slow/main.py")
PROGRAM = ROOT / "server_rust_fastest/target/tested/server_rust_fastest"


@pytest.fixture(scope="session")
def targets(saved_model: Path, tflite_model: Path) -> dict[str, Target]:
    """All servers by name, not running yet."""
    lite = (tflite_model, "model.tflite")
    full = (saved_model, "saved_model.pb")
    interpreter = ("interpreter", "server_python_fast/requirements-interpreter.txt")
    program = (str(PROGRAM), "--model_name=mobilenet", f"--model_base_path={tflite_model}")
    return {
        "fast": Target("server_python_fast", "server_python_fast/requirements.txt", (FAST,), *lite),
        "slow": Target("server_python_slow", "server_python_slow/requirements.txt", (SLOW,), *full),
        "rust": Target("server_rust_fastest", "", program, *lite),
        "interpreter": Target(*interpreter, (FAST, "--runtime=interpreter"), *lite),
    }


@pytest.fixture(scope="session", params=["fast", "slow", "rust"])
def target(request: pytest.FixtureRequest, targets: dict[str, Target]) -> Target:
    """Each server in turn, not running yet; the fast one's other runtime shares all but a file with it."""
    return targets[request.param]


@pytest.fixture(scope="session")
def server(target: Target) -> Iterator[ServerProcess]:
    """Each server in turn, running."""
    with serving(*target.argv()) as server:
        server.wait_until_open()
        yield server


@pytest.fixture(scope="session", params=["fast", "slow", "rust"])
def both(
    request: pytest.FixtureRequest,
    targets: dict[str, Target],
    simple_model: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[BothProtocols]:
    """Each of the servers in turn, running, by REST and gRPC."""
    with serving_both(targets[request.param], simple_model, tmp_path_factory.mktemp("both")) as both:
        yield both
