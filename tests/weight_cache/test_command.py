"""The command `firstserve weight_cache build`: what it writes, and what it refuses."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firstserve.runtimes.weight_cache_note import read_note
from tests.server_process import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="a weight cache needs /proc/cpuinfo")


def weight_cache(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "firstserve", "weight_cache", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def version(tflite_model: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "1"
    folder.mkdir()
    shutil.copy2(tflite_model / "1/model.tflite", folder)
    return folder


@pytest.fixture
def small_version(lite_models: Path, tmp_path: Path) -> Callable[[str], Path]:
    def copy(name: str) -> Path:
        return Path(shutil.copytree(lite_models / name, tmp_path / name))

    return copy


def test_cache_and_note_are_named_by_model_library_and_cpu(version: Path) -> None:
    built = weight_cache("build", "--keep", version)
    assert built.returncode == 0, built.stderr
    digest = hashlib.blake2b((version / "model.tflite").read_bytes()).hexdigest()
    names = sorted(os.listdir(version / "weight_cache"))  # noqa: PTH208 - names only
    assert [Path(name).suffix for name in names] == [".note", ".xnnpack"]
    assert names[0].startswith(f"{digest[:16]}-litert-2.3.0-cpu-")
    assert f"{version}: loads in " in built.stdout
    assert f"Built {version}/weight_cache/{names[1]}: 10." in built.stdout
    note = read_note(version / "weight_cache" / names[0])
    assert note.model.digest == digest
    assert note.cache.digest == hashlib.blake2b((version / "weight_cache" / names[1]).read_bytes()).hexdigest()


def test_a_cache_is_built_anew_in_its_place(version: Path) -> None:
    assert weight_cache("build", "--keep", version).returncode == 0
    files = {file: file.read_bytes() for file in (version / "weight_cache").glob("*.xnnpack")}
    assert weight_cache("build", "--keep", version).returncode == 0
    assert {file: file.read_bytes() for file in (version / "weight_cache").glob("*.xnnpack")} == files
    assert len(list((version / "weight_cache").iterdir())) == 2


def test_caches_for_other_cpus_stay_and_those_of_other_models_go(version: Path) -> None:
    assert weight_cache("build", "--keep", version).returncode == 0
    folder = version / "weight_cache"
    (built,) = folder.glob("*.note")
    model = built.name[:16]
    for name in (f"{model}-litert-2.3.0-cpu-00000000", "0123456789abcdef-litert-2.3.0-cpu-00000000"):
        for suffix in (".note", ".xnnpack"):
            shutil.copy(built.with_suffix(suffix), folder / f"{name}{suffix}")
    assert weight_cache("build", "--keep", version).returncode == 0
    assert sorted(file.name for file in folder.glob("*.note")) == sorted(
        (f"{model}-litert-2.3.0-cpu-00000000.note", built.name)
    )
    assert len(list(folder.iterdir())) == 4


def test_a_cache_is_kept_only_where_it_is_told_to_be_of_use(version: Path) -> None:
    built = weight_cache("build", version)
    assert built.returncode == 0, built.stderr
    assert (version / "weight_cache").exists() == ("No cache is kept" not in built.stdout)


def test_a_model_without_packed_weights_gets_none(small_version: Callable[[str], Path]) -> None:
    folder = small_version("grey")
    refused = weight_cache("build", folder)
    assert refused.returncode == 1
    assert "XNNPACK packs no weights of this model: it starts as fast without a weight cache" in refused.stderr
    assert not (folder / "weight_cache").exists()


def test_a_model_that_cannot_run_is_refused(small_version: Callable[[str], Path]) -> None:
    refused = weight_cache("build", small_version("reshape"))
    assert refused.returncode == 1
    assert "model.tflite cannot run: LiteRtRunCompiledModel" in refused.stderr


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    refused = weight_cache("build", tmp_path)
    assert refused.returncode == 1
    assert refused.stderr == (
        f"firstserve weight_cache: {tmp_path}: no model.tflite in {tmp_path}: give a version folder, such as "
        "models/mobilenet/1\n"
    )


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"no model at all")
    refused = weight_cache("build", tmp_path)
    assert refused.returncode == 1
    assert "is not a model that LiteRT 2.3.0 can run" in refused.stderr


def test_a_folder_that_cannot_be_written_to_is_refused(version: Path) -> None:
    (version / "weight_cache").write_text("a file")
    refused = weight_cache("build", version)
    assert refused.returncode == 1
    assert "File exists" in refused.stderr


def test_help_tells_how_to_build() -> None:
    told = weight_cache("build", "--help")
    assert told.returncode == 0
    assert "RUN firstserve weight_cache build /models/mobilenet/1" in told.stdout


def test_a_build_without_room_says_so_and_leaves_nothing(version: Path) -> None:
    command = "import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000));"
    command += "runpy.run_module('firstserve', run_name='__main__', alter_sys=True)"
    built = subprocess.run(
        [sys.executable, "-c", command, "weight_cache", "build", version],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 1
    assert "ended its process while it wrote packed weights" in built.stderr
    assert ": make room there" in built.stderr
    assert os.listdir(version) == ["model.tflite"]  # noqa: PTH208 - names only
