"""Versions that come, go, break and are asked for."""

from __future__ import annotations

import queue
import shutil
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from firstserve.errors import InvalidArgument, ModelsUnavailable, NotFound, QueueFull, Unavailable
from firstserve.models import loader
from firstserve.models.model_config import ModelConfig, VersionPolicy
from firstserve.models.model_spec import ModelSpec
from firstserve.models.state import State
from firstserve.runtimes import load_servable
from tests.models.conftest import SETTINGS, WAIT_S, WAITING, Managed, ask, make_manager, run, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from firstserve.servable import Servable
    from tests.models.conftest import Models

    Start = Callable[..., Managed]

M = ModelSpec("m")


def test_the_highest_version_answers(models: Models, start: Start) -> None:
    for version in (1, 2):
        models.add("m", version)
    managed = start(models.config("m"))
    assert managed.end_of_start() is None
    assert ask(managed.manager, M) == 2
    assert [status.version for status in managed.manager.statuses("m")] == [2]


def test_all_versions_answer_by_their_number(models: Models, start: Start) -> None:
    for version in (1, 2, 3):
        models.add("m", version)
    managed = start(models.config("m", policy=VersionPolicy()))
    assert [ask(managed.manager, M._replace(version=version)) for version in (1, 2, 3)] == [1, 2, 3]


def test_the_latest_two_are_the_highest_two(models: Models, start: Start) -> None:
    for version in (1, 2, 3):
        models.add("m", version)
    managed = start(models.config("m", policy=VersionPolicy(latest=2)))
    managed.wait_for("m", 2, State.AVAILABLE)
    assert [status.version for status in managed.manager.statuses("m")] == [3, 2]


def test_a_specific_version_answers_though_there_are_higher_ones(models: Models, start: Start) -> None:
    for version in (1, 2):
        models.add("m", version)
    managed = start(models.config("m", policy=VersionPolicy(specific=frozenset({1, 7}))))
    assert ask(managed.manager, M) == 1


def test_a_new_version_takes_over_and_the_old_one_ends(models: Models, start: Start) -> None:
    models.add("m", 1)
    managed = start(models.config("m"))
    assert ask(managed.manager, M) == 1
    models.add("m", 2)
    managed.wait_for("m", 1, State.END)
    assert ask(managed.manager, M) == 2
    assert [(status.version, status.code) for status in managed.manager.statuses("m")] == [(2, "OK"), (1, "OK")]


def test_a_version_goes_only_when_another_can_answer(models: Models, start: Start) -> None:
    models.add("m", 1)
    managed = start(models.config("m"))
    assert managed.end_of_start() is None
    answers = []
    models.add("m", 2)
    while managed.state("m", 1) is not State.END:
        answers.append(ask(managed.manager, M))
    assert set(answers) <= {1.0, 2.0}


def test_a_handle_keeps_its_version_until_it_is_given_back(models: Models, start: Start) -> None:
    models.add("m", 1)
    managed = start(models.config("m"))
    with managed.manager.handle(M, None) as model:
        models.add("m", 2)
        managed.wait_for("m", 1, State.UNLOADING)
        assert ask(managed.manager, M) == 2
        assert run(model) == 1
        assert managed.state("m", 1) is State.UNLOADING
    managed.wait_for("m", 1, State.END)


@pytest.mark.parametrize("damage", ["no model", "crashing"])
def test_a_broken_version_leaves_the_old_one_serving(models: Models, start: Start, damage: str) -> None:
    models.add("m", 1)
    managed = start(models.config("m"), settings=SETTINGS._replace(load_retries=0))
    assert managed.end_of_start() is None
    if damage == "crashing":
        models.add_crashing("m", 2)
    else:
        (models.folder / "m" / "2").mkdir()
    managed.wait_for("m", 2, State.END)
    assert ask(managed.manager, M) == 1
    status = managed.manager.statuses("m", 2)[0]
    assert (status.code, str(models.folder / "m" / "2") in status.message) == ("UNAVAILABLE", True)


def test_a_broken_version_serves_once_it_is_mended(models: Models, start: Start) -> None:
    models.add("m", 1)
    managed = start(models.config("m"), settings=SETTINGS._replace(load_retries=0))
    assert managed.end_of_start() is None
    (models.folder / "m" / "2").mkdir()
    managed.wait_for("m", 2, State.END)
    file = models.folder / "m" / "2" / "model.tflite"
    file.write_bytes((models.lite_models / "plus_2" / "model.tflite").read_bytes())
    managed.wait_for("m", 2, State.AVAILABLE)
    assert ask(managed.manager, M) == 2


def test_a_broken_version_is_tried_again_after_the_interval(models: Models, start: Start) -> None:
    models.add("m", 1)
    managed = start(models.config("m"), settings=SETTINGS._replace(load_retries=2, load_retry_interval_s=0))
    assert managed.end_of_start() is None
    (models.folder / "m" / "2").mkdir()
    managed.wait_for("m", 2, State.END)
    (harness, _) = managed.manager._registry.models["m"]
    assert harness.failures == 3


def test_a_version_that_leaves_the_disk_and_comes_back_is_loaded_again(models: Models, start: Start) -> None:
    models.add("m", 1)
    models.add("m", 2)
    managed = start(models.config("m"))
    assert ask(managed.manager, M) == 2
    models.remove("m", 2)
    managed.wait_for("m", 2, State.END)
    assert ask(managed.manager, M) == 1
    models.add("m", 2)
    managed.wait_for("m", 2, State.AVAILABLE)


def test_a_model_without_any_version_left_is_unloaded(models: Models, start: Start) -> None:
    models.add("m", 1)
    managed = start(models.config("m"))
    assert managed.end_of_start() is None
    models.remove("m", 1)
    managed.wait_for("m", 1, State.END)
    with pytest.raises(NotFound, match=r"Servable not found for request: Latest\(m\)"):
        ask(managed.manager, M)


def test_one_base_path_that_cannot_be_seen_holds_up_all_models(
    models: Models, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    models.add("m", 1)
    models.add("n", 1)
    managed = start(models.config("m"), models.config("n"))
    assert managed.end_of_start() is None
    (models.folder / "n").rename(models.folder / "away")
    models.add("m", 2)
    until(lambda: "Could not find base path" in caplog.text)
    with pytest.raises(NotFound):
        managed.manager.statuses("m", 2)
    (models.folder / "away").rename(models.folder / "n")
    managed.wait_for("m", 2, State.AVAILABLE)


def test_the_start_waits_for_the_first_version(models: Models, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    managed = start(models.config("m"))
    until(lambda: "Could not find base path" in caplog.text)
    models.add("m", 1)
    assert managed.end_of_start() is None


def test_a_start_fails_with_every_reason(models: Models, start: Start) -> None:
    (models.folder / "m" / "1").mkdir(parents=True)
    fault = start(models.config("m"), settings=SETTINGS._replace(load_retries=0)).end_of_start()
    assert isinstance(fault, ModelsUnavailable)
    path = models.folder / "m" / "1"
    reason = f"UNAVAILABLE: no model.tflite in {path}: put the converted model there under that name"
    assert str(fault) == (
        "1 servable(s) did not become available: {{name: m version: 1} due to error: " + reason + "}, }"
    )


def test_a_request_waits_while_the_first_version_loads(models: Models, start: Start) -> None:
    managed = start(models.config("m"))
    answers: list[float] = []
    early = threading.Thread(target=lambda: answers.append(ask(managed.manager, M)))
    early.start()
    models.add("m", 1)
    early.join()
    assert answers == [1.0]


def test_more_requests_than_may_wait_are_turned_away(models: Models, start: Start) -> None:
    (models.folder / "m").mkdir()
    models.add("n", 1)
    managed = start(models.config("m"), models.config("n"))
    managed.wait_for("n", 1, State.AVAILABLE)
    answers: list[float] = []
    early = [threading.Thread(target=lambda: answers.append(ask(managed.manager, M))) for _ in range(WAITING)]
    for each in early:
        each.start()
    until(lambda: managed.manager._waiting._inside == WAITING)
    with pytest.raises(QueueFull):
        managed.manager.handle(M, time.monotonic() + WAIT_S)
    assert ask(managed.manager, ModelSpec("n")) == 1
    models.add("m", 1)
    for each in early:
        each.join()
    assert answers == [1.0] * WAITING


def test_a_request_that_has_waited_long_enough_is_turned_away(models: Models, start: Start) -> None:
    managed = start(models.config("m"))
    with pytest.raises(Unavailable, match='model "m" is still loading: ask again'):
        managed.manager.handle(M, time.monotonic())


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (ModelSpec("n"), r"Servable not found for request: Latest\(n\)"),
        (ModelSpec("m", 9), r"Servable not found for request: Specific\(m, 9\)"),
    ],
)
def test_what_is_not_served_is_not_found(models: Models, start: Start, spec: ModelSpec, text: str) -> None:
    models.add("m", 1)
    managed = start(models.config("m"))
    assert managed.end_of_start() is None
    with pytest.raises(NotFound, match=text):
        managed.manager.handle(spec, None)


def test_an_unknown_label_is_told(models: Models, start: Start) -> None:
    managed = start(models.config("m"))
    for name in ("m", "n"):
        with pytest.raises(InvalidArgument, match="Unrecognized servable version label: stable"):
            managed.manager.handle(ModelSpec(name, label="stable"), None)


@pytest.mark.parametrize(
    ("name", "version", "text"),
    [("n", None, "Could not find any versions of model n"), ("m", 2, "Could not find version 2 of model m")],
)
def test_the_status_of_what_is_unknown_is_not_found(
    models: Models, start: Start, name: str, version: int | None, text: str
) -> None:
    models.add("m", 1)
    managed = start(models.config("m"))
    assert managed.end_of_start() is None
    with pytest.raises(NotFound, match=text):
        managed.manager.statuses(name, version)


def test_no_version_is_looked_for_again_where_polling_is_off(tmp_path: Path, models: Models, start: Start) -> None:
    models.add("m", 1)
    managed = start(ModelConfig("m", tmp_path / "m"), settings=SETTINGS._replace(version_poll_s=0))
    assert managed.end_of_start() is None
    assert managed.manager._next_poll_s == float("inf")


def test_a_fault_behind_the_start_does_not_end_the_care_for_models(models: Models) -> None:
    models.add("m", 1)
    manager = make_manager(SETTINGS)

    def fail(_: object) -> None:
        raise OSError("stderr cannot be written")

    manager.start([models.config("m")], fail)
    managed = Managed(manager, queue.Queue())
    managed.wait_for("m", 1, State.AVAILABLE)
    models.add("m", 2)
    managed.wait_for("m", 2, State.AVAILABLE)
    assert manager.ready_models() == ["m"]
    manager.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_models_that_nobody_looks_after_are_not_ready(models: Models) -> None:
    models.add("m", 1)
    manager = make_manager(SETTINGS)
    ended = threading.Event()

    def end(_: object) -> None:
        ended.set()
        raise SystemExit

    manager.start([models.config("m")], end)
    assert ended.wait(WAIT_S)
    until(lambda: not manager.ready_models())
    assert manager.statuses("m")[0].state is State.AVAILABLE


def test_a_model_that_is_written_to_while_it_is_loaded_is_loaded_anew(
    models: Models, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = models.add("m", 1) / "model.tflite"

    def load(*arguments: Any) -> Servable:
        servable = load_servable(*arguments)
        shutil.copyfile(models.lite_models / "plus_2/model.tflite", file)
        monkeypatch.setattr(loader, "load_servable", load_servable)
        return servable

    monkeypatch.setattr(loader, "load_servable", load)
    managed = start(models.config("m"))
    assert managed.end_of_start() is None
    assert ask(managed.manager, ModelSpec("m", 1)) == 2
