"""A server that ends and is started again on the same ports, while a client goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from firstserve.client import Client, Unavailable
from tests.client.conftest import simple_served
from tests.server_process import ANSWER_LIMIT_S, free_port

if TYPE_CHECKING:
    from pathlib import Path

INPUTS = {"a": [1.5], "b": [2.25]}


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_a_client_finds_a_server_that_is_started_again(protocol: str, simple_model: Path, tmp_path: Path) -> None:
    ports = free_port(), free_port()
    with simple_served("fast", simple_model, tmp_path, *ports) as server:
        client = Client(getattr(server, protocol), timeout_s=ANSWER_LIMIT_S)
        assert client.predict("add", INPUTS).outputs["result"] == [3.75]
    with client:
        with pytest.raises(Unavailable):
            client.predict("add", INPUTS)
        with simple_served("fast", simple_model, tmp_path, *ports):
            assert client.predict("add", INPUTS).outputs["result"] == [3.75]
