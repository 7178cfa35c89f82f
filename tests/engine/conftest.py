"""Stand-in programs for what a machine may or may not have, and real servers started by their run.sh."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.engine.running import ROOT, classifier, clean_environment, running
from tests.server_process import free_port

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

TOOLS = "bash basename cat chmod cp cut dirname env find grep id ldd ln mkdir mktemp rm sha256sum timeout true uname"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder to be the whole PATH: the usual tools, and neither docker nor podman nor gcloud."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for tool in TOOLS.split():
        found = shutil.which(tool)
        assert found, f"{tool} is not installed"
        (folder / tool).symlink_to(found)
    return folder


@pytest.fixture
def stand_in(programs: Path, tmp_path: Path) -> Callable[[str, str], Path]:
    """Puts a program on that PATH: stand_in(name, bash) -> the file that its calls are written to, a line each."""

    def write(name: str, script: str) -> Path:
        calls = tmp_path / f"{name}.calls"
        program = programs / name
        program.write_text(f'#!/usr/bin/env bash\necho "$*" >>"{calls}"\n{script}\n')
        program.chmod(0o755)
        return calls

    return write


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout of its own, with what is built and deployed and without any model."""
    folder = tmp_path / "project"
    ignored = shutil.ignore_patterns("__pycache__", "target")
    folder.mkdir()
    shutil.copy(ROOT / ".dockerignore", folder)
    for part in ("engine", "firstserve", "server_python_fast", "server_python_slow", "server_rust_fastest"):
        shutil.copytree(ROOT / part, folder / part, ignore=ignored)
    return folder


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    """A folder with version 1 of a small classifier."""
    return classifier(tmp_path / "flowers")


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return clean_environment(tmp_path)


@pytest.fixture
def started(environment: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a server's run.sh, waits for its port: started(port, *options, cwd=..., server=..., **settings)."""
    with ExitStack() as stack:

        def start(
            port: int, *options: str, cwd: Path = ROOT, server: str = "server_python_fast", **settings: str
        ) -> subprocess.Popen[bytes]:
            run = running(port, *options, environment=environment | settings, cwd=cwd, server=server)
            return stack.enter_context(run)

        yield start
