"""Versions that arrive while clients ask without pause."""

from __future__ import annotations

import os
import shutil
import threading
import time
from typing import TYPE_CHECKING, Self

import pytest

from tests.server_process import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.conftest import Target
    from tests.server_process import Answer, ServerProcess

SWAPS = 10
LIMIT_S = 60


class Client:
    """Asks without pause, on a connection that it keeps, until it is told to stop."""

    def __init__(self, server: ServerProcess, picture: bytes) -> None:
        self.version = ""
        """The one that has answered last."""
        self.failures: list[object] = []
        self._server = server
        self._picture = picture
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _ask(self) -> None:
        connection = self._server.connect()
        while not self._stop.is_set():
            try:
                connection.request("POST", "/predict?top_k=1", self._picture)
                response = connection.getresponse()
                body = response.read()
            except OSError as error:
                self.failures.append(error)
                continue
            if response.status == 200 and b'"class": 285' in body:
                self.version = body.split(b'"version": "')[1].split(b'"')[0].decode()
            else:
                self.failures.append((response.status, body))
        connection.close()

    def wait_for(self, version: int) -> None:
        deadline_s = time.monotonic() + LIMIT_S
        while self.version != str(version):
            assert time.monotonic() < deadline_s, self.failures[:3]
            time.sleep(0.005)  # between two looks at what the other thread has seen


def drop(target: Target, base_path: Path, version: int) -> None:
    """Puts a version into the folder at once, and takes the one before the last away."""
    unfinished = base_path.parent / f"{version}.unfinished"
    shutil.copytree(target.base_path / "1", unfinished)
    os.replace(unfinished, base_path / str(version))  # noqa: PTH105 - what is atomic
    shutil.rmtree(base_path / str(version - 2), ignore_errors=True)


@pytest.fixture
def base_path(tmp_path: Path) -> Path:
    folder = tmp_path / "mobilenet"
    folder.mkdir()
    return folder


@pytest.fixture
def swapping(target: Target, base_path: Path) -> Iterator[ServerProcess]:
    """A server whose versions come and go."""
    drop(target, base_path, 1)
    with serving(*target.argv(), f"--model_base_path={base_path}") as server:
        server.wait_until_open()
        yield server


def test_new_versions_are_served_soon_and_no_request_fails_and_no_memory_is_lost(
    swapping: ServerProcess, target: Target, base_path: Path, cat: bytes
) -> None:
    with Client(swapping, cat) as client:
        client.wait_for(1)
        # The first swap has two versions in memory for the first time: what it grows by is reused ever after.
        drop(target, base_path, 2)
        client.wait_for(2)
        before_bytes = settled_memory(swapping)
        for version in range(3, 3 + SWAPS):
            drop(target, base_path, version)
            client.wait_for(version)
        after_bytes = settled_memory(swapping)
    assert not client.failures
    assert after_bytes < before_bytes * 1.1


def settled_memory(server: ServerProcess) -> int:
    """What it holds once the version before has been closed: the least of what is seen within a second."""
    until_s = time.monotonic() + 1
    seen = []
    while time.monotonic() < until_s:
        seen.append(server.memory_bytes())
        time.sleep(0.05)  # the time is what is waited for: nothing outside the server tells of a close
    return min(seen)


def test_a_damaged_version_changes_nothing(
    target: Target, swapping: ServerProcess, base_path: Path, cat: bytes
) -> None:
    content = (target.base_path / "1" / target.model_file).read_bytes()
    unfinished = base_path.parent / "2.unfinished"
    shutil.copytree(target.base_path / "1", unfinished)
    (unfinished / target.model_file).write_bytes(content[: len(content) // 3])
    with Client(swapping, cat) as client:
        client.wait_for(1)
        os.replace(unfinished, base_path / "2")  # noqa: PTH105
        deadline_s = time.monotonic() + LIMIT_S
        while f"{base_path / '2'}" not in swapping.log:
            assert time.monotonic() < deadline_s
            time.sleep(0.005)  # between two looks at the log
        client.version = ""
        client.wait_for(1)
    assert not client.failures


def test_a_version_that_is_asked_for_by_number_answers(swapping: ServerProcess, cat: bytes) -> None:
    def ask(query: str) -> Answer:
        return swapping.predict(cat, query)

    assert ask("?version=1").json["version"] == "1"
    assert ask("?version=9").status == 404
    assert ask("?version=one").status == 404
    assert ask("?label=stable").status == 404
    assert ask("?version=1&label=stable").status == 400
