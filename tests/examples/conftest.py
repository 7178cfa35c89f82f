"""The models of examples/simple_model, exported once and served by both servers."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.server_process import ROOT, ServerProcess, environment_python, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIMPLE_MODEL = ROOT / "examples/simple_model"
LIMIT_S = 600
MODELS = ("add", "subtract", "multiply")
SERVED_BY = {"saved_model": "server_python_slow", "tflite": "server_python_fast"}


def script(name: str, *options: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs a script of the example."""
    return subprocess.run(["bash", SIMPLE_MODEL / name, *options], capture_output=True, text=True, check=False)


@contextmanager
def limited(process: subprocess.Popen[str]) -> Iterator[None]:
    """Ends a process that takes too long, so that nothing waits for it, and one that a failed test leaves behind."""
    limit = threading.Timer(LIMIT_S, process.kill)
    limit.start()
    with process:
        try:
            yield
        except BaseException:
            process.kill()
            raise
        finally:
            limit.cancel()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The project with its examples as nobody has used them yet; all else is linked."""
    for entry in ROOT.iterdir():
        if entry.name != "examples":
            (tmp_path / entry.name).symlink_to(entry)
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "examples"]
    listed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    for name in listed.split("\0")[:-1]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all models; the label stable names version 1."""
    folder = tmp_path_factory.mktemp("simple_model")
    for name in ("export.sh", "release.sh"):
        run = script(name, "--out", folder)
        assert run.returncode == 0, run.stderr
    return folder


@pytest.fixture(scope="session", params=["saved_model", "tflite"])
def server(request: pytest.FixtureRequest, exported: Path) -> Iterator[ServerProcess]:
    """Each server in turn, running with the models that it can serve."""
    name = SERVED_BY[request.param]
    with serving(
        environment_python(name, f"{name}/requirements.txt"),
        str(ROOT / name / "main.py"),
        f"--model_config_file={exported / request.param / 'models.config'}",
        "--model_config_file_poll_wait_seconds=1",
        "--allow_version_labels_for_unavailable_models",
    ) as server:
        server.wait_until_open()
        deadline_s = time.monotonic() + LIMIT_S
        while not all(is_available(server, f"{model}/versions/{version}") for model in MODELS for version in (1, 2)):
            assert time.monotonic() < deadline_s, server.log
            time.sleep(0.01)  # between two questions; nothing tells of a load's end
        yield server


def is_available(server: ServerProcess, version: str) -> bool:
    answer = server.ask("GET", f"/v1/models/{version}")
    return answer.status == 200 and answer.json["model_version_status"][0]["state"] == "AVAILABLE"
