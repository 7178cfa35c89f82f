"""Batches, ranks and outputs of every size through LiteRT's C library."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest

from firstserve.errors import InvalidArgument, Unimplemented
from firstserve.tensors import Tensor

from .tensors import floats, integers, pictures

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from firstserve.runtimes.litert import LiteRtServable

    Load = Callable[..., LiteRtServable]

HALF_PLUS_TWO = "saved_model_half_plus_two_tflite/00000123"
WITH_SIGNATURE = "saved_model_half_plus_two_tflite_with_sigdef/00000123"


@pytest.mark.parametrize("model", [HALF_PLUS_TWO, WITH_SIGNATURE])
@pytest.mark.parametrize("shape", [(3, 1), (3,), (3, 1, 1)])
def test_an_input_of_fixed_shape_takes_other_batches_and_ranks(
    litert: Load, shared_data: Path, model: str, shape: tuple[int, ...]
) -> None:
    servable = litert(shared_data / "tfserving" / model)
    assert servable.run("serving_default", {"x": floats(1, 2, 5, shape=shape)}) == {
        "y": floats(2.5, 3, 4.5, shape=shape)
    }


def test_a_scalar_is_taken_as_one_element(litert: Load, shared_data: Path) -> None:
    servable = litert(shared_data / "tfserving" / HALF_PLUS_TWO)
    assert servable.run("serving_default", {"x": floats(5, shape=())}) == {"y": floats(4.5)}


def test_a_batch_that_the_graph_cannot_take_is_refused(litert: Load, lite_folder: Callable[[str], Path]) -> None:
    """It reshapes to one row."""
    servable = litert(lite_folder("mobilenet_v1_0.25_128_quant"))
    with pytest.raises(InvalidArgument, match=r"cannot take inputs of shape \[2, 128, 128, 3\]"):
        servable.run("serving_default", {"input": Tensor("uint8", (2, 128, 128, 3), bytes(2 * 128 * 128 * 3))})


@pytest.mark.parametrize("more", [8, 500, 5_000])
def test_an_output_with_more_dimensions_than_litert_knows_is_refused(
    litert: Load, lite_models: Path, more: int
) -> None:
    """LiteRT writes all of them, into a structure that has room for eight."""
    servable = litert(lite_models / "reshape")
    with pytest.raises(Unimplemented, match="an output has more than 8 dimensions"):
        servable.run("serving_default", {"x": floats(1, 2, shape=(1, 2)), "shape": integers(2, *[1] * more)})


def test_an_input_whose_length_the_graph_trusts_is_not_resized(litert: Load, lite_models: Path) -> None:
    """It tells how often each of two dimensions is repeated."""
    servable = litert(lite_models / "tile")
    x = floats(1, 2, shape=(1, 2))
    assert servable.run("serving_default", {"x": x, "times": integers(1, 2)}) == {
        "output_0": floats(2, 3, 2, 3, shape=(1, 4))
    }
    for times in ((), (1,), (1, 2, 3)):
        with pytest.raises(InvalidArgument, match=r"expected \[2\]"):
            servable.run("serving_default", {"x": x, "times": integers(*times)})


def test_batches_of_changing_size_give_the_rows_of_single_runs(
    litert: Load, tflite_model: Path, noise: list[bytes]
) -> None:
    servable = litert(tflite_model / "1", instances=2)
    single = [servable.run("serving_default", pictures(row))["scores"].array()[0] for row in noise]
    for size in (1, 3, 2, 1, 3):
        scores = servable.run("serving_default", pictures(*noise[:size]))["scores"]
        assert scores.shape == (size, 1000)
        np.testing.assert_allclose(scores.array(), single[:size], atol=1e-5)


def test_a_batch_of_nothing_is_refused(litert: Load, tflite_model: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"cannot take inputs of shape \[0, 224, 224, 3\]"):
        litert(tflite_model / "1").run("serving_default", pictures())


def test_rows_that_the_graph_counts_are_answered_for_every_batch(litert: Load, lite_models: Path) -> None:
    servable = litert(lite_models / "softmax_of_computed_rows")
    (name,) = servable.signatures["serving_default"].inputs
    for size in (1, 3, 2, 500, 1):
        values = np.random.default_rng(size).normal(size=(size, 2, 2)).astype("float32")
        (output,) = servable.run("serving_default", {name: Tensor("float32", values.shape, values.tobytes())}).values()
        powers = np.exp(values.reshape(size, 4))
        np.testing.assert_allclose(output.array(), powers / powers.sum(1, keepdims=True), atol=1e-6)


def test_an_output_as_long_as_the_data_says_is_answered(litert: Load, lite_models: Path) -> None:
    servable = litert(lite_models / "positive")
    (name,) = servable.signatures["serving_default"].inputs
    for values in ([1.0, -1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0], [-1.0, -1.0, 5.0, -1.0]):
        positive = [value for value in values if value > 0]
        (output,) = servable.run("serving_default", {name: floats(*values, shape=(1, 2, 2))}).values()
        assert output == floats(*positive, shape=(len(positive),))


def test_an_output_as_large_as_the_values_say_is_answered(litert: Load, lite_models: Path) -> None:
    """XNNPACK writes it without a look at the size of its buffer: here 200 MB where 4 bytes are announced."""
    servable = litert(lite_models / "softmax_of_range")
    (name,) = servable.signatures["serving_default"].inputs
    for count in (2, 50_000_000, 3):
        (output,) = servable.run("serving_default", {name: Tensor("int32", (), struct.pack("i", count))}).values()
        assert output.shape == (1, count)
        assert output.array().sum() == pytest.approx(1, abs=1e-3)


def test_an_output_that_the_library_keeps_to_itself_is_refused_with_the_remedy(litert: Load, lite_models: Path) -> None:
    servable = litert(lite_models / "computed_rows")
    (name,) = servable.signatures["serving_default"].inputs
    for _ in range(2):
        with pytest.raises(Unimplemented, match="such as server_python_fast with --runtime=interpreter"):
            servable.run("serving_default", {name: floats(1, 2, 3, 4, shape=(1, 2, 2))})


def test_outputs_that_are_inputs_or_constants_are_answered(litert: Load, lite_models: Path) -> None:
    servable = litert(lite_models / "inputs_and_constants")
    (name,) = servable.signatures["serving_default"].inputs
    for rows in (1, 3):
        sent = floats(*range(2 * rows), shape=(rows, 2))
        outputs = servable.run("serving_default", {name: sent})
        assert sorted(outputs.values()) == sorted(
            [sent, floats(*range(1, 2 * rows + 1), shape=(rows, 2)), floats(7, 8, 9, shape=(3,))]
        )
