"""The two variants of the shared data, built and served once, with a gateway in front of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.examples.deeplab_gateway.labelled import Labelled, pictures
from tests.examples.deeplab_gateway.running import built, gateway, model_server, share
from tests.server_process import ROOT, ServerProcess, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def models(shared_data: Path) -> dict[str, Path]:
    """The model files by their labels."""
    folder = shared_data / "models"
    return {
        "small": folder / "deeplabv3_mnv2_dm05_pascal_quant.tflite",
        "large": folder / "deeplabv3_mnv2_pascal_quant.tflite",
    }


@pytest.fixture(scope="session")
def labelled(shared_data: Path) -> list[Labelled]:
    return pictures(shared_data)


@pytest.fixture(scope="session")
def camera() -> bytes:
    """A JPEG of a photographer, class 15, that the project carries; 512 x 512 pixels."""
    return (ROOT / "examples/pictures/camera.jpg").read_bytes()


@pytest.fixture(scope="session")
def served(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What build.sh has made of the models."""
    return built(tmp_path_factory.mktemp("deeplab"), models)


@pytest.fixture(scope="session")
def server_port(served: Path) -> Iterator[int]:
    """The gRPC port of a server that has both variants."""
    port = free_port()
    with model_server(served, port):
        yield port


@pytest.fixture(scope="session")
def running(server_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A gateway that gives half of the users each variant."""
    shares = share(tmp_path_factory.mktemp("shares") / "shares.json", small=50, large=50)
    with gateway(shares, server_port) as process:
        yield process
