"""A server over a model with a weight cache: from the first answer on."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from bench.lab.memory import process_tree
from firstserve.weight_cache.builder import build
from tests.contract.awaited import wait_for_state
from tests.server_process import ROOT, ServerProcess, environment_python, free_port, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

pytestmark = pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="a weight cache needs /proc/cpuinfo")

CAT = 285
LIMIT_S = 30


@pytest.fixture
def base_path(tflite_model: Path, tmp_path: Path) -> Path:
    """A model whose only version has a cache."""
    version = tmp_path / "mobilenet/1"
    version.mkdir(parents=True)
    shutil.copy2(tflite_model / "1/model.tflite", version)
    build(version)
    return version.parent


def server(base_path: Path, *flags: str) -> AbstractContextManager[ServerProcess]:
    python = environment_python("server_python_fast", "server_python_fast/requirements.txt")
    main = str(ROOT / "server_python_fast/main.py")
    return serving(python, main, "--model_name=mobilenet", f"--model_base_path={base_path}", *flags)


@pytest.fixture(params=["true", "false"])
def running(request: pytest.FixtureRequest, base_path: Path) -> Iterator[ServerProcess]:
    """The fast server with the first responder and without."""
    with server(base_path, f"--first_responder={request.param}") as process:
        process.wait_until_open()
        yield process


def mapped_files(process: ServerProcess) -> str:
    mapped = ""
    for pid in process_tree(process.process.pid):
        with suppress(FileNotFoundError, ProcessLookupError):  # of a process that has tried a cache, and ended
            mapped += Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
    return mapped


def test_the_first_answer_comes_from_the_cache(running: ServerProcess, cat: bytes) -> None:
    assert running.predict(cat).top[0] == CAT
    assert ".xnnpack" in mapped_files(running)
    assert "weight cache" not in running.log
    assert running.stop() == 0


def test_a_cache_that_is_refused_changes_nothing_but_the_log(base_path: Path, cat: bytes) -> None:
    (note,) = base_path.glob("1/weight_cache/*.note")
    note.write_text(note.read_text(encoding="ascii").replace("cpu ", "cpu another ", 1), encoding="ascii")
    with server(base_path) as process:
        process.wait_until_open()
        assert process.predict(cat).top[0] == CAT
        assert ".xnnpack" not in mapped_files(process)
        assert "no weight cache is used, so the model starts slower" in process.log
        assert "it was built on another type of CPU: another" in process.log


def test_serving_leaves_the_files_as_they_are(base_path: Path, cat: bytes) -> None:
    files = sorted(path for path in base_path.rglob("*") if path.is_file())
    before = [(path.stat().st_mtime_ns, path.stat().st_size) for path in files]
    with server(base_path) as process:
        process.wait_until_open()
        assert process.predict(cat).top[0] == CAT
    assert sorted(path for path in base_path.rglob("*") if path.is_file()) == files
    assert [(path.stat().st_mtime_ns, path.stat().st_size) for path in files] == before


def test_later_versions_come_from_their_caches_while_grpc_answers(base_path: Path) -> None:
    port = free_port()
    with server(base_path, f"--port={port}", "--file_system_poll_wait_seconds=1") as process:
        process.wait_until_open()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            grpc.channel_ready_future(channel).result(LIMIT_S)
            for version in range(2, 7):
                # Whole at once, as releases should be.
                shutil.copytree(base_path / "1", base_path / "new")
                (base_path / "new").rename(base_path / str(version))
                wait_for_state(process, "mobilenet", {str(version): "AVAILABLE"})
                assert f"/{version}/weight_cache/" in mapped_files(process), process.log
