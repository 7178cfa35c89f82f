"""Requests that cannot be batched, that find no place and that wait too long, in TensorFlow Serving's words."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING

import pytest

from firstserve.errors import (
    DeadlineExceeded,
    FailedPrecondition,
    FirstserveError,
    InvalidArgument,
    Unavailable,
    Unimplemented,
)
from firstserve.tensors import Tensor

from .conftest import LIMIT_S, Batched, floats, until, values_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Make = Callable[..., Batched]

FULL = "The batch scheduling queue to which this task was submitted is full"
DIFFERENT = (
    "Tensors with name 'x' from different tasks have different shapes and padding is turned off."
    "Set pad_variable_length_inputs to true, or ensure that all tensors with the same name"
    "have equal dimensions starting with the first dim."
)


def test_other_shapes_do_not_run_together(busy: Make) -> None:
    made = busy()
    futures = [made.start({"x": floats(1)}), made.start({"x": floats(1, shape=(1,))})]
    made.watched.gate.set()
    for future in futures:
        with pytest.raises(FailedPrecondition) as caught:
            future.result(LIMIT_S)
        assert str(caught.value) == DIFFERENT


def test_other_ranks_are_not_padded(busy: Make) -> None:
    made = busy(pad_variable_length_inputs=True)
    futures = [made.start({"x": floats(1)}), made.start({"x": floats(1, shape=(1,))})]
    made.watched.gate.set()
    for future in futures:
        with pytest.raises(FailedPrecondition, match="have different ranks"):
            future.result(LIMIT_S)


@pytest.mark.parametrize(
    ("signature", "inputs", "text"),
    [
        ("put", {"value": floats(1, shape=())}, "Batching Run() input tensors must have at least one dimension"),
        ("take", {}, "Batching Run() must have at least one input tensor"),
    ],
)
@pytest.mark.usefixtures("tensorflow")
def test_inputs_without_rows_are_refused(
    batched: Make, small_models: Path, signature: str, inputs: dict[str, Tensor], text: str
) -> None:
    made = batched(small_models / "graph")
    with pytest.raises(InvalidArgument) as caught:
        made.servable.run(signature, inputs)
    assert str(caught.value) == text


def test_inputs_with_other_numbers_of_rows_are_refused(batched: Make, small_models: Path) -> None:
    made = batched(small_models / "several")
    pairs = {"left": floats(1, 2, shape=(1, 2)), "right": floats(1, 2, 3, 4, shape=(2, 2))}
    with pytest.raises(InvalidArgument) as caught:
        made.servable.run("subtract", pairs)
    assert str(caught.value) == "Batching Run() input tensors must have equal 0th-dimension size"


def test_outputs_without_rows_are_refused(batched: Make, small_models: Path, tensorflow: None) -> None:  # noqa: ARG001
    made = batched(small_models / "everything")
    with pytest.raises(FailedPrecondition) as caught:
        made.servable.run("extremes", {"numbers": floats(1, 2, shape=(2,))})
    assert str(caught.value) == "Batched output tensor has 0 dimensions"


def test_outputs_with_another_number_of_rows_are_refused(batched: Make, lite_models: Path) -> None:
    made = batched(lite_models / "positive")
    (name,) = made.servable.signatures["serving_default"].inputs
    with pytest.raises(FailedPrecondition) as caught:
        made.run(**{name: floats(1, 2, 3, 4, shape=(1, 2, 2))})
    assert str(caught.value) == (
        "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the input tensors"
    )


def test_a_request_larger_than_a_batch_is_refused(batched: Make) -> None:
    with pytest.raises(InvalidArgument) as caught:
        batched(max_batch_size=2).run(x=floats(1, 2, 3))
    assert str(caught.value) == "Task size 3 is larger than maximum input batch size 2"


def test_a_full_queue_turns_requests_away(busy: Make) -> None:
    made = busy(max_batch_size=2, max_enqueued_batches=2)
    futures = [made.start({"x": floats(*range(size))}) for size in (2, 1)]
    with pytest.raises(Unavailable) as caught:
        made.run(x=floats(1, 2))
    assert (str(caught.value), caught.value.http) == (FULL, 503)
    # One row more has a place.
    futures.append(made.start({"x": floats(9)}))
    made.watched.gate.set()
    assert values_of(futures[-1].result(LIMIT_S)["y"]) == [6.5]
    assert made.watched.sizes == [1, 2, 2]


def test_a_large_request_that_has_no_room_is_turned_away(busy: Make) -> None:
    made = busy(max_batch_size=100, max_execution_batch_size=4, split_large=True, max_enqueued_batches=3)
    waiting = made.start({"x": floats(1, 2, 3)})
    with pytest.raises(Unavailable) as caught:
        made.run(x=floats(*range(10)))
    assert str(caught.value) == (
        f"{FULL}; task size is 10 but scheduling capacity is only 9 (num_enqueued_batches=1, max_enqueued_batches=3, "
        "open_batch_size=3, max_execution_batch_size=4)"
    )
    made.watched.gate.set()
    assert values_of(waiting.result(LIMIT_S)["y"]) == [2.5, 3, 3.5]


def test_a_request_leaves_the_queue_at_its_deadline(busy: Make) -> None:
    made = busy()
    late = made.start({"x": floats(1)}, deadline_s=time.monotonic() + 0.05)
    other = made.start({"x": floats(2)})
    with pytest.raises(DeadlineExceeded) as caught:
        late.result(LIMIT_S)
    assert str(caught.value) == "Run() timeout exceeded while waiting in batching queue"
    made.watched.gate.set()
    assert values_of(other.result(LIMIT_S)["y"]) == [3]
    assert made.watched.sizes == [1, 1]


def test_a_request_does_not_wait_past_its_deadline_for_a_batch_with_a_later_one(busy: Make) -> None:
    made = busy()
    now_s = time.monotonic()
    soon, later = (made.start({"x": floats(1)}, deadline_s=now_s + limit_s) for limit_s in (0.3, LIMIT_S))
    made.watched.gate.set()
    until(lambda: len(made.watched.runs) == 2)
    assert made.watched.deadlines_s[1] == now_s + LIMIT_S
    soon.exception(LIMIT_S)
    assert values_of(later.result(LIMIT_S)["y"]) == [2.5]


def test_a_batch_with_a_request_without_deadline_has_none(busy: Make) -> None:
    made = busy()
    futures = [made.start({"x": floats(1)}, deadline_s=limit) for limit in (time.monotonic() + LIMIT_S, None)]
    made.watched.gate.set()
    for future in futures:
        future.result(LIMIT_S)
    assert made.watched.deadlines_s == [None, None]


def test_a_fault_of_the_run_is_told_to_every_request(busy: Make, lite_models: Path) -> None:
    def index(value: int) -> Tensor:
        return Tensor("int32", (1,), struct.pack("i", value))

    made = busy(lite_models / "lookup", first=index(0))
    (name,) = made.servable.signatures["serving_default"].inputs
    futures = [made.start({name: index(value)}) for value in (1, 1_000_000)]
    made.watched.gate.set()
    for future in futures:
        with pytest.raises(FirstserveError, match="runtime failure"):
            future.result(LIMIT_S)
    assert values_of(made.run(**{name: index(2)})["output_0"]) == [30]


@pytest.mark.parametrize(
    ("inputs", "outputs", "text"),
    [
        ({"z": floats(1)}, (), "input alias: x(feed name: x) not found in request"),
        ({"x": floats(1)}, ("z",), "output tensor alias not found in signature: z"),
    ],
)
def test_a_mistake_is_told_to_who_made_it_alone(
    busy: Make, inputs: dict[str, Tensor], outputs: tuple[str, ...], text: str
) -> None:
    made = busy()
    good = made.start({"x": floats(1)})
    with pytest.raises(FirstserveError) as caught:
        made.servable.run("serving_default", inputs, outputs)
    assert text in str(caught.value)
    made.watched.gate.set()
    assert values_of(good.result(LIMIT_S)["y"]) == [2.5]


@pytest.mark.parametrize("odd", [Tensor("int32", (1, 1), bytes(4)), floats(1, 2, shape=(1, 2))])
def test_what_does_not_fit_the_signature_runs_alone(busy: Make, odd: Tensor) -> None:
    made = busy()
    good, bad = made.start({"x": floats(1)}), made.start({"x": odd})
    made.watched.gate.set()
    with pytest.raises(InvalidArgument):
        bad.result(LIMIT_S)
    assert values_of(good.result(LIMIT_S)["y"]) == [2.5]


@pytest.mark.usefixtures("tensorflow")
def test_a_signature_that_cannot_be_served_is_answered_by_the_runtime(batched: Make, small_models: Path) -> None:
    made = batched(small_models / "graph")
    with pytest.raises(Unimplemented, match="is a sparse tensor"):
        made.servable.run("total", {})
    with pytest.raises(FailedPrecondition, match='Serving signature key "third" not found'):
        made.servable.run("third", {})
