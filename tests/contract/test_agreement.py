"""The servers agree: same class first, scores within 0.02, whatever the picture."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.contract.test_formats import agree
from tests.server_process import ROOT, ServerProcess, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.conftest import Target
    from tests.server_process import Answer


@pytest.fixture(scope="module")
def servers(targets: dict[str, Target]) -> Iterator[list[ServerProcess]]:
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(*target.argv())) for target in targets.values()]
        for server in servers:
            server.wait_until_open()
        yield servers


def answers(servers: list[ServerProcess], picture: bytes) -> list[Answer]:
    return [server.predict(picture, "?top_k=10") for server in servers]


@pytest.mark.parametrize("name", ["cat.jpg", "coffee.jpg", "rocket.jpg", "camera.jpg"])
def test_servers_agree_on_the_projects_pictures(servers: list[ServerProcess], name: str) -> None:
    first, *others = answers(servers, (ROOT / "examples/pictures" / name).read_bytes())
    assert all(agree(first, other) for other in others)


def test_servers_agree_on_the_shared_pictures(servers: list[ServerProcess], shared_data: Path) -> None:
    pictures = sorted((shared_data / "images").glob("*.*"))
    assert pictures
    for picture in pictures:
        first, *others = answers(servers, picture.read_bytes())
        assert all(agree(first, other) for other in others), picture.name
