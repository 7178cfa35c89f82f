"""First responders with MobileNet, and a full server without one, which says what is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.first_responder.responding import Responding, exchange, responding, without_moments
from tests.server_process import environment_python, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.server_process import ServerProcess

    Reference = Callable[[bytes], bytes]


@pytest.fixture(scope="session")
def full_server(tflite_model: Path) -> Iterator[ServerProcess]:
    """The server without a first responder."""
    python = environment_python("server_python_fast", "server_python_fast/requirements.txt")
    command = ("-m", "firstserve", "serve", f"--model_base_path={tflite_model}", "--model_name=mobilenet")
    with serving(python, *command, "--first_responder=false") as server:
        server.wait_until_open()
        yield server


@pytest.fixture(scope="session")
def reference(full_server: ServerProcess, cat: bytes) -> Reference:
    """What the full server says to the bytes of a connection, without moments."""
    # The first answer tells the start as well.
    full_server.predict(cat)
    return lambda sent: without_moments(exchange(full_server.port, sent))


@pytest.fixture
def first(tflite_model: Path) -> Iterator[Responding]:
    """A first responder."""
    with responding(tflite_model) as first:
        yield first
