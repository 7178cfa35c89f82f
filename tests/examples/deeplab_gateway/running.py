"""The parts of the example as processes: built models, a model server, the gateway."""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.server_process import ROOT, Answer, ServerProcess, environment_python, free_port, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

EXAMPLE = ROOT / "examples/deeplab_gateway"
START_LIMIT_S = 60


def build(out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs build.sh."""
    command = ["bash", str(EXAMPLE / "build.sh"), *arguments, "--out", str(out)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def built(out: Path, models: Mapping[str, Path]) -> Path:
    """The folder that build.sh writes from models by their labels."""
    run = build(out, *(f"{label}={file}" for label, file in models.items()))
    assert run.returncode == 0, run.stderr
    return out


@contextmanager
def model_server(served: Path, grpc_port: int, name: str = "server_python_fast") -> Iterator[ServerProcess]:
    """A model server with all that build.sh has written, once it is loaded."""
    with serving(
        environment_python(name, f"{name}/requirements.txt"),
        ROOT / name / "main.py",
        f"--port={grpc_port}",
        f"--rest_api_port={(rest_port := free_port())}",
        f"--model_config_file={served / 'models.config'}",
        "--allow_version_labels_for_unavailable_models",
        port=rest_port,
    ) as server:
        server.wait_until_open()
        deadline_s = time.monotonic() + START_LIMIT_S
        while not _is_loaded(server):
            assert time.monotonic() < deadline_s, server.log
            time.sleep(0.01)  # between two questions; nothing tells of a load's end
        yield server


def _is_loaded(server: ServerProcess) -> bool:
    answer = server.ask("GET", "/v1/models/deeplab")
    return answer.status == 200 and all(each["state"] == "AVAILABLE" for each in answer.json["model_version_status"])


@contextmanager
def gateway(shares: Path, grpc_port: int, timeout_s: float = 30) -> Iterator[ServerProcess]:
    """The gateway, once it takes connections."""
    with serving(
        environment_python("deeplab_gateway", "examples/deeplab_gateway/requirements.txt"),
        "-P",
        "-m",
        "examples.deeplab_gateway",
        environment={
            "MODEL_SERVER": f"grpc://localhost:{grpc_port}",
            "SHARES_FILE": str(shares),
            "TIMEOUT_S": str(timeout_s),
        },
    ) as process:
        process.wait_until_open()
        yield process


def wait_for_an_answer(gateway: ServerProcess, picture: bytes) -> Answer:
    """The gateway's first answer that is one, while a server comes up; nothing tells of that."""
    deadline_s = time.monotonic() + START_LIMIT_S
    while (answer := gateway.ask("POST", "/segment", picture)).status != 200:
        assert time.monotonic() < deadline_s, gateway.log
    return answer


def share(file: Path, **percentages: float) -> Path:
    """Writes a file of shares, as a person would."""
    file.write_text(json.dumps(percentages))
    return file


def user_of(gateway: ServerProcess, variant: str) -> dict[str, str]:
    """The headers of a user who gets this variant."""
    for number in range(100):
        headers = {"X-User-Id": f"user {number}"}
        if gateway.ask("GET", "/variant", headers=headers).json["variant"] == variant:
            return headers
    raise AssertionError(f"none of 100 users gets {variant}")
