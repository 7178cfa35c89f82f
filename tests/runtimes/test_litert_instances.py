"""Instances of a .tflite under many threads: who gets one, and what a run leaves behind."""

from __future__ import annotations

import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from firstserve.errors import DeadlineExceeded, FirstserveError
from firstserve.tensors import ITEM_BYTES, Tensor, element_count
from tests.python_lock import runs_meanwhile

from .tensors import floats, pictures

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from firstserve.runtimes.litert import LiteRtServable

    Load = Callable[..., LiteRtServable]

HALF_PLUS_TWO = "saved_model_half_plus_two_tflite/00000123"


def test_eight_threads_get_each_its_own_answer(litert: Load, tflite_model: Path, noise: list[bytes]) -> None:
    servable = litert(tflite_model / "1", instances=2)
    expected = [servable.run("serving_default", pictures(row))["scores"].data for row in noise]
    start = threading.Barrier(8)

    def ask(caller: int) -> bool:
        start.wait()
        places = [(caller + turn) % 3 for turn in range(8)]
        return all(servable.run("serving_default", pictures(noise[p]))["scores"].data == expected[p] for p in places)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(8)))


def test_more_threads_for_one_run_give_the_same_answer(litert: Load, tflite_model: Path, noise: list[bytes]) -> None:
    one, four = litert(tflite_model / "1"), litert(tflite_model / "1", threads=4)
    assert one.run("serving_default", pictures(noise[0])) == four.run("serving_default", pictures(noise[0]))


def test_the_pool_runs_no_more_than_its_instances(litert: Load, lite_models: Path) -> None:
    """Two take places of the pool; the third waits until one of them is given back."""
    servable = litert(lite_models / "colour", instances=2)
    (name,) = servable.signatures["serving_default"].inputs
    third = threading.Thread(
        target=servable.run, args=("serving_default", {name: floats(*[0] * 192, shape=(1, 8, 8, 3))})
    )
    with servable._instances:
        with servable._instances:
            third.start()
            third.join(0.2)
            assert third.is_alive()
        third.join(30)
        assert not third.is_alive()


def test_the_pool_keeps_few_of_many_shapes(litert: Load, lite_models: Path) -> None:
    servable = litert(lite_models / "colour")
    (name,) = servable.signatures["serving_default"].inputs
    for size in range(1, 12):
        servable.run("serving_default", {name: floats(*[0] * 192 * size, shape=(size, 8, 8, 3))})
    assert [idle.shapes[0][0] for idle in servable._pool._idle] == [8, 9, 10, 11]


def test_a_failed_run_leaves_the_servable_as_it_was(litert: Load, lite_models: Path) -> None:
    servable = litert(lite_models / "lookup")
    (name,) = servable.signatures["serving_default"].inputs
    for _ in range(3):
        with pytest.raises(FirstserveError, match="runtime failure"):
            servable.run("serving_default", {name: Tensor("int32", (1,), struct.pack("i", 1_000_000))})
        (output,) = servable.run("serving_default", {name: Tensor("int32", (1,), struct.pack("i", 1))}).values()
        assert output == floats(20, shape=(1,))


def test_a_run_waits_for_an_instance_no_longer_than_its_deadline(litert: Load, shared_data: Path) -> None:
    servable = litert(shared_data / "tfserving" / HALF_PLUS_TWO)
    with servable._instances, pytest.raises(DeadlineExceeded, match="no instance of the model was free in time"):
        servable.run("serving_default", {"x": floats(5)}, deadline_s=time.monotonic() + 0.05)
    assert servable.run("serving_default", {"x": floats(5)}, deadline_s=time.monotonic() + 60) == {"y": floats(4.5)}


def test_a_run_that_ends_after_its_deadline_is_not_answered(litert: Load, lite_folder: Callable[[str], Path]) -> None:
    servable = litert(lite_folder("deeplabv3_mnv2_pascal_quant"))
    ((name, spec),) = servable.signatures["serving_default"].inputs.items()
    assert spec.shape is not None
    picture = Tensor(spec.dtype, spec.shape, bytes(element_count(spec.shape)))
    with pytest.raises(DeadlineExceeded):
        servable.run("serving_default", {name: picture}, deadline_s=time.monotonic() + 0.005)
    assert len(servable._pool._idle) == 1


def test_python_goes_on_while_a_model_runs(
    litert: Load, lite_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    servable = litert(lite_folder("deeplabv3_mnv2_pascal_quant"))
    ((name, spec),) = servable.signatures["serving_default"].inputs.items()
    assert spec.shape is not None
    inputs = {name: Tensor(spec.dtype, spec.shape, bytes(element_count(spec.shape) * ITEM_BYTES[spec.dtype]))}
    library = servable._model.library
    call = library.call
    seen = []

    def watched(function: str, *arguments: object) -> None:
        if function != "LiteRtRunCompiledModel":
            call(function, *arguments)
            return
        with runs_meanwhile() as another:
            call(function, *arguments)
            seen.append(another.has_run)

    monkeypatch.setattr(library, "call", watched)
    servable.run("serving_default", inputs)
    assert seen == [True]


def test_large_shapes_leave_no_memory_behind(litert: Load, tflite_model: Path, noise: list[bytes]) -> None:
    servable = litert(tflite_model / "1")
    pool = servable._pool
    for rows in (32, 33, 34):
        servable.run("serving_default", pictures(*(noise[0] for _ in range(rows))))
        assert [idle.shapes[0][0] for idle in pool._idle] == [1, rows]
    assert pool.size_bytes > 64 * 1024 * 1024
    pool.expire(time.monotonic() + 1)
    assert [idle.shapes[0][0] for idle in pool._idle] == [1]
    assert pool.size_bytes == 0
    servable.run("serving_default", pictures(noise[0]))


def test_what_was_used_just_now_is_kept(litert: Load, tflite_model: Path, noise: list[bytes]) -> None:
    servable = litert(tflite_model / "1")
    before_s = time.monotonic()
    servable.run("serving_default", pictures(noise[0], noise[1]))
    servable._pool.expire(before_s)
    assert 2 in [idle.shapes[0][0] for idle in servable._pool._idle]
