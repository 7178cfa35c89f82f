"""Servers that are asked by REST, with models for both runtimes, and for TensorFlow's with one of all data types."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.contract.model_config import model_config
from tests.server_process import Answer, ServerProcess, environment_python, free_port, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.conftest import Target

LABELS = {"stable": 1, "canary": 2}


class Rest(NamedTuple):
    """A server with the model `m` in versions 1 and 2, `stable` and `canary`, and its answers by REST."""

    server: ServerProcess

    def ask(self, method: str, path: str, body: bytes | str | None = None, **headers: str) -> Answer:
        """One request; names of headers have `_` for `-`."""
        data = body.encode("utf-8", "surrogateescape") if isinstance(body, str) else body
        return self.server.ask(method, path, data, {name.replace("_", "-"): text for name, text in headers.items()})

    def post(self, body: bytes | str, model: str = "m", verb: str = "predict") -> Answer:
        return self.ask("POST", f"/v1/models/{model}:{verb}", body)

    def result(self, body: object, model: str = "m", verb: str = "predict") -> object:
        """What a right request is answered: the value of the answer's one key."""
        answer = self.post(json.dumps(body), model, verb)
        assert answer.status == 200, answer.body
        assert answer.headers["Content-Type"] == "application/json"
        (result,) = answer.json.values()
        return result

    def refusal(self, body: bytes | str, model: str = "m", verb: str = "predict") -> tuple[int, str]:
        """The status and the text with which a request is refused."""
        return error_of(self.post(body, model, verb))


def error_of(answer: Answer) -> tuple[int, str]:
    """Status and text of an error, in TensorFlow Serving's form."""
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Retry-After"] is None
    text = answer.json["error"]
    assert answer.body == f'{{\n    "error": {json.dumps(text, ensure_ascii=False)}\n}}'.encode()
    return answer.status, text


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What models.py writes, the model for both runtimes in two versions."""
    folder = tmp_path_factory.mktemp("rest") / "models"
    python = environment_python("export", "generate/requirements.txt")
    subprocess.run([python, Path(__file__).with_name("models.py"), folder], check=True, capture_output=True)
    for runtime in ("saved_model", "tflite"):
        shutil.copytree(folder / runtime / "1", folder / runtime / "2")
    return folder


@contextmanager
def running(target: Target, folder: Path, models: dict[str, Path]) -> Iterator[Rest]:
    """A server with these models by name, and the labels on `m`."""
    config = folder / "models.config"
    config.write_text(model_config(models, "m", LABELS))
    with serving(
        *target.argv(),
        f"--port={free_port()}",
        f"--model_config_file={config}",
        "--allow_version_labels_for_unavailable_models",
        "--log_level=error",
    ) as server:
        server.wait_until_open()
        # Waits for the version that is loaded last.
        assert server.ask("GET", "/v1/models/m/versions/1/metadata").status == 200
        yield Rest(server)
        assert '"severity": "ERROR"' not in server.log


@pytest.fixture(scope="session")
def fast_rest(targets: dict[str, Target], models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    """LiteRT's server."""
    with running(targets["fast"], tmp_path_factory.mktemp("fast"), {"m": models / "tflite"}) as rest:
        yield rest


@pytest.fixture(scope="session")
def slow_rest(targets: dict[str, Target], models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    """TensorFlow's server."""
    served = {"m": models / "saved_model", "tensorflow_only": models / "tensorflow_only"}
    with running(targets["slow"], tmp_path_factory.mktemp("slow"), served) as rest:
        yield rest


@pytest.fixture(scope="session")
def rust_rest(targets: dict[str, Target], models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    """LiteRT's server in Rust."""
    with running(targets["rust"], tmp_path_factory.mktemp("rust"), {"m": models / "tflite"}) as rest:
        yield rest


@pytest.fixture(params=["fast", "slow", "rust"])
def rest(request: pytest.FixtureRequest) -> Rest:
    """Each server in turn."""
    running: Rest = request.getfixturevalue(f"{request.param}_rest")
    return running
