"""The image that server_python_fast/build.sh made, where there is one and an engine that runs it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.running import ROOT, is_open, wait_until_open

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IMAGE = "server_python_fast"
PICTURE = ROOT / "examples" / "pictures" / "cat.jpg"
ANSWER_LIMIT_S = 60


@pytest.fixture(scope="module")
def engine() -> str:
    chosen = subprocess.run(["bash", str(ROOT / "engine" / "choose.sh")], capture_output=True, text=True, check=True)
    name = chosen.stdout.strip()
    if name == "process":
        pytest.skip("no container engine runs here")
    if subprocess.run([name, "image", "inspect", IMAGE], capture_output=True, check=False).returncode != 0:
        pytest.skip(f"there is no image: ENGINE={name} bash {IMAGE}/build.sh builds it")
    return name


def run_inside(engine: str, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    flags = os.environ.get("ENGINE_RUN_FLAGS", "").split()
    command = [engine, "run", "--rm", *flags, "--entrypoint", program, IMAGE, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def inside(engine: str, script: str) -> Any:
    """What a Python script prints there, as JSON: the image has no shell."""
    ended = run_inside(engine, "python3", "-c", script)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def ask(port: int) -> dict[str, Any]:
    """An engine may open the port before the server does: until then connections are cut."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/predict", data=PICTURE.read_bytes())
    deadline_s = time.monotonic() + ANSWER_LIMIT_S
    while True:
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_LIMIT_S) as response:
                answer: dict[str, Any] = json.load(response)
                return answer
        except OSError:
            assert time.monotonic() < deadline_s
            time.sleep(0.05)


def test_container_answers_and_ends_in_order(
    engine: str, started: Callable[..., subprocess.Popen[bytes]], port: int
) -> None:
    server = started(port, ENGINE=engine, PORT=str(port))
    assert ask(port)["predictions"][0]["label"] == "Egyptian cat"
    server.terminate()
    assert server.wait(15) == 0


def test_docker_command_of_tensorflow_serving_works(engine: str, model_folder: Path) -> None:
    if is_open(8500) or is_open(8501):
        pytest.skip("ports 8500 and 8501, which that command names, are not both free")
    flags = os.environ.get("ENGINE_RUN_FLAGS", "").split()
    publish = ["-p", "8500:8500", "-p", "8501:8501"]
    model = ["-v", f"{model_folder}:/models/flowers", "-e", "MODEL_NAME=flowers"]
    with subprocess.Popen([engine, "run", "--rm", *flags, *publish, *model, IMAGE]) as container:
        try:
            assert ask(8501)["model"] == "flowers"
            wait_until_open(8500, container)
        finally:
            container.terminate()
            assert container.wait(15) == 0


def test_image_has_tensorflow_servings_command(engine: str) -> None:
    version = run_inside(engine, "tensorflow_model_server", "--version")
    assert version.stdout.startswith("TensorFlow ModelServer: ")
    refused = run_inside(engine, "/usr/bin/tensorflow_model_server", "--port=0")
    assert refused.stdout + refused.stderr == (
        "Failed to start server. Error: INVALID_ARGUMENT: "
        "At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.\n"
    )


def test_container_is_not_root_and_may_write_nothing_but_temporary_files(engine: str) -> None:
    writable = """
import json, os
found = [path for path, folders, _ in os.walk("/") if os.access(path, os.W_OK)]
print(json.dumps([os.getuid(), [path for path in found if not path.startswith(("/dev", "/proc", "/sys"))]]))"""
    assert inside(engine, writable) == [65532, ["/tmp"]]  # noqa: S108 - the image's own


def test_image_holds_no_program_but_the_server(engine: str) -> None:
    programs = 'import json, os; print(json.dumps([os.listdir("/usr/bin"), os.path.exists("/bin")]))'
    names, has_more = inside(engine, programs)
    assert (sorted(names), has_more) == (["python3", "tensorflow_model_server"], False)


def test_every_package_in_the_image_has_its_licence_beside_it(engine: str) -> None:
    without = """
import json, os
from importlib.metadata import distributions
from pathlib import Path
folders = [each._path for each in distributions()]
texts = [[path for path in folder.rglob("*") if "licen" in str(path).lower()] for folder in folders]
print(json.dumps([len(folders), [folder.name for folder, found in zip(folders, texts) if not found]]))"""
    count, lacking = inside(engine, without)
    assert count > 10
    assert lacking == []


def test_the_system_s_libraries_in_the_image_have_their_licences(engine: str) -> None:
    documents = 'import json, os; print(json.dumps(os.listdir("/usr/share/doc")))'
    assert {"libc6", "zlib1g"} <= set(inside(engine, documents))


def test_everything_imported_is_bytecode_from_one_folder(engine: str) -> None:
    loaded = """
import flask, gunicorn.workers.gthread, grpc, json, PIL.Image, sys
specs = [spec for spec in (getattr(module, "__spec__", None) for module in sys.modules.values()) if spec]
print(json.dumps([spec.origin for spec in specs if spec.has_location]))"""
    files = inside(engine, loaded)
    assert len(files) > 100
    assert [file for file in files if not re.fullmatch(r"/usr/lib/python3\.\d+/.*\.(pyc|so)", file)] == []
