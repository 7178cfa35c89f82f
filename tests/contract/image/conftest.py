"""Servers with small models that take images, one for each server."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.contract.model_config import model_config
from tests.server_process import ServerProcess, environment_python, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.conftest import Target


@pytest.fixture(scope="session")
def image_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that models.py has filled."""
    folder = tmp_path_factory.mktemp("image_models")
    python = environment_python("export", "generate/requirements.txt")
    subprocess.run([python, Path(__file__).with_name("models.py"), folder], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def images(target: Target, image_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Each server in turn, running, with all of these models."""
    kind = "tflite" if target.model_file == "model.tflite" else "saved_model"
    models = {folder.name: folder for folder in sorted((image_models / kind).iterdir())}
    config = tmp_path_factory.mktemp("images") / "models.config"
    config.write_text(model_config(models))
    with serving(*target.argv(), f"--model_config_file={config}", "--port=0", "--log_level=error") as server:
        server.wait_until_open()
        yield server
