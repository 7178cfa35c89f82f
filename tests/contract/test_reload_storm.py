"""A config file that changes all the time, with faults in it, while clients ask and versions come and go."""

from __future__ import annotations

import json
import os
import random
import shutil
import threading
import time
from itertools import count
from typing import TYPE_CHECKING, Self

import pytest

from tests.contract.awaited import wait_for_answer, wait_for_state
from tests.server_process import free_port, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.contract.conftest import Target
    from tests.server_process import ServerProcess

STORM_S = 20
BETWEEN_WRITES_S = 0.05

ENTRY = """
  config {{
    name: "{name}" base_path: "{base_path}" model_platform: "tensorflow"
    model_version_policy {{ {policy} }}
    {labels}
  }}"""
BROKEN = (
    "model_config_list {",
    "not a config at all",
    "model_config_list { config { name: 'm' base_path: '/nowhere' } }",
    "model_config_list { config { name: 'm' base_path: 'relative' model_platform: 'tensorflow' } }",
    "model_config_list { config { name: 'm' base_path: '/nowhere' model_platform: 'other' } }",
    "",
)


def config(folder: Path, *, stable: int, with_n: bool) -> str:
    """Model m with versions 1 and 2 and a label, and perhaps model n with whatever version is highest."""
    labels = f'version_labels {{ key: "stable" value: {stable} }}'
    both = "specific { versions: 1 versions: 2 }"
    entries = [ENTRY.format(name="m", base_path=folder / "m", policy=both, labels=labels)]
    if with_n:
        entries.append(ENTRY.format(name="n", base_path=folder / "n", policy="latest {}", labels=""))
    return f"model_config_list {{{''.join(entries)}\n}}\n"


class Clients:
    """Ask without pause, each one thing, on connections of their own."""

    def __init__(self, server: ServerProcess) -> None:
        self.faults: list[object] = []
        self.answers = 0
        self._server = server
        self._stop = threading.Event()
        asks: list[tuple[str, Callable[[float], bool], bool]] = [
            ("/v1/models/m/labels/stable:predict", lambda plus: plus in {1, 2}, False),
            ("/v1/models/m/versions/1:predict", lambda plus: plus == 1, False),
            ("/v1/models/m:predict", lambda plus: plus == 2, False),
            ("/v1/models/n:predict", lambda plus: plus in {1, 2, 3}, True),
        ]
        self._threads = [threading.Thread(target=self._ask, args=each) for each in asks]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, path: str, is_right: Callable[[float], bool], may_be_missing: bool) -> None:
        connection = self._server.connect()
        for number in count():
            if self._stop.is_set():
                break
            try:
                connection.request("POST", path, json.dumps({"instances": [float(number % 1000)]}))
                response = connection.getresponse()
                body = response.read()
            except OSError as error:
                self.faults.append(error)
                continue
            if response.status == 200 and is_right(json.loads(body)["predictions"][0] - number % 1000):
                self.answers += 1
            elif not (may_be_missing and response.status == 404):
                self.faults.append((path, response.status, body))
        connection.close()


@pytest.fixture(params=["fast", "rust"])
def target(request: pytest.FixtureRequest, targets: dict[str, Target]) -> Target:
    """A server in Python and one in Rust; how models come and go is the same for every runtime."""
    return targets[request.param]


@pytest.fixture
def folder(tmp_path: Path, lite_models: Path) -> Path:
    for version in (1, 2):
        shutil.copytree(lite_models / f"plus_{version}", tmp_path / "m" / str(version))
    shutil.copytree(lite_models / "plus_1", tmp_path / "n" / "1")
    return tmp_path


@pytest.fixture
def stormy(target: Target, folder: Path) -> Iterator[ServerProcess]:
    (folder / "models.config").write_text(config(folder, stable=1, with_n=True))
    flags = (
        f"--model_config_file={folder / 'models.config'}",
        "--model_config_file_poll_wait_seconds=1",
        "--allow_version_labels_for_unavailable_models",
        f"--port={free_port()}",
        "--log_level=warning",
    )
    with serving(*target.argv(), *flags) as server:
        server.wait_until_open()
        yield server


def test_a_reload_storm_under_load_gives_no_wrong_answer_and_ends_in_the_right_state(
    stormy: ServerProcess, folder: Path, lite_models: Path
) -> None:
    chance = random.Random(4)  # noqa: S311 - the same storm every time
    with Clients(stormy) as clients:
        wait_for_state(stormy, "m", {"1": "AVAILABLE", "2": "AVAILABLE"})
        end_s = time.monotonic() + STORM_S
        while time.monotonic() < end_s:
            good = config(folder, stable=chance.choice([1, 2]), with_n=chance.random() < 0.7)
            (folder / "models.config").write_text(chance.choice([good, good, chance.choice(BROKEN)]))
            version = chance.choice([2, 3])
            if chance.random() < 0.1:
                toggle(folder, lite_models, version)
            time.sleep(BETWEEN_WRITES_S)  # the storm's own rhythm
        if not (folder / "n" / "3").exists():
            toggle(folder, lite_models, 3)
        (folder / "models.config").write_text(config(folder, stable=2, with_n=True))
        wait_for_state(stormy, "n", {"3": "AVAILABLE"})
        wait_for_label(stormy, 2.0)  # n alone may have been there by an earlier config
    assert not clients.faults
    assert clients.answers > 100
    wait_for_state(stormy, "m", {"1": "AVAILABLE", "2": "AVAILABLE"})


def toggle(folder: Path, lite_models: Path, version: int) -> None:
    """Puts a version of n there, or takes it away, at once."""
    place, aside = folder / "n" / str(version), folder / f"{version}.aside"
    shutil.rmtree(aside, ignore_errors=True)
    if place.exists():
        os.replace(place, aside)  # noqa: PTH105 - what is atomic
    else:
        shutil.copytree(lite_models / f"plus_{version}", aside)
        os.replace(aside, place)  # noqa: PTH105


def wait_for_label(server: ServerProcess, prediction: float) -> None:
    """Returns once the label stable of m names the version that answers 0 with this."""
    path, body = "/v1/models/m/labels/stable:predict", b'{"instances": [0.0]}'
    wait_for_answer(server, "POST", path, body, lambda answer: answer.json == {"predictions": [prediction]})
