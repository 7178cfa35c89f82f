"""Shapes beyond the signature's: TensorFlow's session decides about them, save where it would end the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from firstserve.errors import InvalidArgument
from firstserve.tensors import Tensor, element_count

from .tensors import values_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from firstserve.runtimes.tensorflow import TensorFlowServable

    Load = Callable[..., TensorFlowServable]

pytestmark = pytest.mark.usefixtures("tensorflow")


def ones(*shape: int) -> Tensor:
    return Tensor("float32", shape, b"\0\0\x80\x3f" * element_count(shape))


@pytest.mark.parametrize("model", ["shapes", "convolutions"])
@pytest.mark.parametrize("shape", [(3, 4), (1, 6), (2, 0), (0, 4)])
def test_any_size_is_run(saved_models: Load, small_models: Path, model: str, shape: tuple[int, ...]) -> None:
    servable = saved_models(small_models / model)
    twice = servable.run("twice", {"x": ones(*shape)})["y"]
    assert (twice.shape, values_of(twice)) == (shape, (2,) * element_count(shape))


@pytest.mark.parametrize("shape", [(), (6,), (2, 2, 2), (1, 2, 3, 4, 1)])
def test_any_number_of_dimensions_is_run(saved_models: Load, small_models: Path, shape: tuple[int, ...]) -> None:
    servable = saved_models(small_models / "shapes")
    twice = servable.run("twice", {"x": ones(*shape)})["y"]
    assert (twice.shape, values_of(twice)) == (shape, (2,) * element_count(shape))


@pytest.mark.parametrize("model", ["shapes", "convolutions"])
def test_what_the_graph_gives_a_shape_itself_is_of_any(saved_models: Load, small_models: Path, model: str) -> None:
    servable = saved_models(small_models / model)
    batches = [servable.run("reshaped", {"x": ones(*shape)})["y"].shape[0] for shape in ((12,), (3, 2, 2), (1, 3, 4))]
    assert batches == [3, 3, 3]


def test_another_size_of_image_is_run(saved_models: Load, small_models: Path) -> None:
    servable = saved_models(small_models / "convolutions")
    assert servable.run("image", {"x": ones(2, 8, 5, 1)})["y"].shape == (2, 7, 4, 1)


@pytest.mark.parametrize(("shape", "text"), [((1, 6), "Matrix size-incompatible"), ((6,), "In[0] ndims must be >= 2")])
def test_what_the_session_refuses_is_told_in_its_words(
    saved_models: Load, small_models: Path, shape: tuple[int, ...], text: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        saved_models(small_models / "shapes").run("product", {"x": ones(*shape)})
    assert text in str(caught.value)


@pytest.mark.parametrize("shape", [(), (4, 4), (4, 4, 1), (1, 1, 4, 4, 1)])
def test_an_image_of_other_dimensions_does_not_end_the_process(
    saved_models: Load, small_models: Path, shape: tuple[int, ...]
) -> None:
    servable = saved_models(small_models / "convolutions")
    with pytest.raises(InvalidArgument) as caught:
        servable.run("image", {"x": ones(*shape)})
    assert str(caught.value) == (
        f'input "x" has shape {list(shape)}, expected 4 dimensions as in [-1, 4, 4, 1] (-1 is any size): '
        "the model has operations that take no other number of them"
    )


@pytest.mark.parametrize("shape", [(1,) * 129, (1,) * 254, (2**40, 2**40, 0), (-1, 4), (0, -1)])
def test_a_shape_that_the_library_cannot_take_does_not_end_the_process(
    saved_models: Load, small_models: Path, shape: tuple[int, ...]
) -> None:
    servable = saved_models(small_models / "shapes")
    size = max(element_count(shape), 0)
    for signature in ("longer", "twice"):
        with pytest.raises(InvalidArgument, match="which no tensor has: 128 dimensions at most"):
            servable.run(signature, {"x": Tensor("float32", shape, bytes(4 * size))})


def test_128_dimensions_are_run(saved_models: Load, small_models: Path) -> None:
    servable = saved_models(small_models / "shapes")
    assert servable.run("longer", {"x": ones(*(1,) * 128)})["y"].shape == (1,) * 129
