"""A server in Python and the one in Rust, and the page as each of them serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.server_process import ServerProcess, environment_python, rust_program, serving
from tests.web.playground.trying import CAT, open_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browser import Page


def command(name: str, base_path: Path) -> list[str | Path]:
    """The server with this model: `rust`, or the one in Python with a runtime."""
    flags = [f"--model_base_path={base_path}", "--model_name=mobilenet"]
    if name == "rust":
        return [rust_program(), *flags]
    folder = {"litert": "server_python_fast", "tensorflow": "server_python_slow"}[name]
    python = environment_python(folder, f"{folder}/requirements.txt")
    return [python, "-m", "firstserve", "serve", f"--runtime={name}", *flags]


@pytest.fixture(scope="session", params=["litert", "rust"])
def argv(request: pytest.FixtureRequest, tflite_model: Path) -> list[str | Path]:
    return command(request.param, tflite_model)


@pytest.fixture(scope="session")
def server(argv: list[str | Path]) -> Iterator[ServerProcess]:
    with serving(*argv) as server:
        server.wait_until_open()
        # It waits for the model, and what a first answer tells is not told again.
        assert server.predict(CAT.read_bytes()).status == 200
        yield server


@pytest.fixture
def page(tab: Page, server: ServerProcess) -> Iterator[Page]:
    """The page as it is when it has just been opened. The browser must have had nothing to complain about."""
    open_page(tab, server)
    yield tab
    assert tab.complaints == []
