"""Starting: the first request waits for the model; a server that cannot serve says why and ends."""

from __future__ import annotations

import re
import shutil
import socket
from typing import TYPE_CHECKING

import pytest

from tests.server_process import ANSWER_LIMIT_S, ServerProcess, serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.conftest import Target


def refusal(target: Target, *flags: str, port: int | None = None) -> str:
    """Starts a server that is expected to end by itself, and gives what it said."""
    with serving(*target.argv(), *flags, port=port) as server:
        assert server.process.wait(ANSWER_LIMIT_S) == 3, server.log
        return server.log


def start(server: ServerProcess) -> ServerProcess:
    server.wait_until_open()
    return server


def test_request_that_arrives_first_is_answered(target: Target, cat: bytes) -> None:
    with serving(*target.argv()) as server:
        answer = start(server).predict(cat)
        assert answer.top[0] == 285
        assert "startup;dur=" in answer.headers["Server-Timing"]


def test_only_the_first_answer_tells_the_startup(server: ServerProcess, cat: bytes) -> None:
    server.predict(cat)
    assert "startup" not in server.predict(cat).headers["Server-Timing"]


def test_readiness_is_false_until_the_model_has_run(target: Target) -> None:
    with serving(*target.argv()) as server:
        start(server)
        while (answer := server.ask("GET", "/v2/health/ready")).status != 200:
            assert answer.status == 503
            assert answer.json == {"ready": False}
        assert answer.json == {"ready": True}


def test_missing_model_folder_is_named(target: Target, tmp_path: Path) -> None:
    said = refusal(target, f"--model_base_path={tmp_path / 'nowhere'}")
    assert f"there is no model folder {tmp_path / 'nowhere'}" in said
    assert "Traceback" not in said


def test_folder_without_a_version_is_named_with_the_remedy(target: Target, tmp_path: Path) -> None:
    (tmp_path / "latest").mkdir()
    said = refusal(target, f"--model_base_path={tmp_path}")
    assert f"no version directory under {tmp_path}: expected a folder named by a number" in said


def test_version_folder_without_a_model_is_named(target: Target, tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    said = refusal(target, f"--model_base_path={tmp_path}")
    assert re.search(rf"cannot start: no .* in {tmp_path / '1'}", said), said
    assert target.model_file in said
    assert "Traceback" not in said


@pytest.mark.parametrize("damage", ["cut off", "text", "empty"])
def test_corrupt_model_is_named(target: Target, tmp_path: Path, damage: str) -> None:
    shutil.copytree(target.base_path / "1", tmp_path / "1")
    file = tmp_path / "1" / target.model_file
    content = file.read_bytes()
    file.write_bytes({"cut off": content[: len(content) // 3], "text": b"no model at all", "empty": b""}[damage])
    said = refusal(target, f"--model_base_path={tmp_path}")
    assert str(tmp_path / "1") in said
    assert "Traceback" not in said


def test_highest_version_is_served(target: Target, tmp_path: Path, cat: bytes) -> None:
    for number in ("9", "10"):
        shutil.copytree(target.base_path / "1", tmp_path / number)
    with serving(*target.argv(), f"--model_base_path={tmp_path}") as server:
        assert start(server).predict(cat).json["version"] == "10"


def test_port_in_use_is_named(target: Target) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))  # noqa: S104 - where the server would listen
        taken.listen()
        port = taken.getsockname()[1]
        assert f"cannot listen on port {port}: Address already in use" in refusal(target, port=port)


def test_bad_flag_is_named(target: Target) -> None:
    with serving(*target.argv(), "--rest_api_port=http") as server:
        assert server.process.wait(ANSWER_LIMIT_S) == 2
        assert "--rest_api_port" in server.log
