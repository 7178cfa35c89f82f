"""Configs that are replaced while the server runs."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING

import pytest

from firstserve.errors import FailedPrecondition, FirstserveError, InvalidArgument, ModelsUnavailable, NotFound
from firstserve.models.model_config import ModelConfig, VersionPolicy
from firstserve.models.model_spec import ModelSpec
from firstserve.models.state import State
from tests.models.conftest import SETTINGS, ask, make_manager, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.models.conftest import Managed, Models

    Start = Callable[..., Managed]

ALL = VersionPolicy()


def test_a_new_model_can_answer_when_the_call_returns(models: Models, start: Start) -> None:
    models.add("m", 1)
    models.add("n", 2)
    managed = start(models.config("m"))
    assert managed.end_of_start() is None
    managed.manager.reload([models.config("m"), models.config("n")])
    assert managed.state("n", 2) is State.AVAILABLE
    assert ask(managed.manager, ModelSpec("n")) == 2


def test_a_model_that_is_left_out_is_unloaded(models: Models, start: Start) -> None:
    models.add("m", 1)
    models.add("n", 1)
    managed = start(models.config("m"), models.config("n"))
    assert managed.end_of_start() is None
    managed.manager.reload([models.config("n")])
    managed.wait_for("m", 1, State.END)
    with pytest.raises(NotFound, match="Servable not found"):
        ask(managed.manager, ModelSpec("m"))


def test_an_empty_list_unloads_everything(models: Models, start: Start) -> None:
    models.add("m", 1)
    managed = start(models.config("m"))
    assert managed.end_of_start() is None
    managed.manager.reload([])
    managed.wait_for("m", 1, State.END)


def test_a_policy_may_change(models: Models, start: Start) -> None:
    for version in (1, 2):
        models.add("m", version)
    managed = start(models.config("m"))
    assert managed.end_of_start() is None
    managed.manager.reload([models.config("m", policy=ALL)])
    managed.wait_for("m", 1, State.AVAILABLE)


def test_a_model_that_cannot_be_loaded_is_told(models: Models, start: Start) -> None:
    models.add("m", 1)
    (models.folder / "n" / "1").mkdir(parents=True)
    managed = start(models.config("m"), settings=SETTINGS._replace(load_retries=0))
    assert managed.end_of_start() is None
    with pytest.raises(ModelsUnavailable, match=r"\{\{name: n version: 1\} due to error: UNAVAILABLE: "):
        managed.manager.reload([models.config("m"), models.config("n")])
    assert ask(managed.manager, ModelSpec("m")) == 1


def test_a_new_model_is_tried_in_a_process_of_its_own_first(models: Models, start: Start) -> None:
    models.add("m", 1)
    models.add_crashing("n", 1)
    managed = start(models.config("m"), settings=SETTINGS._replace(load_retries=0))
    assert managed.end_of_start() is None
    with pytest.raises(ModelsUnavailable, match="crashed the runtime"):
        managed.manager.reload([models.config("m"), models.config("n")])
    assert ask(managed.manager, ModelSpec("m")) == 1


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        (lambda m: [m.config("m"), m.config("m")], InvalidArgument, "Illegal to list model m multiple times in config"),
        (
            lambda m: [m.config("m", platform="other")],
            InvalidArgument,
            "platform was tensorflow and new platform requested is other",
        ),
        (
            lambda m: [m.config("m"), m.config("n", platform="other")],
            InvalidArgument,
            "Model n requests unsupported platform other",
        ),
        (
            lambda m: [m.config("m", labels={"stable": 2})],
            FailedPrecondition,
            "Request to assign label to version 2 of model m, which is not currently available for inference",
        ),
    ],
)
def test_configs_that_cannot_be_leave_the_old_ones(
    models: Models,
    start: Start,
    change: Callable[[Models], list[ModelConfig]],
    error: type[FirstserveError],
    text: str,
) -> None:
    models.add("m", 1)
    managed = start(models.config("m"))
    assert managed.end_of_start() is None
    with pytest.raises(error, match=text):
        managed.manager.reload(change(models))
    assert managed.manager.names() == ["m"]
    assert ask(managed.manager, ModelSpec("m")) == 1


def test_a_label_moves_between_available_versions(models: Models, start: Start) -> None:
    for version in (1, 2):
        models.add("m", version)
    managed = start(models.config("m", policy=ALL))
    managed.wait_for("m", 1, State.AVAILABLE)
    stable = ModelSpec("m", label="stable")
    for version in (1, 2, 1):
        managed.manager.reload([models.config("m", policy=ALL, labels={"stable": version})])
        assert managed.manager.version_of_label("m", "stable") == version
        assert ask(managed.manager, stable) == version


def test_a_start_with_labels_is_refused_since_nothing_is_available(models: Models, start: Start) -> None:
    models.add("m", 1)
    with pytest.raises(FailedPrecondition, match="Request to assign label to version 1 of model m"):
        start(models.config("m", labels={"stable": 1}))


def test_a_new_label_may_come_before_its_version_where_that_is_allowed(models: Models, start: Start) -> None:
    models.add("m", 1)
    settings = SETTINGS._replace(labels_for_unavailable=True)
    managed = start(models.config("m", policy=ALL, labels={"stable": 1, "next": 2}), settings=settings)
    assert managed.end_of_start() is None
    with pytest.raises(NotFound, match=r"Servable not found for request: Specific\(m, 2\)"):
        ask(managed.manager, ModelSpec("m", label="next"))
    models.add("m", 2)
    managed.wait_for("m", 2, State.AVAILABLE)
    assert ask(managed.manager, ModelSpec("m", label="next")) == 2


def test_a_label_in_use_moves_only_to_an_available_version(models: Models, start: Start) -> None:
    models.add("m", 1)
    settings = SETTINGS._replace(labels_for_unavailable=True)
    managed = start(models.config("m", labels={"stable": 1}), settings=settings)
    assert managed.end_of_start() is None
    with pytest.raises(FailedPrecondition, match="Request to assign label to version 2 of model m"):
        managed.manager.reload([models.config("m", labels={"stable": 2})])


def test_configs_are_read_anew_and_a_fault_leaves_the_old_ones(models: Models) -> None:
    models.add("m", 1)
    models.add("n", 2)
    steps: queue.Queue[list[ModelConfig] | FirstserveError] = queue.Queue()
    steps.put(InvalidArgument("Invalid protobuf file: 'x'"))
    steps.put([models.config("m"), models.config("n")])

    def read() -> list[ModelConfig]:
        step = steps.get(timeout=60)
        if isinstance(step, FirstserveError):
            raise step
        return step

    manager = make_manager(SETTINGS._replace(config_file=models.folder / "read by the test", config_file_poll_s=0.01))
    ends: queue.Queue[FirstserveError | None] = queue.Queue()
    manager.start([models.config("m")], ends.put, read)
    assert ends.get(timeout=60) is None
    until(lambda: manager.names() == ["m", "n"])
    assert ask(manager, ModelSpec("m")) == 1
    steps.put([])
    manager.stop()
