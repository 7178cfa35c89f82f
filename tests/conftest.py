"""What every test may need: where things are, and the models that the project itself exports."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firstserve.runtimes import tensorflow_c
from tests import browser
from tests.server_process import environment_python

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]

# Some tests ask by gRPC in this process, and others fork: gRPC's threads would begin anew in the child, and crash it.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real models and pictures beside the checkout."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("shared data is not there: expected the folder ../shared/data beside the checkout")
    return folder


@pytest.fixture(scope="session")
def saved_model() -> Path:
    """The base path of the exported MobileNet; `test.sh` has it made."""
    return _made("saved_model", "1/saved_model.pb", "generate/run.sh")


@pytest.fixture(scope="session")
def tflite_model() -> Path:
    """The base path of the converted MobileNet."""
    return _made("saved_model_tflite", "1/model.tflite", "convert_to_tflite/run.sh")


@pytest.fixture(scope="session")
def tensorflow_folder() -> Path:
    """TensorFlow's package in the slow server's environment."""
    python = environment_python("server_python_slow", "server_python_slow/requirements.txt")
    (folder,) = python.parents[1].glob("lib/python3*/site-packages/tensorflow")
    return folder


@pytest.fixture
def tensorflow(tensorflow_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes TensorFlow's library reachable for this test."""
    monkeypatch.setenv(tensorflow_c.FOLDER_VARIABLE, str(tensorflow_folder))


def _made(folder: str, file: str, script: str) -> Path:
    if not (ROOT / folder / file).exists():
        subprocess.run(["bash", str(ROOT / script)], check=True)
    return ROOT / folder


@pytest.fixture(scope="session")
def lite_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the version folders that lite_models.py writes."""
    folder = tmp_path_factory.mktemp("lite_models")
    python = environment_python("export", "generate/requirements.txt")
    subprocess.run([python, ROOT / "tests/lite_models.py", folder], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def small_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the models that runtimes/small_models.py writes."""
    folder = tmp_path_factory.mktemp("small_models")
    python = environment_python("export", "generate/requirements.txt")
    subprocess.run([python, ROOT / "tests/runtimes/small_models.py", folder], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def simple_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exported models of examples/simple_model: saved_model/add and tflite/add, in versions 1 and 2."""
    folder = tmp_path_factory.mktemp("simple_model")
    script = ROOT / "examples/simple_model/export.sh"
    subprocess.run(["bash", script, "--operation", "add", "--out", folder], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def cat() -> bytes:
    """A JPEG of a cat, class 285, that the project carries."""
    return (ROOT / "examples/pictures/cat.jpg").read_bytes()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The command of a browser."""
    command = browser.find()
    if command is None:
        pytest.skip(f"no browser here: one of {', '.join(browser.NAMES)} shows the pages of this test")
    return command


@pytest.fixture(scope="module")
def tab(chromium: str) -> Iterator[browser.Page]:
    """A browser of the test's module, with one tab."""
    with browser.browsing(chromium) as page:
        yield page
