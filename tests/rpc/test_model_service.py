"""The state of models, and another list of models for a running server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from firstserve.models.model_config import ModelConfig
from firstserve.models.state import State
from tests.models.conftest import until
from tests.rpc.conftest import HALF_PLUS_TWO, Rpc, managing, refusal, serving_rpc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from firstserve.models.manager import ModelManager


def versions(rpc: Rpc, spec: str) -> list[tuple[int, int, int, str]]:
    """Version, state, code and message of what is known of a model."""
    statuses = rpc.call("ModelService/GetModelStatus", f"model_spec {{ {spec} }}").model_version_status
    return [(each.version, each.state, each.status.error_code, each.status.error_message) for each in statuses]


def test_a_reload_that_is_switched_off_names_the_flag(manager: ModelManager) -> None:
    with serving_rpc(manager, reload_config=False) as rpc:
        code, text = refusal(rpc, "ModelService/HandleReloadConfigRequest", "config { model_config_list { } }")
    assert (code, text) == (
        "PERMISSION_DENIED",
        "HandleReloadConfigRequest is switched off here: --enable_reload_config=true allows it",
    )


def test_status_lists_all_versions_newest_first(rpc: Rpc) -> None:
    assert versions(rpc, "name: 'half_plus_two'") == [
        (124, State.AVAILABLE.value, 0, ""),
        (123, State.AVAILABLE.value, 0, ""),
    ]


def test_status_of_one_version(rpc: Rpc) -> None:
    assert [each[0] for each in versions(rpc, "name: 'half_plus_two' version { value: 123 }")] == [123]


def test_status_does_not_look_at_the_label(rpc: Rpc) -> None:
    assert [each[0] for each in versions(rpc, "name: 'half_plus_two' version_label: 'stable'")] == [124, 123]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("", ("INVALID_ARGUMENT", "Missing ModelSpec")),
        ("model_spec { }", ("INVALID_ARGUMENT", "ModelSpec has no name specified.")),
        ("model_spec { name: 'nobody' }", ("NOT_FOUND", "Could not find any versions of model nobody")),
        (
            "model_spec { name: 'half_plus_two' version { value: 9 } }",
            ("NOT_FOUND", "Could not find version 9 of model half_plus_two"),
        ),
    ],
)
def test_status_of_what_is_not_there(rpc: Rpc, request_: str, status: tuple[str, str]) -> None:
    assert refusal(rpc, "ModelService/GetModelStatus", request_) == status


@pytest.fixture
def own(library: None, shared_data: Path) -> Iterator[ModelManager]:  # noqa: ARG001 - sets the variable
    """A manager that a test may change."""
    with managing(ModelConfig("first", shared_data / HALF_PLUS_TWO)) as manager:
        yield manager


def test_a_reload_answers_when_the_new_model_can(own: ModelManager, shared_data: Path) -> None:
    config = f"name: 'second' base_path: '{shared_data / HALF_PLUS_TWO}' model_platform: 'tensorflow'"
    with serving_rpc(own) as rpc:
        response = rpc.call(
            "ModelService/HandleReloadConfigRequest", f"config {{ model_config_list {{ config {{ {config} }} }} }}"
        )
        assert response.HasField("status")
        assert response.status.error_code == 0
        assert versions(rpc, "name: 'second'") == [(124, State.AVAILABLE.value, 0, "")]
        until(lambda: versions(rpc, "name: 'first'") == [(124, State.END.value, 0, "")])


def test_a_reload_that_is_refused_changes_nothing(own: ModelManager) -> None:
    config = "name: 'first' base_path: '/nowhere' model_platform: 'caffe'"
    with serving_rpc(own) as rpc:
        assert (
            refusal(
                rpc,
                "ModelService/HandleReloadConfigRequest",
                f"config {{ model_config_list {{ config {{ {config} }} }} }}",
            )[0]
            == "INVALID_ARGUMENT"
        )
        assert versions(rpc, "name: 'first'") == [(124, State.AVAILABLE.value, 0, "")]


def test_a_reload_without_a_list_is_refused(rpc: Rpc) -> None:
    code, text = refusal(rpc, "ModelService/HandleReloadConfigRequest", "")
    assert code == "INVALID_ARGUMENT"
    assert text == (
        "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported"
    )


def test_an_empty_list_unloads_everything(own: ModelManager) -> None:
    with serving_rpc(own) as rpc:
        rpc.call("ModelService/HandleReloadConfigRequest", "config { model_config_list { } }")
        until(lambda: versions(rpc, "name: 'first'") == [(124, State.END.value, 0, "")])
