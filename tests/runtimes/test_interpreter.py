""".tflite models through tflite-runtime 2.14 and through ai_edge_litert's Interpreter, each in its environment."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firstserve.errors import DeadlineExceeded, FailedPrecondition, FirstserveError, InvalidArgument, LoadError
from firstserve.runtimes import interpreter
from firstserve.runtimes.interpreter import InterpreterServable, load
from firstserve.servable import Normalization, Quantization, RuntimeOptions, TensorSpec
from firstserve.tensors import Tensor, element_count

from .conftest import ROOT, python_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Load = Callable[..., InterpreterServable]

HALF_PLUS_TWO = "saved_model_half_plus_two_tflite/00000123"
EGYPTIAN_CAT, WITH_BACKGROUND = 285, 1


def floats(*rows: tuple[float, ...]) -> Tensor:
    values = [value for row in rows for value in row]
    return Tensor("float32", (len(rows), len(rows[0])), struct.pack(f"{len(values)}f", *values))


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Loads a version folder with the interpreter of this environment, and closes it after the test."""
    monkeypatch.setenv(interpreter.MODULE_VARIABLE, "ai_edge_litert.interpreter")
    servables = []

    def open_servable(folder: Path, instances: int = 1) -> InterpreterServable:
        servables.append(load(folder, RuntimeOptions(instances, threads=1)))
        return servables[-1]

    yield open_servable
    for servable in servables:
        servable.close()


@pytest.fixture
def version_folder(tmp_path: Path, shared_data: Path) -> Callable[[str], Path]:
    """A version folder of one of the models in the shared data."""

    def make(model: str) -> Path:
        folder = tmp_path / model
        folder.mkdir()
        shutil.copyfile(shared_data / "models" / f"{model}.tflite", folder / "model.tflite")
        return folder

    return make


def python_with(module: str) -> str:
    if module == "ai_edge_litert.interpreter":
        return sys.executable
    return python_of("interpreter", "server_python_fast/requirements-interpreter.txt")


@pytest.mark.parametrize("module", interpreter.MODULES)
def test_each_package_gives_the_right_answers(
    module: str, version_folder: Callable[[str], Path], shared_data: Path, tflite_model: Path
) -> None:
    cat = shared_data / "images" / "cat.bmp"
    expected = [
        (shared_data / "tfserving" / HALF_PLUS_TWO, 5, [4.5]),
        (shared_data / "tfserving" / "saved_model_half_plus_two_tflite_with_sigdef" / "00000123", 2, [3.0]),
        (version_folder("mobilenet_v2_1.0_224_quant"), cat, EGYPTIAN_CAT + WITH_BACKGROUND),
        (version_folder("tf2_mobilenet_v2_1.0_224_ptq"), cat, EGYPTIAN_CAT + WITH_BACKGROUND),
        (tflite_model / "1", cat, EGYPTIAN_CAT),
    ]
    script = Path(__file__).with_name("interpreter_answers.py")
    arguments = [str(argument) for folder, value, _ in expected for argument in (folder, value)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), interpreter.MODULE_VARIABLE: module}
    command = [python_with(module), str(script), *arguments]
    answers = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert json.loads(answers) == [answer for _, _, answer in expected]


def test_a_model_without_signatures_gets_one_over_its_tensor_names(
    served: Load, version_folder: Callable[[str], Path]
) -> None:
    (signature,) = served(version_folder("mobilenet_v1_0.25_128_quant")).signatures.values()
    assert signature.inputs == {
        "input": TensorSpec(
            *("input", "uint8", (1, 128, 128, 3)),
            *(Quantization(0.0078125, 128), Normalization((127.5,), (127.5,)), "input"),
        )
    }
    name = "MobilenetV1/Predictions/Reshape_1"
    assert signature.outputs == {
        name: TensorSpec(name, "uint8", (1, 1001), Quantization(0.00390625, 0), tensor_name=name)
    }


def test_signatures_keep_their_names_and_open_dimensions(served: Load, small_models: Path) -> None:
    signatures = served(small_models / "several").signatures
    assert signatures.keys() == {"subtract", "swap"}
    assert signatures["subtract"].inputs == {
        name: TensorSpec(name, "float32", (-1, 2), tensor_name=f"subtract_{name}:0") for name in ("left", "right")
    }
    assert signatures["swap"].inputs == {"text": TensorSpec("text", "string", (-1,), tensor_name="swap_text:0")}


def test_batches_of_any_size_follow_each_other(served: Load, small_models: Path) -> None:
    servable = served(small_models / "several")
    for size in (1, 3, 2, 2, 1, 0):
        left = Tensor("float32", (size, 2), struct.pack(f"{2 * size}f", *range(2 * size)))
        right = Tensor("float32", (size, 2), bytes(8 * size))
        assert servable.run("subtract", {"left": left, "right": right}) == {"difference": left}


def test_strings_go_in_and_come_out(served: Load, small_models: Path) -> None:
    text = Tensor("string", (2,), strings=[b"zero\0", b"b" * 300])
    (output,) = served(small_models / "several").run("swap", {"text": text}).values()
    assert list(output.strings) == [b"b" * 300, b"zero\0"]


def test_labels_and_normalisation_are_the_metadatas(served: Load, tflite_model: Path) -> None:
    servable = served(tflite_model / "1")
    assert servable.labels[EGYPTIAN_CAT] == "Egyptian cat"
    assert servable.signatures["serving_default"].inputs["image"].normalization is not None


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        ({}, "Missing but required: {x}"),
        ({"x": Tensor("int32", (1, 1), bytes(4))}, "to be float but int32 is provided"),
        ({"x": floats((1, 2))}, "has shape [1, 2], expected [1, 1]"),
    ],
)
def test_inputs_that_do_not_fit_the_signature_are_refused(
    served: Load, shared_data: Path, inputs: dict[str, Tensor], text: str
) -> None:
    servable = served(shared_data / "tfserving" / HALF_PLUS_TWO)
    with pytest.raises(InvalidArgument) as caught:
        servable.run("serving_default", inputs)
    assert text in str(caught.value)


@pytest.mark.parametrize("model", ["saved_model_half_plus_two_tflite", "saved_model_half_plus_two_tflite_with_sigdef"])
def test_an_input_of_fixed_shape_takes_other_batches_and_ranks(served: Load, shared_data: Path, model: str) -> None:
    servable = served(shared_data / "tfserving" / model / "00000123")
    for shape in ((3,), (1, 1), (3, 1, 1), (3, 1)):
        count = element_count(shape)
        sent = Tensor("float32", shape, struct.pack(f"{count}f", *range(count)))
        expected = Tensor("float32", shape, struct.pack(f"{count}f", *(value / 2 + 2 for value in range(count))))
        assert servable.run("serving_default", {"x": sent}) == {"y": expected}


def test_a_batch_that_the_graph_cannot_take_is_refused(served: Load, version_folder: Callable[[str], Path]) -> None:
    servable = served(version_folder("mobilenet_v1_0.25_128_quant"))
    with pytest.raises(InvalidArgument, match=r"has shape \[2, 128, 128, 3\], expected \[1, 128, 128, 3\]"):
        servable.run("serving_default", {"input": Tensor("uint8", (2, 128, 128, 3), bytes(2 * 128 * 128 * 3))})


def test_a_run_waits_for_an_instance_no_longer_than_its_deadline(served: Load, shared_data: Path) -> None:
    servable = served(shared_data / "tfserving" / HALF_PLUS_TWO)
    with servable._free, pytest.raises(DeadlineExceeded, match="no instance of the model was free in time"):
        servable.run("serving_default", {"x": floats((5,))}, deadline_s=time.monotonic() + 0.05)


def test_signatures_and_outputs_that_are_not_there_are_refused(served: Load, shared_data: Path) -> None:
    servable = served(shared_data / "tfserving" / HALF_PLUS_TWO)
    with pytest.raises(FailedPrecondition, match='Serving signature key "third" not found'):
        servable.run("third", {})
    with pytest.raises(InvalidArgument, match=r"expected to be in the set \{y\}"):
        servable.run("serving_default", {"x": floats((1,))}, ["z"])


def test_a_failed_run_leaves_the_servable_as_it_was(served: Load, small_models: Path) -> None:
    servable = served(small_models / "several")
    for _ in range(3):
        with pytest.raises(FirstserveError):
            servable.run("swap", {"text": Tensor("string", (1,), strings=[b"there is no second one"])})
    output = servable.run("swap", {"text": Tensor("string", (2,), strings=[b"a", b"b"])})
    assert list(output["text"].strings) == [b"b", b"a"]


@pytest.mark.parametrize("instances", [1, 3])
def test_parallel_runs_give_each_its_own_answer(served: Load, small_models: Path, instances: int) -> None:
    servable = served(small_models / "several", instances)
    start = threading.Barrier(8)

    def ask(caller: int) -> bool:
        start.wait()
        for turn in range(50):
            rows = [(100 * caller + turn, row) for row in range(caller + 1)]
            (output,) = servable.run(
                "subtract", {"left": floats(*rows), "right": floats(*[(1, 0)] * len(rows))}
            ).values()
            if output != floats(*[(left - 1, right) for left, right in rows]):
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(8)))


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="put the converted model there under that name"):
        load(tmp_path, RuntimeOptions(1, 1))


def test_a_damaged_model_is_refused(served: Load, tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"no model" * 100)
    with pytest.raises(LoadError, match=r"model\.tflite is not a model that ai_edge_litert\.interpreter can run: "):
        served(tmp_path)


def test_an_operation_that_the_package_lacks_is_named(served: Load, version_folder: Callable[[str], Path]) -> None:
    with pytest.raises(LoadError, match="unresolved custom op: fake-op-double"):
        served(version_folder("invalid_model_invoking_error"))


def test_a_package_that_is_not_installed_is_named(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(interpreter.MODULE_VARIABLE, "no_such_runtime.interpreter")
    with pytest.raises(
        LoadError, match=r"\(no_such_runtime\.interpreter: No module named .*unset FIRSTSERVE_INTERPRETER_MODULE"
    ):
        load(shared_data / "tfserving" / HALF_PLUS_TWO, RuntimeOptions(1, 1))
