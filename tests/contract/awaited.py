"""What a server comes to by itself, and nothing tells of: it is asked until it is there."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.server_process import Answer, ServerProcess

LIMIT_S = 60


def wait_for_state(server: ServerProcess, model: str, states: dict[str, str]) -> None:
    """Returns once these, and no others, are the versions of the model that have not ended."""

    def is_reached(answer: Answer) -> bool:
        listed = answer.json.get("model_version_status", [])
        return {each["version"]: each["state"] for each in listed if each["state"] != "END"} == states

    wait_for_answer(server, "GET", f"/v1/models/{model}", None, is_reached)


def wait_for_answer(
    server: ServerProcess, method: str, path: str, body: bytes | None, is_right: Callable[[Answer], bool]
) -> None:
    """Asks until the answer is right."""
    deadline_s = time.monotonic() + LIMIT_S
    while not is_right(answer := server.ask(method, path, body)):
        assert time.monotonic() < deadline_s, (answer.body, server.log[-2000:])
        time.sleep(0.02)  # between two looks


def wait_for_line(server: ServerProcess, text: str) -> None:
    """Returns once the server's log has it."""
    deadline_s = time.monotonic() + LIMIT_S
    while text not in server.log:
        assert server.process.poll() is None, server.log
        assert time.monotonic() < deadline_s, server.log
        time.sleep(0.02)  # between two looks at the log; nothing tells of another line


def wait_for_mapping(server: ServerProcess, text: str) -> None:
    """Returns once the server has mapped a file of such a name."""
    deadline_s = time.monotonic() + LIMIT_S
    while text not in Path(f"/proc/{server.process.pid}/maps").read_text():
        assert time.monotonic() < deadline_s, server.log[-2000:]
        time.sleep(0.02)  # between two looks
