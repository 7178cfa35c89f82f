"""The images that build.sh made of the servers that start fast, where they are and an engine that runs them."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import tarfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.running import ROOT, is_open, wait_until_open

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PYTHON, RUST = "server_python_fast", "server_rust_fastest"
PROGRAMS = {PYTHON: "python3", RUST: "server_rust_fastest"}
LIBRARIES = {PYTHON: {"libc6", "zlib1g"}, RUST: {"libc6", "libstdc++6"}}
"""The system's packages, of those that each image has files of."""
RUST_LIMIT_BYTES = 20_000_000
"""Without a model: with the one that the project exports, 30 MB."""
PICTURE = ROOT / "examples" / "pictures" / "cat.jpg"
ANSWER_LIMIT_S = 60

in_python = pytest.mark.parametrize("image", [PYTHON], indirect=True)
in_rust = pytest.mark.parametrize("image", [RUST], indirect=True)


@pytest.fixture(scope="module")
def engine() -> str:
    chosen = subprocess.run(["bash", str(ROOT / "engine" / "choose.sh")], capture_output=True, text=True, check=True)
    name = chosen.stdout.strip()
    if name == "process":
        pytest.skip("no container engine runs here")
    return name


@pytest.fixture(scope="module", params=[PYTHON, RUST])
def image(request: pytest.FixtureRequest, engine: str) -> str:
    name: str = request.param
    if subprocess.run([engine, "image", "inspect", name], capture_output=True, check=False).returncode != 0:
        pytest.skip(f"there is no image: ENGINE={engine} bash {name}/build.sh builds it")
    return name


@pytest.fixture(scope="module")
def files(engine: str, image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tarfile.TarFile]:
    """All that the image holds, as the engine packs it."""
    packed = tmp_path_factory.mktemp("files") / "files.tar"
    created = subprocess.run([engine, "create", image], capture_output=True, text=True, check=True)
    container = created.stdout.strip()
    try:
        subprocess.run([engine, "export", "-o", packed, container], check=True)
    finally:
        subprocess.run([engine, "rm", container], capture_output=True, check=True)
    with tarfile.open(packed) as opened:
        yield opened


def names_in(files: tarfile.TarFile, folder: str) -> set[str]:
    """What lies right in a folder of the image."""
    return {Path(name).name for name in files.getnames() if str(Path(name).parent) == folder}


def run_inside(engine: str, image: str, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    flags = os.environ.get("ENGINE_RUN_FLAGS", "").split()
    command = [engine, "run", "--rm", *flags, "--entrypoint", program, image, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def inside(engine: str, script: str) -> Any:
    """What a Python script prints there, as JSON: the image has no shell."""
    ended = run_inside(engine, PYTHON, "python3", "-c", script)
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
    engine: str, image: str, started: Callable[..., subprocess.Popen[bytes]], port: int
) -> None:
    server = started(port, server=image, ENGINE=engine, PORT=str(port))
    assert ask(port)["predictions"][0]["label"] == "Egyptian cat"
    server.terminate()
    assert server.wait(15) == 0


def test_docker_command_of_tensorflow_serving_works(engine: str, image: str, model_folder: Path) -> None:
    if is_open(8500) or is_open(8501):
        pytest.skip("ports 8500 and 8501, which that command names, are not both free")
    flags = os.environ.get("ENGINE_RUN_FLAGS", "").split()
    publish = ["-p", "8500:8500", "-p", "8501:8501"]
    model = ["-v", f"{model_folder}:/models/flowers", "-e", "MODEL_NAME=flowers"]
    with subprocess.Popen([engine, "run", "--rm", *flags, *publish, *model, image]) as container:
        try:
            assert ask(8501)["model"] == "flowers"
            wait_until_open(8500, container)
        finally:
            container.terminate()
            assert container.wait(15) == 0


def test_image_has_tensorflow_servings_command(engine: str, image: str) -> None:
    version = run_inside(engine, image, "tensorflow_model_server", "--version")
    assert version.stdout.startswith("TensorFlow ModelServer: ")
    refused = run_inside(engine, image, "/usr/bin/tensorflow_model_server", "--port=0")
    assert refused.stdout + refused.stderr == (
        "Failed to start server. Error: INVALID_ARGUMENT: "
        "At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.\n"
    )


def test_container_is_not_root_and_may_write_nothing_but_temporary_files(
    engine: str, image: str, files: tarfile.TarFile
) -> None:
    inspect = [engine, "image", "inspect", "--format", "{{.Config.User}}", image]
    user = subprocess.run(inspect, capture_output=True, text=True, check=True).stdout.strip()
    # Devices are the engine's.
    found = [file for file in files if not file.issym() and not file.name.startswith(("dev/", "proc/", "sys/"))]
    writable = [file.name for file in found if file.mode & 0o002 or (file.uid, file.gid) != (0, 0)]
    assert (user, writable) == ("65532:65532", ["tmp"])


def test_image_holds_no_program_but_the_server(image: str, files: tarfile.TarFile) -> None:
    assert names_in(files, "usr/bin") == {PROGRAMS[image], "tensorflow_model_server"}
    assert names_in(files, ".").isdisjoint({"bin", "sbin"})


def test_the_system_s_libraries_in_the_image_have_their_licences(image: str, files: tarfile.TarFile) -> None:
    assert LIBRARIES[image] <= names_in(files, "usr/share/doc")


@in_rust
def test_licences_of_crates_and_of_the_c_code_in_them_are_in_the_image(files: tarfile.TarFile) -> None:
    packed = files.extractfile("usr/share/doc/server_rust_fastest/crates.gz")
    assert packed is not None
    text = gzip.decompress(packed.read()).decode()
    for named in ("\naxum 0.", "\nturbojpeg-sys 1.", "\nlibjpeg-turbo Licenses\n"):
        assert named in text


@in_rust
def test_rust_image_is_small(files: tarfile.TarFile) -> None:
    assert sum(file.size for file in files if not file.name.startswith("models/")) < RUST_LIMIT_BYTES


@in_python
@pytest.mark.usefixtures("image")
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


@in_python
@pytest.mark.usefixtures("image")
def test_everything_imported_is_bytecode_from_one_folder(engine: str) -> None:
    loaded = """
import flask, gunicorn.workers.gthread, grpc, json, PIL.Image, sys
specs = [spec for spec in (getattr(module, "__spec__", None) for module in sys.modules.values()) if spec]
print(json.dumps([spec.origin for spec in specs if spec.has_location]))"""
    files = inside(engine, loaded)
    assert len(files) > 100
    assert [file for file in files if not re.fullmatch(r"/usr/lib/python3\.\d+/.*\.(pyc|so)", file)] == []
