"""Loading SavedModels: faults of the folder and of the library, labels, what a load costs and what it gives back."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firstserve.errors import LoadError, Unimplemented
from firstserve.runtimes import tensorflow_c
from firstserve.runtimes.tensorflow import load
from firstserve.servable import RuntimeOptions

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    RunPython = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.usefixtures("tensorflow")

OPTIONS = RuntimeOptions(instances=1, threads=1)


@pytest.fixture
def model(shared_data: Path, tmp_path: Path) -> Path:
    """A SavedModel that a test may change."""
    source = shared_data / "tfserving" / "saved_model_half_plus_two_tf2_cpu" / "00000123"
    return Path(shutil.copytree(source, tmp_path / "1", copy_function=shutil.copyfile))


def fault_of(folder: Path) -> str:
    with pytest.raises(LoadError) as caught:
        load(folder, OPTIONS)
    assert str(folder) in str(caught.value)
    return str(caught.value)


def labels_of(folder: Path) -> list[str]:
    servable = load(folder, OPTIONS)
    servable.close()
    return list(servable.labels)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    assert fault_of(tmp_path) == f"no saved_model.pb in {tmp_path}: export the model there as a SavedModel"


def test_a_git_lfs_pointer_is_named(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 9\n")
    with pytest.raises(LoadError, match="it is a Git LFS pointer, and no model: fetch the model with git lfs pull"):
        load(tmp_path, OPTIONS)


def test_a_damaged_graph_is_refused(model: Path) -> None:
    (model / "saved_model.pb").write_bytes(b"no graph" * 100)
    assert "Can't parse" in fault_of(model)
    assert fault_of(model).endswith("copy the whole folder of the export again")


def test_a_graph_that_was_cut_off_is_refused(model: Path) -> None:
    os.truncate(model / "saved_model.pb", 500)
    assert fault_of(model).endswith("copy the whole folder of the export again")


def test_a_graph_that_is_not_for_serving_is_refused(model: Path) -> None:
    graph = model / "saved_model.pb"
    graph.write_bytes(graph.read_bytes().replace(b"serve", b"train"))
    assert "supplied tags: { serve }" in fault_of(model)
    assert fault_of(model).endswith("export it for serving, with the tags serve, or name its own by --saved_model_tags")


def test_an_operation_that_tensorflow_lacks_is_named(model: Path) -> None:
    graph = model / "saved_model.pb"
    graph.write_bytes(graph.read_bytes().replace(b"VarHandleOp", b"FooHandleOp"))
    assert "Op type not registered 'FooHandleOp'" in fault_of(model)
    assert fault_of(model).endswith("export it with operations that TensorFlow 2.21.0 has")


def test_missing_variables_are_named(model: Path) -> None:
    shutil.rmtree(model / "variables")
    assert f"no {model / 'variables' / 'variables.index'}" in fault_of(model)


@pytest.mark.parametrize("size_bytes", [None, 3])
def test_missing_and_damaged_values_of_variables_are_refused(model: Path, size_bytes: int | None) -> None:
    values = model / "variables" / "variables.data-00000-of-00001"
    if size_bytes is None:
        values.unlink()
    else:
        os.truncate(values, size_bytes)
    assert "RestoreV2" in fault_of(model)


def test_a_signature_over_a_tensor_that_the_graph_lacks_is_left_out(model: Path, shared_data: Path) -> None:
    source = shared_data / "tfserving" / "saved_model_half_plus_two_2_versions" / "00000123" / "saved_model.pb"
    shutil.rmtree(model)
    shutil.copytree(source.parent, model, copy_function=shutil.copyfile)
    (model / "saved_model.pb").write_bytes(source.read_bytes().replace(b"x2:0", b"q2:0"))
    servable = load(model, OPTIONS)
    assert "classify_x2_to_y3" not in servable.signatures
    assert "classify_x_to_y" in servable.signatures
    with pytest.raises(Unimplemented, match='the graph has no tensor "q2:0"'):
        servable.run("classify_x2_to_y3", {})
    servable.close()


def test_labels_are_the_lines_of_labels_txt(model: Path) -> None:
    (model / "assets" / "labels.txt").write_text("tench\ngrey or grå\n\nlast\n", "utf-8")
    (model / "assets" / "other_labels.txt").write_text("other\n")
    assert labels_of(model) == ["tench", "grey or grå", "", "last"]


def test_labels_are_those_of_the_only_file_that_is_named_so(model: Path) -> None:
    (model / "assets" / "imagenet_labels.txt").write_text("first\r\nsecond\r\n")
    assert labels_of(model) == ["first", "second"]


def test_no_labels_are_guessed_from_several_files(model: Path) -> None:
    (model / "assets" / "a_labels.txt").write_text("a\n")
    (model / "assets" / "b_labels.txt").write_text("b\n")
    assert labels_of(model) == []


def test_labels_that_are_not_text_are_refused(model: Path) -> None:
    (model / "assets" / "labels.txt").write_bytes(b"\xff\xfe\x00")
    assert "expected UTF-8, one label a line" in fault_of(model)


def test_a_missing_library_is_answered_with_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tensorflow_c.FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(LoadError) as caught:
        tensorflow_c.find_folder()
    assert f"FIRSTSERVE_TENSORFLOW_DIR={tmp_path}" in str(caught.value)
    assert "install tensorflow==2.21.0" in str(caught.value)


def test_the_library_is_found_on_pythons_search_path(tensorflow_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tensorflow_c.FOLDER_VARIABLE)
    monkeypatch.syspath_prepend(tensorflow_folder.parent)
    assert tensorflow_c.find_folder() == tensorflow_folder


def test_a_file_that_is_no_library_is_refused(tmp_path: Path, run_python: RunPython) -> None:
    for library in ("libtensorflow_framework.so.2", "libtensorflow_cc.so.2"):
        (tmp_path / library).write_bytes(b"no library")
    set_folder = f"import os; os.environ['FIRSTSERVE_TENSORFLOW_DIR'] = {str(tmp_path)!r}\n"
    ended = run_python(set_folder + "from firstserve.runtimes import tensorflow_c; tensorflow_c.load_library()")
    assert f"LoadError: cannot load {tmp_path / 'libtensorflow_framework.so.2'}:" in ended.stderr


def test_another_version_of_the_library_is_refused_with_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorflow_c, "VERSION", "2.0.0")
    with pytest.raises(LoadError, match=r"is 2\.21\.0, but 2\.0\.0 is expected: install tensorflow==2\.0\.0"):
        tensorflow_c.load_library()


LOAD = """
import sys
from pathlib import Path
from firstserve.runtimes.tensorflow import load
from firstserve.servable import RuntimeOptions
servable = load(Path(sys.argv[1]), RuntimeOptions(1, 1))
"""


def test_a_load_imports_no_package_and_says_nothing(model: Path, run_python: RunPython) -> None:
    heavy = "{'numpy', 'tensorflow', 'google', 'keras', 'dataclasses', 'inspect', 'json'}"
    ended = run_python(LOAD + f"print(sorted({heavy} & sys.modules.keys()))", model)
    assert (ended.stdout, ended.stderr) == ("[]\n", "")


def test_what_the_library_says_can_be_asked_for(model: Path, run_python: RunPython) -> None:
    ended = run_python("import os; os.environ['TF_CPP_MIN_LOG_LEVEL'] = '0'\n" + LOAD, model)
    assert "Reading SavedModel from" in ended.stderr


def test_pythons_own_cryptography_still_works_after_a_load(model: Path, run_python: RunPython) -> None:
    """The library exports a BoringSSL, which must not take the place of the OpenSSL of `hashlib` and `ssl`."""
    ended = run_python(
        LOAD + "import hashlib, ssl; ssl.create_default_context(); print(hashlib.md5(b'').hexdigest())", model
    )
    assert ended.stdout == "d41d8cd98f00b204e9800998ecf8427e\n"


MEMORY = """
def resident_kb():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="resident memory is read from /proc")
def test_runs_give_their_memory_back(small_models: Path, run_python: RunPython) -> None:
    program = (
        LOAD
        + MEMORY
        + """
from firstserve.errors import InvalidArgument
from firstserve.tensors import Tensor
def run(times):
    for _ in range(times):
        servable.run("string", {"x": Tensor("string", (2,), strings=(b"a" * 50_000, b"b"))})
        servable.run("float32", {"x": Tensor("float32", (25_000,), bytes(100_000))})
        try:
            servable.run("keep", {"text": Tensor("string", (1, 2), strings=(b"a" * 50_000, b"b"))})
        except InvalidArgument:
            pass
    return resident_kb()
print(run(100), run(1000))
"""
    )
    ended = run_python(program, small_models / "everything")
    before_kb, after_kb = map(int, ended.stdout.split())
    # What 1,000 times went in is 250 MB.
    assert after_kb - before_kb < 10_000
