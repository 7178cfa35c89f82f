"""Status and metadata of models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.contract.model_config import model_config
from tests.contract.rest.conftest import Rest, error_of
from tests.server_process import free_port, serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.conftest import Target

OK = {"error_code": "OK", "error_message": ""}


def available(version: int) -> dict[str, object]:
    return {"version": str(version), "state": "AVAILABLE", "status": OK}


@pytest.mark.parametrize(
    ("path", "versions"), [("m", [2, 1]), ("m/versions/1", [1]), ("m/labels/stable", [2, 1]), ("m/labels/none", [2, 1])]
)
def test_status(rest: Rest, path: str, versions: list[int]) -> None:
    answer = rest.ask("GET", f"/v1/models/{path}")
    expected = {"model_version_status": [available(version) for version in versions]}
    assert (answer.status, answer.body.decode()) == (200, json.dumps(expected, indent=1) + "\n")
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("none", "Could not find any versions of model none"),
        ("m?x=1", "Could not find any versions of model m?x=1"),
        ("none/versions/1", "Could not find any versions of model none"),
        ("m/versions/7", "Could not find version 7 of model m"),
    ],
)
def test_status_of_what_is_not_there(rest: Rest, path: str, text: str) -> None:
    assert error_of(rest.ask("GET", f"/v1/models/{path}")) == (404, text)


@pytest.mark.parametrize(
    ("path", "version"),
    [("m", "2"), ("m/versions/1", "1"), ("m/labels/stable", "1"), ("m/labels/canary", "2"), ("m/METADATA", None)],
)
def test_metadata(rest: Rest, path: str, version: str | None) -> None:
    answer = rest.ask("GET", f"/v1/models/{path}/metadata" if version else f"/v1/models/{path}")
    assert answer.status == 200
    if version is None:
        assert "model_version_status" in answer.json
        return
    assert answer.json["model_spec"] == {"name": "m", "signature_name": "", "version": version}
    signature_defs = answer.json["metadata"]["signature_def"]["signature_def"]
    assert set(signature_defs) - {"__saved_model_init_op"} == {"serving_default", "several"}
    several = signature_defs["several"]
    assert (several["method_name"], several["defaults"]) == ("tensorflow/serving/predict", {})
    assert several["inputs"]["b"]["dtype"] == "DT_INT32"
    assert several["inputs"]["b"]["tensor_shape"] == {
        "dim": [{"size": "-1", "name": ""}, {"size": "2", "name": ""}],
        "unknown_rank": False,
    }


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("none", (404, "Servable not found for request: Latest(none)")),
        ("m/versions/7", (404, "Servable not found for request: Specific(m, 7)")),
        ("m/labels/none", (400, "Unrecognized servable version label: none")),
    ],
)
def test_metadata_of_what_is_not_there(rest: Rest, path: str, error: tuple[int, str]) -> None:
    assert error_of(rest.ask("GET", f"/v1/models/{path}/metadata")) == error


def test_metadata_is_what_tensorflow_serving_says_of_its_own_model(
    targets: dict[str, Target], shared_data: Path, tmp_path: Path
) -> None:
    slow = targets["slow"]
    name = "saved_model_half_plus_two_2_versions"
    config = tmp_path / "models.config"
    config.write_text(model_config({name: shared_data / "tfserving" / name}))
    with serving(*slow.argv(), f"--port={free_port()}", f"--model_config_file={config}") as server:
        server.wait_until_open()
        answer = Rest(server).ask("GET", f"/v1/models/{name}/versions/123/metadata")
    assert answer.json == json.loads((shared_data / f"tfserving/{name}_metadata.json").read_text())
