"""The digit recognizer, trained from scratch once, and served."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.examples.conftest import limited
from tests.server_process import ROOT, environment_python, free_port, rust_program, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.server_process import ServerProcess

DIGIT_CANVAS = ROOT / "examples/digit_canvas"
NAME = "digit_recognizer"
SERVED_BY = {"server_python_fast": "tflite", "server_python_slow": "saved_model", "server_rust_fastest": "tflite"}
HELD_OUT = (
    "import json; from examples.digit_canvas import digits; learnt, held_out = digits.load();"
    "print(json.dumps([each.tolist() for each in (*held_out, learnt.instances)]))"
)


class FirstRun(NamedTuple):
    """What came of run.sh in a checkout that nobody has used: what it printed, what page and server answered."""

    checkout: Path
    printed: str
    port: int
    server_port: int
    page: int
    server: int
    status: int

    @property
    def folder(self) -> Path:
        """Where the models are."""
        return self.checkout / "examples/digit_canvas"


class Run(NamedTuple):
    """A run.sh, and the ports of its page and its server."""

    process: subprocess.Popen[str]
    port: int
    server_port: int

    def until_ready(self) -> str:
        """Waits until page and server are there, or it has ended; gives what it has printed."""
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line.startswith("Draw a digit"):
                break
        return "".join(lines)


def train(*options: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", DIGIT_CANVAS / "train.sh", *options], capture_output=True, text=True, check=False)


@contextmanager
def recognizing(server: str, folder: Path, port: int | None = None) -> Iterator[ServerProcess]:
    """A server with the model."""
    if server == "server_rust_fastest":
        command: list[str | Path] = [rust_program()]
    else:
        command = [environment_python(server, f"{server}/requirements.txt"), ROOT / server / "main.py"]
    base_path = folder / SERVED_BY[server] / NAME
    with serving(*command, f"--model_name={NAME}", f"--model_base_path={base_path}", port=port) as process:
        process.wait_until_open()
        yield process


def scores(server: ServerProcess, instances: Any) -> list[list[float]]:
    body = json.dumps({"instances": instances}).encode()
    answer = server.ask("POST", f"/v1/models/{NAME}:predict", body)
    assert answer.status == 200, answer.body
    predictions: list[list[float]] = answer.json["predictions"]
    return predictions


@contextmanager
def running(checkout: Path, **settings: str) -> Iterator[Run]:
    """A run.sh with ports of its own."""
    ports = {"PORT": str(free_port()), "SERVER_PORT": str(free_port())} | settings
    process = subprocess.Popen(
        ["bash", checkout / "examples/digit_canvas/run.sh"],
        env=os.environ | {"ENGINE": "process"} | ports,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with limited(process):
        yield Run(process, int(ports["PORT"]), int(ports["SERVER_PORT"]))


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> FirstRun:
    """The project with the example as nobody has used it yet, where run.sh was started once, and ended."""
    checkout = tmp_path_factory.mktemp("checkout")
    for entry in ROOT.iterdir():
        if entry.name != "examples":
            (checkout / entry.name).symlink_to(entry)
    unused = shutil.ignore_patterns("saved_model", "tflite", "__pycache__")
    shutil.copytree(DIGIT_CANVAS, checkout / "examples/digit_canvas", ignore=unused)
    with running(checkout) as run:
        printed = run.until_ready()
        page, server = status(run.port, "/"), status(run.server_port, f"/v1/models/{NAME}")
        run.process.terminate()
        run.process.communicate()
    return FirstRun(checkout, printed, run.port, run.server_port, page, server, run.process.returncode)


def status(port: int, path: str) -> int:
    """What a GET is answered with."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except ConnectionRefusedError:
        return 0
    finally:
        connection.close()


@pytest.fixture(scope="session")
def held_out() -> tuple[list[Any], list[int], list[Any]]:
    """Instances and classes that training does not see, and the instances that it sees."""
    python = environment_python("export", "generate/requirements.txt")
    beside = environment_python(
        "example_digit_canvas_training", "examples/digit_canvas/requirements-training.txt"
    ).parents[1]
    (packages,) = beside.glob("lib/python3*/site-packages")
    run = subprocess.run(
        [python, "-c", HELD_OUT],
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{packages}"},
        capture_output=True,
        text=True,
        check=True,
    )
    instances, classes, learnt = json.loads(run.stdout)
    return instances, classes, learnt
