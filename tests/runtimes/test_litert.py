""".tflite models through LiteRT's C library: answers, names and what is refused."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from firstserve.errors import FailedPrecondition, InvalidArgument, Unimplemented
from firstserve.servable import Normalization, Quantization, TensorSpec
from firstserve.tensors import Tensor

from .tensors import floats

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from firstserve.runtimes.litert import LiteRtServable

    Load = Callable[..., LiteRtServable]

HALF_PLUS_TWO = "saved_model_half_plus_two_tflite/00000123"
WITH_SIGNATURE = "saved_model_half_plus_two_tflite_with_sigdef/00000123"
MODELS = (
    "deeplabv3_mnv2_dm05_pascal_quant",
    "deeplabv3_mnv2_pascal_quant",
    "mobilenet_v1_0.25_128_quant",
    "mobilenet_v2_1.0_224_quant",
    "tf2_mobilenet_v2_1.0_224_ptq",
)


@pytest.mark.parametrize("model", MODELS)
def test_models_give_what_the_interpreter_gives(litert: Load, lite_folder: Callable[[str], Path], model: str) -> None:
    folder = lite_folder(model)
    servable = litert(folder)
    ((name, spec),) = servable.signatures["serving_default"].inputs.items()
    assert spec.shape is not None
    values = np.random.default_rng(4).integers(0, 256, spec.shape).astype(spec.dtype)
    (output,) = servable.run("serving_default", {name: Tensor(spec.dtype, spec.shape, values.tobytes())}).values()

    interpreter = Interpreter(model_path=str(folder / "model.tflite"))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
    interpreter.invoke()
    expected = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_array_equal(output.array(), expected)


@pytest.mark.parametrize(("model", "tensor"), [(HALF_PLUS_TWO, "x"), (WITH_SIGNATURE, "tflite_input")])
def test_half_plus_two(litert: Load, shared_data: Path, model: str, tensor: str) -> None:
    servable = litert(shared_data / "tfserving" / model)
    assert servable.signatures["serving_default"].inputs == {
        "x": TensorSpec("x", "float32", (1, 1), tensor_name=tensor)
    }
    assert servable.run("serving_default", {"x": floats(5)}) == {"y": floats(4.5)}


def test_a_quantised_model_tells_quantisation_normalisation_and_labels(
    litert: Load, lite_folder: Callable[[str], Path]
) -> None:
    servable = litert(lite_folder("mobilenet_v1_0.25_128_quant"))
    (signature,) = servable.signatures.values()
    assert signature.inputs == {
        "input": TensorSpec(
            *("input", "uint8", (1, 128, 128, 3)),
            *(Quantization(0.0078125, 128), Normalization((127.5,), (127.5,)), "input"),
        )
    }
    assert len(servable.labels) == 1001
    assert servable.labels[286] == "Egyptian cat"


def test_strings_are_refused_with_the_remedy(litert: Load, small_models: Path) -> None:
    servable = litert(small_models / "several")
    assert servable.signatures["swap"].inputs == {
        "text": TensorSpec("text", "string", (-1,), tensor_name="swap_text:0")
    }
    with pytest.raises(Unimplemented, match=r"holds strings.*--runtime=interpreter"):
        servable.run("swap", {"text": Tensor("string", (2,), strings=[b"a", b"b"])})


def test_inputs_are_told_apart_by_name(litert: Load, small_models: Path) -> None:
    left, right = floats(7, 5, shape=(1, 2)), floats(2, 1, shape=(1, 2))
    outputs = litert(small_models / "several").run("subtract", {"right": right, "left": left})
    assert outputs == {"difference": floats(5, 4, shape=(1, 2))}


@pytest.mark.parametrize("view", [bytearray, memoryview])
def test_buffers_of_every_kind_are_taken(
    litert: Load, shared_data: Path, view: Callable[[bytes], bytearray | memoryview]
) -> None:
    servable = litert(shared_data / "tfserving" / HALF_PLUS_TWO)
    assert servable.run("serving_default", {"x": Tensor("float32", (1, 1), view(struct.pack("f", 5)))}) == {
        "y": floats(4.5)
    }


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        ({}, "Missing but required: {x}"),
        ({"z": floats(1)}, "input alias: x(feed name: x) not found in request"),
        ({"x": Tensor("int32", (1, 1), bytes(4))}, "to be float but int32 is provided"),
        ({"x": floats(1, 2, shape=(1, 2))}, "has shape [1, 2], expected [1, 1]"),
        ({"x": Tensor("float32", (1, 1), bytes(3))}, "holds 3 bytes"),
    ],
)
def test_inputs_that_do_not_fit_the_signature_are_refused(
    litert: Load, shared_data: Path, inputs: dict[str, Tensor], text: str
) -> None:
    servable = litert(shared_data / "tfserving" / HALF_PLUS_TWO)
    with pytest.raises(InvalidArgument) as caught:
        servable.run("serving_default", inputs)
    assert text in str(caught.value)


def test_signatures_and_outputs_that_are_not_there_are_refused(litert: Load, shared_data: Path) -> None:
    servable = litert(shared_data / "tfserving" / HALF_PLUS_TWO)
    with pytest.raises(FailedPrecondition, match='Serving signature key "third" not found'):
        servable.run("third", {})
    with pytest.raises(InvalidArgument, match=r"expected to be in the set \{y\}"):
        servable.run("serving_default", {"x": floats(1)}, ["z"])
