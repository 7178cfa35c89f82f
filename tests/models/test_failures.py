"""Models that cannot be loaded, beside those that can: what is answered and said, and who is ready."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from firstserve.errors import ModelsUnavailable, NotFound, Unavailable
from firstserve.models.loader import WARMUP_FILE
from firstserve.models.model_config import VersionPolicy
from firstserve.models.model_spec import ModelSpec
from firstserve.models.state import State
from tests.models.conftest import SETTINGS, WAIT_S, ask, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from firstserve.models.manager import ModelManager
    from firstserve.models.model_config import ModelConfig
    from tests.models.conftest import Managed, Models

    Start = Callable[..., Managed]

M, N = ModelSpec("m"), ModelSpec("n")
NOT_FOUND = r"Servable not found for request: Latest\(n\)"


def has_failed(manager: ModelManager, name: str) -> bool:
    versions = manager._registry.models.get(name)
    return versions is not None and versions.failure(None) is not None


@pytest.fixture
def retried(models: Models, start: Start) -> Managed:
    """Serves m; n came later, cannot be loaded, and is tried again much later."""
    models.add("m", 1)
    (models.folder / "n" / "1").mkdir(parents=True)
    managed = start(models.config("m"))
    assert managed.end_of_start() is None
    configs = [models.config("m"), models.config("n")]
    threading.Thread(target=_reload, args=(managed, configs), daemon=True).start()
    until(lambda: has_failed(managed.manager, "n"))
    assert managed.state("n", 1) is State.LOADING
    return managed


def _reload(managed: Managed, configs: list[ModelConfig]) -> None:
    # Its retries take longer than the test.
    with suppress(ModelsUnavailable, Unavailable):
        managed.manager.reload(configs)


def test_a_new_model_that_fails_is_told_at_once_with_the_reason(models: Models, retried: Managed) -> None:
    for spec in (N, N._replace(version=1)):
        with pytest.raises(NotFound, match=rf"it could not be loaded: no model.tflite in {models.folder}/n/1: "):
            retried.manager.handle(spec, None)


def test_a_new_model_that_fails_leaves_the_server_ready(retried: Managed) -> None:
    assert retried.manager.ready_models() == ["m"]
    assert ask(retried.manager, M) == 1


def test_a_new_model_counts_once_it_could_answer(models: Models, retried: Managed) -> None:
    file = models.folder / "n" / "1" / "model.tflite"
    file.write_bytes((models.lite_models / "plus_1" / "model.tflite").read_bytes())
    retried.wait_for("n", 1, State.AVAILABLE)
    assert retried.manager.ready_models() == ["m", "n"]
    models.remove("n", 1)
    retried.wait_for("n", 1, State.END)
    assert retried.manager.ready_models() == []


def test_a_new_model_that_has_no_version_yet_is_not_waited_for(models: Models, start: Start) -> None:
    models.add("m", 1)
    (models.folder / "n").mkdir()
    managed = start(models.config("m"))
    assert managed.end_of_start() is None
    with pytest.raises(Unavailable, match="the new models are still loading"):
        managed.manager.reload([models.config("m"), models.config("n")], deadline_s=0)
    with pytest.raises(NotFound, match=NOT_FOUND + "$"):
        managed.manager.handle(N, None)


def test_a_server_without_models_is_not_ready(models: Models, start: Start) -> None:
    models.add("m", 1)
    managed = start(models.config("m"))
    assert managed.end_of_start() is None
    assert managed.manager.ready_models() == ["m"]
    managed.manager.reload([])
    assert managed.manager.ready_models() == []


def test_a_first_model_that_is_tried_again_is_told_at_once_with_the_reason(models: Models, start: Start) -> None:
    models.add("m", 1)
    (models.folder / "n" / "1").mkdir(parents=True)
    managed = start(models.config("m"), models.config("n"))
    until(lambda: has_failed(managed.manager, "n"))
    with pytest.raises(Unavailable, match=r'model "n" cannot be loaded, and is tried again: no model\.tflite in '):
        managed.manager.handle(N, None)
    assert ask(managed.manager, M) == 1
    assert managed.manager.ready_models() == []


def test_the_longest_time_between_two_tries_is_waited_for(models: Models, start: Start) -> None:
    models.add("m", 1)
    models.move(models.folder / "m", "n", 1)  # no model directly in it
    models.add("m", 1)
    managed = start(models.config("m"), settings=SETTINGS._replace(load_retry_interval_s=2**63 / 1e6, version_poll_s=0))
    assert managed.end_of_start() is None
    with pytest.raises(Unavailable):
        managed.manager.reload([models.config("m"), models.config("n")], deadline_s=0)
    until(lambda: has_failed(managed.manager, "n"))
    managed.manager.reload([models.config("m")])
    assert managed.manager.ready_models() == ["m"]


def test_a_warmup_file_that_cannot_be_read_fails_the_load_once_for_each_try(
    models: Models, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    models.add("m", 1)
    managed = start(models.config("m"), settings=SETTINGS._replace(load_retries=1, load_retry_interval_s=0))
    assert managed.end_of_start() is None
    unfinished = models.folder / "unfinished"
    shutil.copytree(models.lite_models / "plus_2", unfinished)
    (unfinished / WARMUP_FILE).mkdir(parents=True)
    models.move(unfinished, "m", 2)
    managed.wait_for("m", 2, State.END)
    status = managed.manager.statuses("m", 2)[0]
    assert status.message.endswith(
        "tf_serving_warmup_requests is no regular file: put the file itself there, or a link to it"
    )
    errors = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert len([error for error in errors if "m version 2 could not be loaded" in error]) == len(errors) == 2


def test_a_fifo_is_no_model(models: Models, start: Start) -> None:
    models.add("m", 1)
    managed = start(models.config("m"), settings=SETTINGS._replace(load_retries=0))
    assert managed.end_of_start() is None
    unfinished = models.folder / "unfinished"
    unfinished.mkdir()
    os.mkfifo(unfinished / "model.tflite")
    models.move(unfinished, "m", 2)
    managed.wait_for("m", 2, State.END)
    assert f"{models.folder}/m/2/model.tflite is no regular file" in managed.manager.statuses("m", 2)[0].message


def test_a_fault_of_ours_in_a_load_is_a_failure_like_others(
    models: Models, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.add("m", 1)
    managed = start(models.config("m"), settings=SETTINGS._replace(load_retries=0))
    assert managed.end_of_start() is None

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(managed.manager._loader, "load", fail)
    models.add("m", 2)
    managed.wait_for("m", 2, State.END)
    assert "ZeroDivisionError" in managed.manager.statuses("m", 2)[0].message


def test_every_load_and_unload_is_logged_with_its_time(
    models: Models, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    models.add("m", 1)
    start(models.config("m"))
    until(lambda: "Successfully loaded servable version {name: m version: 1} in " in caplog.text)
    models.remove("m", 1)
    until(lambda: "Done unloading servable version {name: m version: 1} in " in caplog.text)
    assert "No versions of servable m found under base path" in caplog.text


def test_a_version_that_the_policy_misses_is_warned_of(
    models: Models, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    models.add("m", 1)
    start(models.config("m", policy=VersionPolicy(specific=frozenset({7}))))
    until(lambda: "Version 7 of servable m, which its version policy asks for, was not found" in caplog.text)


def test_nothing_waits_longer_than_the_first_failure(models: Models, start: Start) -> None:
    (models.folder / "m" / "1").mkdir(parents=True)
    managed = start(models.config("m"))
    waited: list[BaseException] = []

    def wait() -> None:
        try:
            managed.manager.handle(M, None)
        except Unavailable as error:
            waited.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    waiting.join(WAIT_S)
    assert "is tried again" in str(waited[0])
