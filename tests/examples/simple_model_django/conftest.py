"""Django, which reads the site's settings, and the models on a real server."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import django
import pytest
from django.test import Client
from django.test.utils import override_settings, setup_test_environment, teardown_test_environment

from tests.examples.conftest import SERVED_BY
from tests.server_process import ROOT, ServerProcess, environment_python, free_port, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "examples.simple_model_django.settings"
django.setup()
SITE = ROOT / "examples/simple_model_django"


@contextmanager
def serving_models(exported: Path, port: int, kind: str = "tflite", *flags: str) -> Iterator[ServerProcess]:
    """A server with the models, by gRPC on that port, which it opens once the models can answer."""
    name = SERVED_BY[kind]
    with serving(
        environment_python(name, f"{name}/requirements.txt"),
        str(ROOT / name / "main.py"),
        f"--model_config_file={exported / kind / 'models.config'}",
        f"--port={port}",
        "--rest_api_port=0",
        "--allow_version_labels_for_unavailable_models",
        *flags,
        port=port,
    ) as server:
        server.wait_until_open()
        yield server


@pytest.fixture(scope="session", autouse=True)
def _django() -> Iterator[None]:
    setup_test_environment()
    yield
    teardown_test_environment()


@pytest.fixture(scope="module", params=["tflite", "saved_model"])
def model_server(request: pytest.FixtureRequest, exported: Path) -> Iterator[ServerProcess]:
    """Each server in turn, as the site's own."""
    port = free_port()
    with serving_models(exported, port, request.param) as server, site_of(port):
        yield server


@contextmanager
def site_of(port: int, timeout_s: float = 30) -> Iterator[None]:
    """Tells the site where its server is."""
    with override_settings(MODEL_SERVER=f"grpc://127.0.0.1:{port}", TIMEOUT_S=timeout_s):
        yield


@pytest.fixture
def visitor() -> Client:
    return Client()
