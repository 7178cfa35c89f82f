"""Runs of SavedModels that cannot be, that fail, and that take too long."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from firstserve.errors import DeadlineExceeded, FailedPrecondition, FirstserveError, InvalidArgument, Unimplemented
from firstserve.runtimes.tensorflow import TensorFlowServable, load
from firstserve.runtimes.tensorflow_c import StatusError
from firstserve.servable import RuntimeOptions
from firstserve.tensors import Tensor

from .tensors import number, strings, values_of, vector

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Load = Callable[..., TensorFlowServable]

pytestmark = pytest.mark.usefixtures("tensorflow")


def test_an_error_of_the_run_keeps_tensorflows_message(half_plus_two: TensorFlowServable) -> None:
    with pytest.raises(InvalidArgument, match="Could not parse example input"):
        half_plus_two.run("classify_x_to_y", {"inputs": strings(b"no example")})
    assert values_of(half_plus_two.run("serving_default", {"x": vector(2)})["y"]) == (3.0,)


@pytest.mark.parametrize(
    ("signature_name", "inputs", "error", "text"),
    [
        ("third", {}, FailedPrecondition, 'Serving signature key "third" not found.'),
        ("serving_default", {}, InvalidArgument, "Missing but required: {x}"),
        (
            "serving_default",
            {"x": Tensor("int32", (1,), bytes(4))},
            InvalidArgument,
            "to be float but int32 is provided",
        ),
    ],
)
def test_what_does_not_fit_the_signature_is_refused(
    half_plus_two: TensorFlowServable, signature_name: str, inputs: dict[str, Tensor], error: type[Exception], text: str
) -> None:
    with pytest.raises(error) as caught:
        half_plus_two.run(signature_name, inputs)
    assert text in str(caught.value)


def test_a_sparse_signature_is_left_out_and_said_to_be_unimplemented(saved_models: Load, small_models: Path) -> None:
    graph = saved_models(small_models / "graph")
    assert graph.signatures.keys() == {"put", "take", "take_from_closed"}
    with pytest.raises(Unimplemented, match='"total" cannot be served: its tensor "sparse" is a sparse tensor'):
        graph.run("total", {})


def test_a_run_past_its_deadline_is_ended_by_tensorflow(everything: TensorFlowServable) -> None:
    start_s = time.monotonic()
    with pytest.raises(DeadlineExceeded, match="Timed out"):
        everything.run("count", {"steps": number(2_000_000_000)}, deadline_s=start_s + 0.2)
    assert time.monotonic() - start_s < 10


def test_a_run_that_can_loop_is_always_ended_by_tensorflow(everything: TensorFlowServable) -> None:
    for _ in range(2):
        everything.run("count", {"steps": number(1)}, deadline_s=time.monotonic() + 3600)
    with pytest.raises(DeadlineExceeded, match="Timed out"):
        everything.run("count", {"steps": number(2_000_000_000)}, deadline_s=time.monotonic() + 0.2)


def test_a_run_that_cannot_loop_and_has_time_is_left_to_end_by_itself(saved_models: Load, shared_data: Path) -> None:
    now_s = time.monotonic()
    fresh = saved_models(shared_data / "tfserving/saved_model_half_plus_two_2_versions/00000123")
    assert fresh._needs_cut_off(now_s + 3600, now_s)
    fresh.run("serving_default", {"x": vector(1)})
    assert not fresh._needs_cut_off(now_s + 3600, now_s)
    assert fresh._needs_cut_off(now_s + fresh._longest_run_s, now_s)


@pytest.mark.parametrize("inter_op_threads", [-1, 0, 1])
def test_a_run_in_time_is_answered(small_models: Path, inter_op_threads: int) -> None:
    options = RuntimeOptions(instances=1, threads=1, inter_op_threads=inter_op_threads)
    servable = load(small_models / "everything", options)
    for deadline_s in (None, time.monotonic() + 3600):
        assert servable.run("count", {"steps": number(10)}, deadline_s=deadline_s) == {"count": number(10)}
    servable.close()


def test_a_deadline_that_has_passed_starts_no_run(everything: TensorFlowServable) -> None:
    with pytest.raises(DeadlineExceeded):
        everything.run("keep", {"text": strings(b"never kept")}, deadline_s=time.monotonic() - 1)
    assert list(everything.run("kept", {})["text"].strings) == []


@pytest.mark.parametrize(
    ("code", "grpc", "http"),
    [
        (1, "CANCELLED", 499),
        (3, "INVALID_ARGUMENT", 400),
        (4, "DEADLINE_EXCEEDED", 504),
        (5, "NOT_FOUND", 404),
        (8, "RESOURCE_EXHAUSTED", 429),
        (9, "FAILED_PRECONDITION", 400),
        (11, "OUT_OF_RANGE", 400),
        (12, "UNIMPLEMENTED", 501),
        (13, "INTERNAL", 500),
        (14, "UNAVAILABLE", 503),
        (15, "DATA_LOSS", 500),
        (99, "UNKNOWN", 500),
    ],
)
def test_a_status_keeps_its_code(code: int, grpc: str, http: int) -> None:
    answer = StatusError(code, "why").answer()
    assert (answer.grpc, answer.http, str(answer)) == (grpc, http, "why")


def test_what_the_graph_refuses_keeps_its_code(saved_models: Load, small_models: Path) -> None:
    """The queue is closed and empty."""
    with pytest.raises(FirstserveError) as caught:
        saved_models(small_models / "graph").run("take_from_closed", {})
    assert (caught.value.grpc, caught.value.http) == ("OUT_OF_RANGE", 400)
