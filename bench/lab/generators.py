"""Generators: the processes that make load -> the tallies that they print, by number of connections."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from bench.lab.errors import BenchError
from bench.lab.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    Tallies = dict[int, dict[str, Any]]
    """A tally (see tally.py) for every number of connections."""

THREADS = sorted({1, os.cpu_count() or 1})
"""Of bare loops."""


class Generators:
    """Starts one process after the other; `question` are the options that say what they ask."""

    def __init__(self, question: Sequence[str], connections: Sequence[int], seconds: float, warmup_s: float) -> None:
        self._question = question
        self._connections = connections
        self._seconds = seconds
        self._warmup_s = warmup_s

    def http(self, host: str, port: int) -> Tallies:
        """Asks by HTTP."""
        return {
            connections: self._run(
                sys.executable,
                "generator",
                f"--host={host}",
                f"--port={port}",
                f"--connections={connections}",
                *self._question,
            )
            for connections in self._connections
        }

    def grpc(self, python: str, host: str, port: int) -> Tallies:
        """Calls half_plus_two by gRPC, with the Python of an environment that has it."""
        return {
            connections: self._run(
                python, "grpc_generator", f"--host={host}", f"--port={port}", f"--connections={connections}"
            )
            for connections in self._connections
        }

    def bare_loop(self, python: str) -> Tallies:
        """Calls the model without a server, from one thread, and from as many as there are CPUs."""
        return {threads: self._run(python, "bare_loop", f"--threads={threads}", *self._question) for threads in THREADS}

    def bare_loop_rust(self, program: str, picture: Path, expected_class: int, model: Path) -> Tallies:
        """The same in Rust."""
        flags = ("--model_name=mobilenet", f"--model_base_path={model}")
        timing = (str(self._warmup_s), str(self._seconds))
        return {
            threads: _tally("bare_loop", program, str(picture), str(expected_class), str(threads), *timing, *flags)
            for threads in THREADS
        }

    def _run(self, python: str, module: str, *arguments: str) -> dict[str, Any]:
        timing = (f"--seconds={self._seconds}", f"--warmup={self._warmup_s}")
        return _tally(module, python, "-P", "-m", f"bench.lab.{module}", *arguments, *timing)


def _tally(name: str, *command: str) -> dict[str, Any]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise BenchError(f"the {name} process failed with status {done.returncode}; its output is above.")
    tally: dict[str, Any] = json.loads(done.stdout)
    return tally
