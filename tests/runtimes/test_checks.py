"""What is said to inputs and names that do not fit a signature."""

from __future__ import annotations

import pytest

from firstserve.errors import FailedPrecondition, InvalidArgument
from firstserve.runtimes.checks import check_inputs, find_signature, may_be_resized, select_outputs
from firstserve.servable import PREDICT_METHOD, Signature, TensorSpec
from firstserve.tensors import ITEM_BYTES, Tensor, element_count


def signature(*inputs: TensorSpec) -> Signature:
    return Signature(
        PREDICT_METHOD,
        {spec.name: spec for spec in inputs},
        {name: TensorSpec(name, "float32", None) for name in ("classes", "scores")},
    )


def zeros(dtype: str, *shape: int) -> Tensor:
    return Tensor(dtype, shape, bytes(element_count(shape) * ITEM_BYTES[dtype]))


IMAGES = TensorSpec("image", "uint8", (-1, 224, 224, 3))
COLUMN = TensorSpec("x", "float32", (-1, 1))


@pytest.mark.parametrize("batch", [0, 1, 7])
def test_any_batch_size_fits_an_open_dimension(batch: int) -> None:
    check_inputs(signature(IMAGES), {"image": zeros("uint8", batch, 224, 224, 3)})


def test_any_rank_fits_an_open_rank() -> None:
    check_inputs(signature(TensorSpec("x", "int32", None)), {"x": zeros("int32")})
    check_inputs(signature(TensorSpec("x", "int32", None)), {"x": zeros("int32", 2, 3)})


def test_scalars_fit_a_scalar() -> None:
    check_inputs(signature(TensorSpec("x", "float64", ())), {"x": zeros("float64")})


def test_names_are_answered_in_the_words_of_tensorflow_serving() -> None:
    with pytest.raises(InvalidArgument) as caught:
        check_inputs(signature(COLUMN), {"a": zeros("float32", 1), "b": zeros("float32", 1)})
    assert str(caught.value) == (
        "input size does not match signature: 2!=1 len({a,b}) != len({x}). "
        "Sent extra: {a,b}. Missing but required: {x}."
    )


def test_another_name_is_answered_in_the_words_of_tensorflow_serving() -> None:
    with pytest.raises(InvalidArgument) as caught:
        check_inputs(signature(COLUMN._replace(tensor_name="x_1:0")), {"a": zeros("float32", 1)})
    assert str(caught.value) == (
        "Signature input alias: x(feed name: x_1:0) not found in request and no default value provided. "
        "Inputs expected to be in the request {a}, or default input alias set: "
    )


def test_a_missing_input_is_named() -> None:
    with pytest.raises(InvalidArgument, match=r"0!=1 len\(\{\}\) .* Missing but required: \{x\}\."):
        check_inputs(signature(COLUMN), {})


def test_another_dtype_is_answered_with_both() -> None:
    with pytest.raises(InvalidArgument, match=r"^Expects arg\[0\] to be float but double is provided$"):
        check_inputs(signature(COLUMN), {"x": zeros("float64", 1, 1)})


@pytest.mark.parametrize("shape", [(224, 224, 3), (1, 224, 224, 4), (1, 1, 224, 224, 3), ()])
def test_another_shape_is_answered_with_both(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidArgument) as caught:
        check_inputs(signature(IMAGES), {"image": zeros("uint8", *shape)})
    assert str(caught.value) == (f'input "image" has shape {list(shape)}, expected [-1, 224, 224, 3] (-1 is any size)')


def test_a_negative_dimension_does_not_fit() -> None:
    with pytest.raises(InvalidArgument, match=r"has shape \[-1, 1\]"):
        check_inputs(signature(COLUMN), {"x": Tensor("float32", (-1, 1), b"")})


def test_trailing_ones_may_be_left_out_or_added_only_where_a_runtime_allows_it() -> None:
    for shape in ((3,), (3, 1, 1)):
        check_inputs(signature(COLUMN), {"x": zeros("float32", *shape)}, lenient=True)
    with pytest.raises(InvalidArgument, match=r"has shape \[3\], expected \[-1, 1\]"):
        check_inputs(signature(COLUMN), {"x": zeros("float32", 3)})


def test_a_batch_for_a_fixed_first_dimension_fits_only_where_a_runtime_allows_it() -> None:
    one = TensorSpec("x", "float32", (1, 2))
    check_inputs(signature(one), {"x": zeros("float32", 3, 2)}, lenient=True)
    with pytest.raises(InvalidArgument, match=r"has shape \[3, 2\], expected \[1, 2\]"):
        check_inputs(signature(one), {"x": zeros("float32", 3, 2)})


@pytest.mark.parametrize(
    ("shape", "expected"), [((3,), (-1, 2)), ((3, 1), (-1, 2)), ((3, 2), (-1,)), ((3,), ()), ((1, 2, 2), (1, 2))]
)
def test_leniency_ends_at_other_sizes_and_more_dimensions(shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    with pytest.raises(InvalidArgument, match="has shape"):
        check_inputs(signature(TensorSpec("x", "float32", expected)), {"x": zeros("float32", *shape)}, lenient=True)


def test_many_more_dimensions_fit_nowhere() -> None:
    with pytest.raises(InvalidArgument, match=r"has shape \[3, 1, 1, 1, 1\]"):
        check_inputs(signature(COLUMN), {"x": zeros("float32", 3, 1, 1, 1, 1)}, lenient=True)


@pytest.mark.parametrize(
    ("dtype", "expected", "sent", "resized"),
    [
        ("float32", (1, 2), (3, 2), True),
        ("uint8", (-1, 2), (3, 2), True),
        ("float32", (), (1,), True),
        ("int32", (-1,), (3,), True),
        ("int32", (1, 2), (3, 2), True),
        ("int32", (1,), (3,), False),
        ("int64", (2,), (3,), False),
        ("float32", (2, 2), (3, 2), False),
        ("float32", (1, 2), (0, 2), False),
        ("float32", None, (1, 2), False),
    ],
)
def test_a_tflite_is_run_on_other_shapes_where_its_inputs_can_only_be_data(
    dtype: str, expected: tuple[int, ...] | None, sent: tuple[int, ...], resized: bool
) -> None:
    inputs = {"x": zeros(dtype, *sent)}
    assert may_be_resized(signature(TensorSpec("x", dtype, expected)), inputs) is resized


@pytest.mark.parametrize("size_bytes", [0, 7, 9])
def test_too_few_or_too_many_bytes_are_refused(size_bytes: int) -> None:
    with pytest.raises(InvalidArgument, match=rf"holds {size_bytes} bytes, but its shape \[2, 1\] of float32 is 8"):
        check_inputs(signature(COLUMN), {"x": Tensor("float32", (2, 1), bytes(size_bytes))})


def test_bytes_are_counted_whatever_the_format_of_the_view() -> None:
    check_inputs(signature(COLUMN), {"x": Tensor("float32", (2, 1), memoryview(bytes(8)).cast("I"))})


def test_too_few_strings_are_refused() -> None:
    texts = TensorSpec("text", "string", (-1,))
    check_inputs(signature(texts), {"text": Tensor("string", (2,), strings=[b"a", b""])})
    with pytest.raises(InvalidArgument, match=r"holds 1 strings, but its shape \[2\] of string is 2"):
        check_inputs(signature(texts), {"text": Tensor("string", (2,), strings=[b"a"])})


def test_all_outputs_are_given_unless_some_are_named() -> None:
    assert select_outputs(signature(), ()) == ["classes", "scores"]
    assert select_outputs(signature(), ["scores"]) == ["scores"]


def test_outputs_come_in_the_order_they_are_asked_for() -> None:
    assert select_outputs(signature(), ["scores", "classes"]) == ["scores", "classes"]


def test_an_output_that_is_named_twice_is_answered_in_the_words_of_tensorflow_serving() -> None:
    with pytest.raises(InvalidArgument) as caught:
        select_outputs(signature(), ["scores", "classes", "scores"])
    assert str(caught.value) == "duplicate output tensor alias: scores"


def test_an_unknown_output_is_answered_in_the_words_of_tensorflow_serving() -> None:
    with pytest.raises(InvalidArgument) as caught:
        select_outputs(signature(), ["top"])
    assert str(caught.value) == (
        "output tensor alias not found in signature: top Outputs expected to be in the set {classes,scores}."
    )


def test_an_unknown_signature_is_answered_in_the_words_of_tensorflow_serving() -> None:
    signatures = {"serving_default": signature(COLUMN), "other": signature()}
    assert find_signature(signatures, "other") is signatures["other"]
    with pytest.raises(FailedPrecondition) as caught:
        find_signature(signatures, "third")
    assert str(caught.value) == 'Serving signature key "third" not found.'
