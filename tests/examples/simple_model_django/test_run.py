"""run.sh, as a newcomer runs it: in a fresh checkout, without exported models."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from tests.examples.conftest import limited
from tests.examples.simple_model_django.conftest import SITE
from tests.server_process import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping


def start(folder: Path, settings: Mapping[str, str]) -> subprocess.Popen[str]:
    """Runs it in a session of its own, by which everything that it starts can be found."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("FIRSTSERVE_", "MODEL_"))}
    return subprocess.Popen(
        ["bash", folder / "run.sh"],
        cwd="/",
        env=inherited | {"ENGINE": "process"} | dict(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def processes_of(session: int) -> list[str]:
    """The command lines of a session's processes."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[3]) == session:
                found.append((stat.parent / "cmdline").read_text())
        except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            continue
    return found


def calculate(address: str) -> str:
    """Fills in the form, and gives the page that comes back."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    token = re.search('name="csrfmiddlewaretoken" value="(.*?)"', browser.open(address).read().decode())
    assert token is not None
    fields = {"operation": "multiply", "a": "1.5", "b": "2.25", "asked": "canary", "csrfmiddlewaretoken": token[1]}
    with browser.open(address, urllib.parse.urlencode(fields).encode()) as response:
        return str(response.read().decode())


def test_a_newcomer_gets_an_answer_and_sigterm_leaves_nothing_behind(checkout: Path) -> None:
    running = start(
        checkout / "examples/simple_model_django", {"PORT": str(free_port()), "ALLOWED_HOSTS": "calculator.example"}
    )
    with limited(running):
        assert running.stdout is not None
        lines = []
        while (line := running.stdout.readline()) and not line.startswith("Ready."):
            lines.append(line)
        address = re.search(r"http://\S+", line)
        assert address is not None, lines
        assert "<td>3.375</td>" in calculate(address[0])
        assert len(processes_of(running.pid)) > 3
        running.terminate()
        running.stdout.read()
        assert running.wait() == 0
    assert processes_of(running.pid) == []


def test_a_server_that_cannot_start_ends_the_site_and_says_why(checkout: Path, exported: Path) -> None:
    shutil.copytree(exported, checkout / "examples/simple_model", dirs_exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as held:
        taken = held.getsockname()[1]
        settings = {"PORT": str(free_port()), "GRPC_PORT": str(taken)}
        running = start(checkout / "examples/simple_model_django", settings)
        with limited(running):
            printed, _ = running.communicate()
    assert running.returncode == 1
    assert f"port {taken} is in use" in printed
    assert "server_python_fast has ended: the lines above say why" in printed
    assert processes_of(running.pid) == []


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        taken = held.getsockname()[1]
        running = start(SITE, {"PORT": str(taken)})
        with limited(running):
            printed, _ = running.communicate()
    assert running.returncode == 1
    assert printed.startswith(f"port {taken} is in use")


def test_another_server_is_refused() -> None:
    running = start(SITE, {"SERVER": "server_java"})
    with limited(running):
        printed, _ = running.communicate()
    assert running.returncode == 2
    assert "SERVER=server_java is no server: choose server_python_fast" in printed
