"""A model's file that is written over in place while it is served: nobody notices.

OVERWRITES in the environment says how many times: `OVERWRITES=200 bash test.sh tests/contract/test_overwritten.py`.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import threading
from itertools import count
from typing import TYPE_CHECKING, Self

import pytest

from tests.contract.awaited import wait_for_answer, wait_for_line, wait_for_mapping, wait_for_state
from tests.server_process import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.contract.conftest import Target
    from tests.server_process import ServerProcess

OVERWRITES = int(os.environ.get("OVERWRITES", "24"))
LIMIT_S = 60
PATH = "/v1/models/m:predict"


class Clients:
    """Ask a model that adds one without pause, with ever other batch sizes, each on one connection."""

    def __init__(self, server: ServerProcess, clients: int = 2) -> None:
        self.faults: list[object] = []
        self._server = server
        self._stop = False
        self._answers = [0] * clients
        self._answered = threading.Condition()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(clients)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop = True
        for thread in self._threads:
            thread.join()

    def wait_for_answers(self) -> None:
        """Returns once each client has had the answer to a request that it has yet to send."""
        with self._answered:
            expected = [answers + 2 for answers in self._answers]
            assert self._answered.wait_for(
                lambda: self.faults or all(map(int.__ge__, self._answers, expected)), timeout=LIMIT_S
            )

    def _ask(self, client: int) -> None:
        connection = self._server.connect()
        for number in count(client * 7):
            if self._stop:
                break
            sent = [float(number)] * (number % 31 + 1)
            try:
                connection.request("POST", PATH, json.dumps({"instances": sent}))
                response = connection.getresponse()
                body = response.read()
                if response.status != 200 or json.loads(body)["predictions"] != [value + 1 for value in sent]:
                    self.faults.append((sent, response.status, body))
            except OSError as error:
                self.faults.append(error)
                break
            with self._answered:
                self._answers[client] += 1
                self._answered.notify_all()
        connection.close()


def cut_off(file: Path, _: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def copy_over(file: Path, other: Path) -> None:
    shutil.copyfile(other, file)


def rename_over(file: Path, other: Path) -> None:
    shutil.copyfile(other, file.with_name("new")).replace(file)


def remove(file: Path, _: Path) -> None:
    file.unlink()


WAYS: tuple[Callable[[Path, Path], None], ...] = (cut_off, copy_over, rename_over, remove)


SERVERS = ["fast", "rust", "interpreter"]


@pytest.mark.parametrize("target", SERVERS)
def test_a_model_that_is_written_over_right_after_the_first_answer_is_loaded_anew_or_kept(
    target: str, targets: dict[str, Target], lite_models: Path, tmp_path: Path
) -> None:
    file = shutil.copytree(lite_models / "plus_1", tmp_path / "m/1") / "model.tflite"
    other = (lite_models / "plus_2/model.tflite").read_bytes()
    assert len(other) == file.stat().st_size, "a file that is cut off ends who reads it"
    flags = ("--model_name=m", f"--model_base_path={tmp_path / 'm'}")
    asked = json.dumps({"instances": [1.0, 5.0]}).encode()
    with serving(*targets[target].argv(), *flags) as server:
        server.wait_until_open()
        assert server.ask("POST", PATH, asked).json == {"predictions": [2.0, 6.0]}
        with file.open("r+b") as opened:
            opened.write(other)
        # Until the change is found, what may be of both is no answer.
        wait_for_answer(server, "POST", PATH, asked, lambda answer: answer.status == 200)
        wait_for_state(server, "m", {"1": "AVAILABLE"})
        predictions = server.ask("POST", PATH, asked).json["predictions"]
        assert predictions in ([2.0, 6.0], [3.0, 7.0])
        is_anew = predictions == [3.0, 7.0]
        if is_anew:
            wait_for_line(server, "loaded anew")
        for _ in range(8):
            assert server.ask("POST", PATH, asked).json == {"predictions": predictions}, server.log
        assert server.log.count("loaded anew") == is_anew


@pytest.fixture(params=SERVERS)
def served(
    request: pytest.FixtureRequest, targets: dict[str, Target], lite_models: Path, tmp_path: Path
) -> Iterator[tuple[ServerProcess, Path]]:
    """A server of .tflite models with one that adds one, and the model's file."""
    folder = shutil.copytree(lite_models / "plus_1", tmp_path / "m/1")
    flags = ("--model_name=m", f"--model_base_path={tmp_path / 'm'}")
    with serving(*targets[request.param].argv(), *flags) as server:
        server.wait_until_open()
        wait_for_state(server, "m", {"1": "AVAILABLE"})
        if request.param == "rust":
            # It answers before it copies the file, which may be written to before that, but not cut off.
            wait_for_mapping(server, "memfd:model.tflite")
        yield server, folder / "model.tflite"


def test_a_model_that_is_written_over_in_place_answers_as_before(
    served: tuple[ServerProcess, Path], lite_models: Path
) -> None:
    server, file = served
    other = lite_models / "plus_2/model.tflite"
    pids = server.pids()
    chance = random.Random(11)  # noqa: S311 - no secret
    with Clients(server) as clients:
        for number in range(OVERWRITES):
            # Every way in turn, then in any order.
            way = WAYS[number] if number < len(WAYS) else chance.choice(WAYS)
            if not file.exists():
                shutil.copyfile(other, file)
            way(file, other)
            clients.wait_for_answers()
            assert not clients.faults, (way.__name__, clients.faults[:3], server.log[-2000:])
    assert server.pids() == pids
