"""The root of an image, made from the fast server's environment on this system."""

from __future__ import annotations

import marshal
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from engine.root.store import HEAD_BYTES
from tests.contract.test_cold_path import FIRSTSERVE, RUNTIMES
from tests.engine.running import ROOT
from tests.server_process import environment_python

LIBRARY = "ai_edge_litert/libLiteRt.so"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may try a root out")


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("application")
    shutil.copytree(ROOT / "firstserve", folder / "firstserve", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "server_python_fast/main.py", folder)
    return folder


def make(root: Path, application: Path, *options: str) -> subprocess.CompletedProcess[str]:
    python = environment_python("server_python_fast", "server_python_fast/requirements.txt")
    (packages,) = python.parents[1].glob("lib/python3*/site-packages")
    folders = ["--application", str(application), "--packages", str(packages)]
    command = [str(python), "-B", "-m", "engine.root", str(root), *folders, *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def root(application: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("image") / "root"
    made = make(folder, application, "--library", LIBRARY)
    assert made.returncode == 0, made.stderr
    return folder


def run(root: Path, *command: str) -> str:
    ended = subprocess.run(["chroot", root, *command], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_server_runs_in_it_by_both_its_names(root: Path) -> None:
    assert "--model_base_path" in run(root, "/usr/bin/python3", "/app/main.py", "--help")
    assert run(root, "/usr/bin/tensorflow_model_server", "--version").startswith("TensorFlow ModelServer: ")


def test_library_of_the_runtime_loads_in_it(root: Path) -> None:
    script = "from firstserve.runtimes.litert_c import Library, library_path; Library(); print(library_path())"
    assert run(root, "/usr/bin/python3", "-P", "-c", script).strip().endswith(LIBRARY)


def test_it_holds_no_source_but_the_entry_point(root: Path) -> None:
    assert [path.relative_to(root) for path in root.rglob("*.py")] == [Path("app/main.py")]


def test_only_what_python_starts_with_is_a_file(root: Path) -> None:
    names = {path.stem for path in root.rglob("*.pyc")}
    assert {"os", "sitecustomize"} < names
    assert names.isdisjoint({"socket", "json", "flask", "supervisor"})


def test_what_the_first_answer_needs_is_not_packed(root: Path) -> None:
    (store,) = root.rglob("modules")
    content = store.read_bytes()
    _, unpacked_bytes, index = marshal.loads(content[HEAD_BYTES:])  # noqa: S302 - written by ourselves
    for name in (*FIRSTSERVE.split(), *(f"runtimes.{each}" for each in RUNTIMES["fast"].split())):
        _, place, _, _ = index[f"firstserve.{name}"]
        assert place < unpacked_bytes, name


def test_modules_of_the_store_know_where_they_would_lie(root: Path) -> None:
    script = "import flask, google.protobuf, json.decoder as d; print(flask.__path__, flask.__file__, d.__name__)"
    tree = next(root.glob("usr/lib/python3*")).relative_to(root)
    expected = f"['/{tree}/flask'] /{tree}/flask/__init__.pyc json.decoder"
    assert run(root, "/usr/bin/python3", "-P", "-c", script).strip() == expected


def test_a_module_of_the_store_runs_as_a_program(root: Path) -> None:
    assert run(root, "/usr/bin/python3", "-P", "-m", "firstserve", "--version").startswith("firstserve ")


def test_a_module_that_is_nowhere_is_said_to_be_missing(root: Path) -> None:
    script = "try: import flask.nowhere\nexcept ModuleNotFoundError as error: print(error)"
    assert run(root, "/usr/bin/python3", "-P", "-c", script).strip() == "No module named 'flask.nowhere'"


def test_a_fault_names_the_place_in_the_source(root: Path) -> None:
    script = "import json, traceback\ntry: json.loads('x')\nexcept ValueError: print(traceback.format_exc())"
    assert "/json/decoder.py" in run(root, "/usr/bin/python3", "-P", "-c", script)


def test_it_has_no_openssl(root: Path) -> None:
    assert list(root.rglob("libssl*")) + list(root.rglob("libcrypto*")) + list(root.rglob("_ssl*")) == []


def test_it_has_no_client(root: Path) -> None:
    script = "import firstserve\ntry: import firstserve.client\nexcept ModuleNotFoundError as error: print(error)"
    assert run(root, "/usr/bin/python3", "-P", "-c", script).strip() == "No module named 'firstserve.client'"


@pytest.mark.parametrize("folder", ["openapi", "playground"])
def test_it_holds_the_servers_pages(root: Path, folder: str) -> None:
    (page,) = root.rglob(f"{folder}/page.html")
    assert page.read_bytes() == (ROOT / "firstserve/web" / folder / "page.html").read_bytes()


def test_missing_library_is_named(application: Path, tmp_path: Path) -> None:
    made = make(tmp_path / "root", application, "--library", "ai_edge_litert/libNowhere.so")
    assert made.returncode == 1
    assert "ai_edge_litert/libNowhere.so, which is not there" in made.stderr


def test_missing_module_is_named(tmp_path: Path) -> None:
    (tmp_path / "firstserve").mkdir()
    (tmp_path / "firstserve/__init__.py").write_text("import nowhere")
    shutil.copy(ROOT / "server_python_fast/main.py", tmp_path)
    made = make(tmp_path / "root", tmp_path)
    assert made.returncode == 1
    assert "firstserve imports nowhere, which is not there" in made.stderr
