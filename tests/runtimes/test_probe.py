"""Good and damaged models, tried in a process of their own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from firstserve.errors import LoadError
from firstserve.runtimes.probe import probe
from firstserve.servable import RuntimeOptions
from tests.crashing_model import crashing_model

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = RuntimeOptions(instances=1, threads=1)


@pytest.fixture
def crashing(tflite_model: Path, tmp_path: Path) -> Path:
    """A version folder with a model that LiteRT's C library does not survive."""
    (tmp_path / "model.tflite").write_bytes(crashing_model(tflite_model / "1" / "model.tflite"))
    return tmp_path


@pytest.mark.parametrize("runtime", ["auto", "litert", "interpreter"])
def test_a_good_tflite_passes(tflite_model: Path, runtime: str) -> None:
    probe(tflite_model / "1", runtime, OPTIONS)


@pytest.mark.usefixtures("tensorflow")
def test_a_good_saved_model_passes(saved_model: Path) -> None:
    probe(saved_model / "1", "auto", OPTIONS)


@pytest.mark.usefixtures("tensorflow")
def test_options_reach_the_load(saved_model: Path) -> None:
    with pytest.raises(LoadError, match="supplied tags"):
        probe(saved_model / "1", "tensorflow", OPTIONS._replace(tags=("serve", "gpu")))


def test_a_model_that_crashes_the_runtime_is_named_with_the_remedy(crashing: Path) -> None:
    with pytest.raises(LoadError) as caught:
        probe(crashing, "auto", OPTIONS)
    assert str(caught.value) == (
        f"loading {crashing} crashed the runtime (signal SIGSEGV); the file is damaged or cut off: convert it again"
    )


def test_a_model_that_is_refused_is_answered_in_the_words_of_its_runtime(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"no model at all")
    with pytest.raises(LoadError, match=rf"^{tmp_path}/model\.tflite is not a model that LiteRT 2\.3\.0 can run: "):
        probe(tmp_path, "auto", OPTIONS)


def test_a_load_that_is_ended_for_want_of_memory_is_not_told_as_damaged(
    tflite_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = tmp_path / "python"
    killed.write_text("#!/bin/sh\nkill -9 $$\n")
    killed.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(killed))
    with pytest.raises(LoadError) as caught:
        probe(tflite_model / "1", "auto", OPTIONS)
    assert str(caught.value) == (
        f"loading {tflite_model / '1'} was ended by SIGKILL, as when memory runs out: how much the model needs to load "
        "is not known; a container gets more by --memory, of docker run and of gcloud run deploy"
    )


def test_a_load_that_takes_too_long_is_given_up(
    tflite_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = tmp_path / "python"
    endless.write_text("#!/bin/sh\nexec sleep 60\n")
    endless.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(endless))
    with pytest.raises(LoadError, match=r"had not ended after 0\.2 s"):
        probe(tflite_model / "1", "auto", OPTIONS, limit_s=0.2)


def test_a_probe_without_an_interpreter_is_an_error_of_the_load(
    tflite_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(LoadError, match="cannot be tried out in a process of its own"):
        probe(tflite_model / "1", "auto", OPTIONS)


def test_modules_beside_the_model_are_not_imported(
    tflite_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('imported')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    probe(tflite_model / "1", "auto", OPTIONS)


def test_a_working_folder_that_is_gone_is_no_fault_of_the_model(
    tflite_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    probe(tflite_model / "1", "auto", OPTIONS)
