"""Starting as TensorFlow Serving does: with its command, or with what only it has."""

from __future__ import annotations

import re
import shutil
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import grpc
import pytest

from firstserve.rpc.generated.tensorflow_serving.apis.get_model_status_pb2 import (
    GetModelStatusRequest,
    GetModelStatusResponse,
)
from tests.contract.awaited import wait_for_line
from tests.server_process import ANSWER_LIMIT_S, ServerProcess, free_port, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.conftest import Target

NOT_RETRIED = "--max_num_load_retries=0"
UNAVAILABLE = "Request to assign label to version 1 of model m, which is not currently available for inference"


@pytest.fixture(params=["fast", "rust"])
def one(request: pytest.FixtureRequest, targets: dict[str, Target]) -> Target:
    """A server in Python and one in Rust, for what no runtime has a part in."""
    return targets[request.param]


@pytest.fixture
def model_server(target: Target, tmp_path: Path) -> Target:
    """The server's entry point under the name that makes it TensorFlow Serving's command."""
    program = tmp_path / "tensorflow_model_server"
    program.symlink_to(target.command[0])
    return target._replace(command=(str(program), *target.command[1:]))


@contextmanager
def started(target: Target, *flags: str, port: int | None = None) -> Iterator[ServerProcess]:
    """A server whose HTTP port is `port`, with gRPC on one that is free."""
    with serving(*target.argv(), f"--port={free_port()}", *flags, port=port) as server:
        yield server


def refusal(target: Target, *flags: str) -> str:
    """Starts a server that is expected to end by itself as TensorFlow Serving does, and gives what it said."""
    with started(target, *flags) as server:
        assert server.process.wait(ANSWER_LIMIT_S) == 255, server.log
        assert "Traceback" not in server.log
        return server.log


def wait_until_ready(server: ServerProcess) -> None:
    wait_for_line(server, "Running gRPC ModelServer at ")


def test_ready_lines_are_tensorflow_servings(model_server: Target) -> None:
    http_port, grpc_port = free_port(), free_port()
    flags = [f"--port={grpc_port}", f"--rest_api_port={http_port}", f"--model_base_path={model_server.base_path}"]
    with started(model_server, *flags, port=http_port) as server:
        wait_until_ready(server)
        lines = server.log.splitlines()
        assert f"Running gRPC ModelServer at 0.0.0.0:{grpc_port} ..." in lines
        assert f"Exporting HTTP/REST API at:localhost:{http_port} ..." in lines
        assert server.stop() == 0


def test_model_that_cannot_be_loaded_ends_the_start_with_its_status(target: Target, tmp_path: Path) -> None:
    shutil.copytree(target.base_path / "1", tmp_path / "7")
    (tmp_path / "7" / target.model_file).write_bytes(b"no model at all")
    said = refusal(target, f"--model_base_path={tmp_path}", "--model_name=m", NOT_RETRIED)
    assert re.search(
        r"^Failed to start server. Error: UNKNOWN: 1 servable\(s\) did not become available: "
        r"\{\{name: m version: 7\} due to error: [A-Z_]+: .+\}, \}$",
        said,
        re.MULTILINE,
    ), said


def test_folder_that_is_missing_is_waited_for(target: Target, cat: bytes, tmp_path: Path) -> None:
    with started(target, f"--model_base_path={tmp_path / 'later'}") as server:
        wait_for_line(server, "Could not find base path")
        shutil.copytree(target.base_path, tmp_path / "later")
        wait_until_ready(server)
        assert server.predict(cat).top[0] == 285


def test_one_port_for_both_protocols_is_an_error_and_grpc_is_served(targets: dict[str, Target]) -> None:
    port = free_port()
    with started(targets["fast"], f"--port={port}", port=port) as server:
        wait_until_ready(server)
        assert f"--rest_api_port cannot be the same as --port, {port}" in server.log
        assert "Exporting HTTP/REST API" not in server.log


def test_the_server_in_rust_speaks_both_protocols_on_one_port(targets: dict[str, Target], cat: bytes) -> None:
    port = free_port()
    with started(targets["rust"], f"--port={port}", port=port) as server:
        server.wait_until_open()
        assert server.predict(cat).top[0] == 285
        request = GetModelStatusRequest()
        request.model_spec.name = "mobilenet"
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            status = channel.unary_unary("/tensorflow.serving.ModelService/GetModelStatus")
            answer = GetModelStatusResponse.FromString(status(request.SerializeToString(), timeout=ANSWER_LIMIT_S))
        assert [each.version for each in answer.model_version_status] == [1]


def test_port_in_use_fails_the_start(model_server: Target) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:  # noqa: S104 - where the server would listen
        port = taken.getsockname()[1]
        said = refusal(model_server, f"--rest_api_port={port}", f"--model_base_path={model_server.base_path}")
    assert "Failed to start server. Error: " in said
    assert str(port) in said


def test_config_file_names_the_models(target: Target, cat: bytes, tmp_path: Path) -> None:
    config = tmp_path / "models.config"
    model = f'name: "%s" base_path: "{target.base_path}" model_platform: "tensorflow"'
    config.write_text(f"model_config_list {{ config {{ {model % 'a'} }} config {{ {model % 'b'} }} }}")
    with started(target, f"--model_config_file={config}") as server:
        wait_until_ready(server)
        assert server.predict(cat, "?model=b").json["model"] == "b"
        assert server.predict(cat, "?model=a").json["model"] == "a"


def test_config_file_with_a_fault_is_told_with_its_place(one: Target, tmp_path: Path) -> None:
    config = tmp_path / "models.config"
    config.write_text('model_config_list {\n  config { nam: "a" }\n}')
    said = refusal(one, f"--model_config_file={config}")
    assert "Error parsing text-format tensorflow.serving.ModelServerConfig: 2:12: " in said
    assert f"Failed to start server. Error: INVALID_ARGUMENT: Invalid protobuf file: '{config}'\n" in said


@pytest.mark.parametrize(
    ("models", "status"),
    [
        (
            ['name: "m" model_platform: "tensorflow"'] * 2,
            "INVALID_ARGUMENT: Illegal to list model m multiple times in config list",
        ),
        (
            ['name: "m" model_platform: "pytorch"'],
            "INVALID_ARGUMENT: Model m requests unsupported platform pytorch",
        ),
        (
            ['name: "m" model_platform: "tensorflow" version_labels { key: "stable" value: 1 }'],
            f"FAILED_PRECONDITION: {UNAVAILABLE}",
        ),
    ],
)
def test_config_file_that_cannot_be_followed_is_refused(
    one: Target, tmp_path: Path, models: list[str], status: str
) -> None:
    config = tmp_path / "models.config"
    entries = " ".join(f'config {{ {model} base_path: "{one.base_path}" }}' for model in models)
    config.write_text(f"model_config_list {{ {entries} }}")
    assert f"Failed to start server. Error: {status}\n" in refusal(one, f"--model_config_file={config}")


def test_unknown_argument_is_told_and_ignored(model_server: Target) -> None:
    with started(model_server, "--no_such_flag=1", f"--model_base_path={model_server.base_path}") as server:
        wait_until_ready(server)
        assert "unknown argument: --no_such_flag=1\nusage: tensorflow_model_server\n" in server.log
