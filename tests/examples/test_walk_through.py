"""The README of examples/simple_model: its commands are typed into one shell, and print what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

import pytest

from tests.examples.conftest import SIMPLE_MODEL, limited
from tests.server_process import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n", re.MULTILINE)
QUESTION = re.compile("curl|tail")
PRINTED = "-- all printed --"


class Shell:
    """Runs commands one after the other, as in a terminal, jobs in the background included."""

    def __init__(self, typed: IO[str], printed: IO[str]) -> None:
        self._typed = typed
        self._printed = printed

    def run(self, command: str) -> str:
        """Gives what is printed until the command ends."""
        print(command, f"echo; echo '{PRINTED}'", sep="\n", file=self._typed, flush=True)
        lines = []
        while (line := self._printed.readline()) not in {f"{PRINTED}\n", ""}:
            lines.append(line)
        return "".join(lines).rstrip()


@contextmanager
def shell(folder: Path, port: int) -> Iterator[Shell]:
    """A shell whose jobs end with it."""
    process = subprocess.Popen(
        ["bash"],
        cwd=folder,
        env=os.environ | {"PORT": str(port), "ENGINE": "process"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with limited(process):
        assert process.stdin is not None
        assert process.stdout is not None
        shell = Shell(process.stdin, process.stdout)
        shell.run("set -m; trap 'kill $(jobs -p)' EXIT")
        # As on a terminal, where it draws no progress bar.
        shell.run('curl() { command curl --silent --show-error "$@"; }')
        yield shell


@pytest.mark.parametrize(("server", "kind"), [("server_python_fast", "tflite"), ("server_python_slow", "saved_model")])
def test_every_command_prints_what_the_readme_shows(checkout: Path, server: str, kind: str) -> None:
    """The README has the fast server, and says that the other one answers the same."""
    readme = (SIMPLE_MODEL / "README.md").read_text()
    readme = readme.replace("server_python_fast", server).replace("tflite/models.config", f"{kind}/models.config")
    rest, grpc = free_port(), free_port()
    with shell(checkout, rest) as terminal:
        for block in CONSOLE.findall(readme):
            _, *parts = COMMAND.split(block)
            for command, shown in zip(parts[::2], parts[1::2], strict=True):
                expected = without_figures(shown)
                typed = command.replace("8501", str(rest)).replace("8500", str(grpc))
                printed = without_figures(terminal.run(typed))
                # Who types by hand asks later than this.
                while printed != expected and QUESTION.match(command):
                    time.sleep(0.05)
                    printed = without_figures(terminal.run(typed))
                assert printed == expected, command


def without_figures(text: str) -> str:
    """Leaves the times and counts away, which are others each time."""
    return re.sub(r"[\d.]+(?= s )|\d+(?= requests| x )", "N", text.rstrip())
