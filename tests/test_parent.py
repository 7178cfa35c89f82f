"""Processes whose parent is killed: they end, and what they held is free."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.lab.memory import process_tree
from tests.server_process import ANSWER_LIMIT_S, ROOT, environment_python, free_port, rust_program, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.server_process import ServerProcess

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="Linux tells processes of their parent's end"
)
HANGS_IN_PROBES = """
import sys, time

def hang(event, args):
    if event == "open" and str(args[0]).endswith("model.tflite"):
        time.sleep(3600)

if "firstserve.runtimes.probe" in sys.orig_argv:
    sys.addaudithook(hang)
"""
"""A sitecustomize for the server: a version that is tried out takes for ever (Python's audit event `open`)."""
ORPHAN = """
import os, sys
from firstserve.parent import end_with_parent

gone = os.fork()
if gone:
    os.waitpid(gone, 0)
    end_with_parent(gone)
os._exit(0)
"""


def until(holds: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + ANSWER_LIMIT_S
    while not holds():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)  # between two looks; nothing tells of it


def until_gone(pid: int) -> None:
    until(lambda: not Path(f"/proc/{pid}").exists())


def kill(server: ServerProcess) -> None:
    """As `kill -9` does; what it has started has to end as well."""
    others = [pid for pid in process_tree(server.process.pid) if pid != server.process.pid]
    assert others
    server.process.kill()
    server.process.wait()
    for pid in others:
        until_gone(pid)


@pytest.fixture
def python() -> Path:
    return environment_python("server_python_fast", "server_python_fast/requirements.txt")


def command(base_path: Path, *flags: str) -> tuple[str, ...]:
    return ("-m", "firstserve", "serve", f"--model_base_path={base_path}", "--model_name=mobilenet", *flags)


def test_a_worker_leaves_its_ports_to_another_server(python: Path, tflite_model: Path, cat: bytes) -> None:
    grpc = f"--port={free_port()}"
    with serving(python, *command(tflite_model, grpc)) as first:
        first.wait_until_open()
        until(lambda: "Running gRPC" in first.log)
        kill(first)
        with serving(python, *command(tflite_model, grpc), port=first.port) as second:
            second.wait_until_open()
            assert second.predict(cat).top[0] == 285
            until(lambda: "Running gRPC" in second.log)


def test_a_worker_that_has_only_just_begun_does_not_outlive_its_supervisor(python: Path, tflite_model: Path) -> None:
    with serving(python, *command(tflite_model)) as server:
        server.wait_until_open()
        kill(server)


def test_a_worker_that_answers_by_grpc_alone_does_not_outlive_its_supervisor(python: Path, tflite_model: Path) -> None:
    port = free_port()
    with serving(python, *command(tflite_model, f"--port={port}", "--rest_api_port=0")) as server:
        until(lambda: "Running gRPC" in server.log)
        kill(server)
        with socket.socket() as connection:
            assert connection.connect_ex(("127.0.0.1", port)) != 0


def test_a_version_that_is_tried_out_does_not_outlive_the_server(
    python: Path, tflite_model: Path, tmp_path: Path
) -> None:
    base_path = shutil.copytree(tflite_model, tmp_path / "mobilenet")
    (tmp_path / "sitecustomize.py").write_text(HANGS_IN_PROBES)
    environment = {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    flags = ("--file_system_poll_wait_seconds=1",)
    with serving(python, *command(base_path, *flags), environment=environment) as server:
        server.wait_until_open()
        until(lambda: "is served on" in server.log)
        shutil.copytree(tflite_model / "1", tmp_path / "unfinished")
        (tmp_path / "unfinished").rename(base_path / "2")
        until(lambda: len(process_tree(server.process.pid)) == 3)
        kill(server)


def test_a_version_that_the_rust_server_tries_out_does_not_outlive_it(tflite_model: Path, tmp_path: Path) -> None:
    endless = tmp_path / "library"
    os.mkfifo(endless)
    command = [str(rust_program()), "probe", str(tflite_model / "1"), f"--litert_library={endless}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as probe:
        assert probe.stdin is not None
        # As the kernel does when the server has gone.
        probe.stdin.close()
        assert probe.wait(ANSWER_LIMIT_S) == 1


def test_a_process_whose_parent_has_gone_before_ends_at_once() -> None:
    assert subprocess.run([sys.executable, "-c", ORPHAN], check=False, cwd=ROOT).returncode == 1
