"""The supervisor where workers end: it tries again in pauses, says why meanwhile, and gives up at last."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.crashing_model import crashing_model
from tests.server_process import ANSWER_LIMIT_S, ROOT, environment_python, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.server_process import Answer, ServerProcess

NO_PAUSES = """
import sys
from firstserve.outage import Outage
from firstserve.supervisor import Supervisor

def work(sockets, note, first):
    if first:
        note.mark_loaded()
    return 7

Outage.last = lambda self, signals: None
sys.exit(Supervisor(work).run())
"""


def until(holds: Callable[[], bool], server: ServerProcess) -> None:
    deadline_s = time.monotonic() + ANSWER_LIMIT_S
    while not holds():
        assert server.process.poll() is None, server.log
        assert time.monotonic() < deadline_s, server.log
        time.sleep(0.01)  # between two looks; nothing tells of it


@pytest.fixture
def base_path(tflite_model: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tflite_model, tmp_path / "mobilenet")


@pytest.fixture
def server(base_path: Path) -> Iterator[ServerProcess]:
    """One that has loaded its model."""
    python = environment_python("server_python_fast", "server_python_fast/requirements.txt")
    # Only a new worker looks at the folder.
    flags = (f"--model_base_path={base_path}", "--model_name=mobilenet", "--file_system_poll_wait_seconds=0")
    with serving(python, "-m", "firstserve", "serve", *flags) as server:
        server.wait_until_open()
        until(lambda: server.ask("GET", "/v2/health/ready").status == 200, server)
        yield server


def end_worker(server: ServerProcess) -> None:
    (worker,) = server.children()
    os.kill(worker, signal.SIGKILL)


def outage(server: ServerProcess) -> Answer:
    """The first 503 that is told while no worker can serve."""
    while True:
        try:
            answer = server.ask("GET", "/v1/models/mobilenet")
        except OSError:  # a worker that has ended meanwhile
            continue
        if answer.status == 503 and "Retry-After" in answer.headers:
            return answer


def test_a_model_that_has_gone_is_told_by_503_until_it_is_back(
    server: ServerProcess, base_path: Path, cat: bytes
) -> None:
    base_path.rename(base_path.with_name("gone"))
    end_worker(server)
    error = outage(server).error
    assert error.startswith("no model can be served now: ")
    assert str(base_path) in error
    base_path.with_name("gone").rename(base_path)
    until(lambda: server.predict(cat).status == 200, server)
    assert server.stop() == 0


def test_a_model_that_crashes_the_runtime_is_told_by_503_and_tried_again_in_pauses(
    server: ServerProcess, base_path: Path
) -> None:
    model = base_path / "1/model.tflite"
    broken = base_path / "broken"
    broken.write_bytes(crashing_model(model))
    broken.rename(model)
    end_worker(server)
    assert outage(server).error == (
        f"no model can be served now: loading {base_path / '1'} crashed the runtime (signal SIGSEGV); the file is "
        "damaged or cut off: convert it again"
    )
    until(lambda: "another one starts in 2 s" in server.log, server)
    assert server.log.count("another one starts") == 3
    assert server.stop() == 0


def test_sigterm_ends_a_pause(server: ServerProcess, base_path: Path) -> None:
    base_path.rename(base_path.with_name("gone"))
    end_worker(server)
    until(lambda: "another one starts in 8 s" in server.log, server)
    told_s = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - told_s < 8
    assert "in 16 s" not in server.log


def test_an_answer_in_a_pause_is_whole_whatever_is_sent(server: ServerProcess, base_path: Path) -> None:
    base_path.rename(base_path.with_name("gone"))
    end_worker(server)
    until(lambda: "another one starts in 4 s" in server.log, server)
    assert server.ask("POST", "/predict", bytes(10_000_000)).status == 503
    head = server.ask("HEAD", "/")
    assert (head.status, head.body) == (503, b"")


def test_pauses_grow_and_after_twelve_failures_it_gives_up() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", NO_PAUSES], check=False, cwd=ROOT, capture_output=True, text=True, timeout=ANSWER_LIMIT_S
    )
    assert ended.returncode == 3
    *told, last = ended.stderr.splitlines()
    assert [re.sub(r"worker \d+", "worker", line) for line in told] == [
        f"firstserve: worker ended with status 7; another one starts{pause}"
        for pause in ("", *(f" in {pause_s} s" for pause_s in (1, 2, 4, 8, 16, 30, 30, 30, 30, 30)))
    ]
    assert "firstserve cannot start: 12 workers in a row could not serve; the last one: worker" in last
