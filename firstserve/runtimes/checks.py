"""A request against a signature, before any runtime sees it: names, dtypes, shapes and sizes -> nothing, or an error.

What a runtime would crash on is refused here; TensorFlow's session decides itself about dtypes and shapes. The same
mistake gets the same answer from each runtime. The texts about names are TensorFlow Serving's, which clients know.
"""

from __future__ import annotations

import time
from itertools import accumulate
from operator import mul
from typing import TYPE_CHECKING

from firstserve.errors import DeadlineExceeded, FailedPrecondition, InvalidArgument
from firstserve.tensors import ITEM_BYTES, element_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set

    from firstserve.servable import Signature
    from firstserve.tensors import Tensor


_MOST_DIMENSIONS = 128
"""TensorFlow's library ends the process at the 255th; the rest is for those that a model adds to its input's."""
_MOST_ELEMENTS = 2**63 - 1
"""Of TensorFlow's TensorShape, with the same end."""
_LENIENT_RANK = 4
"""So many dimensions every operation takes; with many more, some of TFLite's end the process."""


def find_signature(signatures: Mapping[str, Signature], name: str) -> Signature:
    """The signature of this name. Raises FailedPrecondition."""
    if name not in signatures:
        raise FailedPrecondition(f'Serving signature key "{name}" not found.')
    return signatures[name]


def check_deadline(deadline_s: float | None) -> None:
    """Raises DeadlineExceeded past a moment on the clock of `time.monotonic()`."""
    if deadline_s is not None and time.monotonic() >= deadline_s:
        raise DeadlineExceeded("the request's time limit has passed")


def time_left_s(deadline_s: float | None) -> float | None:
    """How long one may wait until then; None without a deadline."""
    return None if deadline_s is None else max(deadline_s - time.monotonic(), 0)


def select_outputs(signature: Signature, output_filter: Sequence[str]) -> list[str]:
    """The names of the outputs to give: those of `output_filter`, or all.

    Raises InvalidArgument for one that the signature has not, or that is named twice.
    """
    names: list[str] = []
    for name in output_filter:
        if name not in signature.outputs:
            expected = ",".join(sorted(signature.outputs))
            raise InvalidArgument(
                f"output tensor alias not found in signature: {name} Outputs expected to be in the set {{{expected}}}."
            )
        if name in names:
            raise InvalidArgument(f"duplicate output tensor alias: {name}")
        names.append(name)
    return names or list(signature.outputs)


def check_inputs(signature: Signature, inputs: Mapping[str, Tensor], *, lenient: bool = False) -> None:
    """Raises InvalidArgument with what was sent and what is expected, unless every input fits its TensorSpec.

    It is what `check_names` and `check_sizes` check, and dtypes and shapes.

    `lenient` is for a runtime that is fed any shape: the first dimension may then be of any size, and trailing
    dimensions of size one may be left out, or added up to rank 4. TensorFlow Serving's clients rely on that when they
    send `{"instances": [1.0, 2.0, 5.0]}` to an input of the shape [1] or [-1, 1] and get three numbers back.
    """
    check_names(signature, inputs)
    for index, (name, tensor) in enumerate(inputs.items()):
        spec = signature.inputs[name]
        if tensor.dtype != spec.dtype:
            from firstserve.json_tensor.value_text import dtype_name

            # As TensorFlow's session says it.
            raise InvalidArgument(
                f"Expects arg[{index}] to be {dtype_name(spec.dtype)} but {dtype_name(tensor.dtype)} is provided"
            )
        if not _fits(tensor.shape, spec.shape, lenient=lenient):
            raise InvalidArgument(
                f'input "{name}" has shape {list(tensor.shape)}, expected {list(spec.shape or ())} (-1 is any size)'
            )
    check_sizes(inputs)


def check_names(signature: Signature, inputs: Mapping[str, Tensor]) -> None:
    """Raises InvalidArgument unless the inputs are those of the signature."""
    if len(inputs) != len(signature.inputs):
        raise InvalidArgument(_number_text(inputs.keys(), signature.inputs.keys()))
    for name, spec in signature.inputs.items():
        if name not in inputs:
            raise InvalidArgument(
                f"Signature input alias: {name}(feed name: {spec.tensor_name}) not found in request and no default "
                f"value provided. Inputs expected to be in the request {{{','.join(sorted(inputs))}}}, or default "
                "input alias set: "
            )


def check_sizes(inputs: Mapping[str, Tensor]) -> None:
    """Raises InvalidArgument for a shape that no tensor has, and for a tensor that holds more or less than its own."""
    for name, tensor in inputs.items():
        _check_shape(name, tensor.shape)
        _check_size(name, tensor)


def check_ranks(signature: Signature, inputs: Mapping[str, Tensor], of_any_rank: Iterable[str]) -> None:
    """Raises InvalidArgument for an input of another number of dimensions than its TensorSpec says, save these."""
    others = {
        name
        for name, spec in signature.inputs.items()
        if spec.shape is not None and len(spec.shape) != len(inputs[name].shape)
    }
    for name in others.difference(of_any_rank) if others else ():
        spec = signature.inputs[name]
        raise InvalidArgument(
            f'input "{name}" has shape {list(inputs[name].shape)}, expected {len(spec.shape or ())} dimensions as in '
            f"{list(spec.shape or ())} (-1 is any size): the model has operations that take no other number of them"
        )


def may_be_resized(signature: Signature, inputs: Mapping[str, Tensor]) -> bool:
    """Whether a .tflite may be run on other shapes than its signature's: on batches where it was made for one.

    Some of TFLite's operations trust the length of an input that tells sizes or axes, and read and write past its end
    where it is another or nothing. So leniency needs inputs that can only be data.
    """
    return all(
        spec.shape is not None and _is_data(spec.dtype, spec.shape) for spec in signature.inputs.values()
    ) and all(element_count(tensor.shape) for tensor in inputs.values())


def _is_data(dtype: str, shape: tuple[int, ...]) -> bool:
    if len(shape) == 1 and dtype in {"int32", "int64"}:
        return shape == (-1,)
    return not shape or shape[0] in {-1, 1}


def _number_text(sent: Set[str], expected: Set[str]) -> str:
    def braces(names: Set[str]) -> str:
        return "{" + ",".join(sorted(names)) + "}"

    return (
        f"input size does not match signature: {len(sent)}!={len(expected)} "
        f"len({braces(sent)}) != len({braces(expected)}). "
        f"Sent extra: {braces(sent - expected)}. Missing but required: {braces(expected - sent)}."
    )


def _fits(shape: tuple[int, ...], expected: tuple[int, ...] | None, *, lenient: bool) -> bool:
    if any(size < 0 for size in shape):
        return False
    if expected is None:
        return True
    if lenient and len(shape) <= max(len(expected), _LENIENT_RANK):
        expected = (-1, *expected[1:]) if expected else ()
        shape, expected = (
            shape + (1,) * (len(expected) - len(shape)),
            expected + (1,) * (len(shape) - len(expected)),
        )
    if len(shape) != len(expected):
        return False
    return all(want in {-1, size} for size, want in zip(shape, expected, strict=True))


def _check_shape(name: str, shape: tuple[int, ...]) -> None:
    # A dimension of 0 does not help those before it.
    counts = accumulate(shape, mul)
    if len(shape) > _MOST_DIMENSIONS or any(size < 0 for size in shape) or any(n > _MOST_ELEMENTS for n in counts):
        raise InvalidArgument(
            f'input "{name}" has shape {list(shape)}, which no tensor has: {_MOST_DIMENSIONS} dimensions at most, none '
            f"below 0, and fewer than 2**63 elements"
        )


def _check_size(name: str, tensor: Tensor) -> None:
    count = element_count(tensor.shape)
    if tensor.dtype == "string":
        sent, expected, unit = len(tensor.strings), count, "strings"
    else:
        sent, expected, unit = memoryview(tensor.data).nbytes, count * ITEM_BYTES[tensor.dtype], "bytes"
    if sent != expected:
        raise InvalidArgument(
            f'input "{name}" holds {sent} {unit}, but its shape {list(tensor.shape)} of {tensor.dtype} is {expected}'
        )
