"""Loading .tflite models through LiteRT's C library: faults of the file, what a load costs."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firstserve.errors import LoadError
from firstserve.runtimes.lazy_file import FileChanged, file_state
from firstserve.runtimes.litert import load
from firstserve.servable import RuntimeOptions
from firstserve.tensors import Tensor

from .conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_operation_that_the_library_lacks_is_refused_at_load(lite_folder: Callable[[str], Path]) -> None:
    folder = lite_folder("invalid_model_invoking_error")
    with pytest.raises(LoadError, match=r"model\.tflite is not a model that LiteRT 2\.3\.0 can run"):
        load(folder, RuntimeOptions(1, 1))


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"no model\.tflite in .*: put the converted model there under that name"):
        load(tmp_path, RuntimeOptions(1, 1))


@pytest.mark.parametrize("content", [b"", b"no model at all", b"\x1c\0\0\0TFL3" + bytes(100)])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.tflite").write_bytes(content)
    ended = run_python(LOAD, tmp_path)
    assert "LoadError" in ended.stderr
    assert ended.returncode == 1


LOAD = """
import sys
from pathlib import Path
from firstserve.runtimes.litert import load
from firstserve.servable import RuntimeOptions
servable = load(Path(sys.argv[1]), RuntimeOptions(2, 1))
"""


def run_python(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )


def test_a_load_and_a_run_import_no_package(tflite_model: Path) -> None:
    program = LOAD + (
        "from firstserve.tensors import Tensor\n"
        "servable.run('serving_default', {'image': Tensor('uint8', (1, 224, 224, 3), bytes(150528))})\n"
        "print(sorted({'numpy', 'ai_edge_litert', 'tensorflow', 'flatbuffers', 'PIL', 'flask'} & sys.modules.keys()))"
    )
    assert run_python(program, tflite_model / "1").stdout == "[]\n"


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="resident memory is read from /proc")
def test_outputs_of_open_size_take_no_memory_before_they_are_written(lite_models: Path) -> None:
    program = LOAD + (
        "from firstserve.tensors import Tensor\n"
        "(name,) = servable.signatures['serving_default'].inputs\n"
        "for size in range(1, 9):\n"
        "    servable.run('serving_default', {name: Tensor('float32', (size, 2, 2), bytes(16 * size))})\n"
        "print(int(open('/proc/self/statm').read().split()[1]) * 4)"
    )
    # Eight times 64 MiB of room.
    assert int(run_python(program, lite_models / "softmax_of_computed_rows").stdout) < 100_000


def test_two_outputs_that_are_one_tensor_have_the_same_values(lite_models: Path) -> None:
    with closing(load(lite_models / "one_tensor_twice", RuntimeOptions(1, 1))) as servable:
        ((name, _),) = servable.signatures["serving_default"].inputs.items()
        outputs = servable.run("serving_default", {name: Tensor("float32", (1, 2), struct.pack("2f", 1, 2))})
        assert [struct.unpack("2f", tensor.data) for tensor in outputs.values()] == [(2, 4), (2, 4)]


ZERO = {"x": Tensor("float32", (1,), bytes(4))}


def test_a_model_that_is_written_to_before_it_is_held_answers_nothing(lite_models: Path, tmp_path: Path) -> None:
    file = Path(shutil.copy(lite_models / "plus_1/model.tflite", tmp_path))
    with closing(load(tmp_path, RuntimeOptions(1, 1))) as servable:
        shutil.copy(lite_models / "plus_2/model.tflite", file)
        with pytest.raises(FileChanged, match=r"model\.tflite was written to while it was loaded"):
            servable.run("serving_default", ZERO)
        with pytest.raises(FileChanged):
            servable.hold_files()


def test_a_model_that_is_not_the_one_that_was_probed_is_refused(lite_models: Path, tmp_path: Path) -> None:
    file = Path(shutil.copy(lite_models / "plus_1/model.tflite", tmp_path))
    probed = file_state(file)
    os.truncate(file, file.stat().st_size // 2)
    with pytest.raises(FileChanged):
        load(tmp_path, RuntimeOptions(1, 1, probed=probed))
