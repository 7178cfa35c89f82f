"""Liveness and readiness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.server_process import ServerProcess


@pytest.mark.parametrize(("path", "field"), [("/v2/health/live", "live"), ("/v2/health/ready", "ready")])
def test_running_server_is_live_and_ready(server: ServerProcess, cat: bytes, path: str, field: str) -> None:
    # From then on its model is loaded.
    server.predict(cat)
    answer = server.ask("GET", path)
    assert answer.status == 200
    assert answer.json == {field: True}
