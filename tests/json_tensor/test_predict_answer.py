"""Answers: layout, dtypes, names, and outputs that cannot be answered."""

from __future__ import annotations

import json
from math import prod
from typing import Any

import numpy as np
import pytest

from firstserve.errors import InvalidArgument
from firstserve.json_tensor.predict_answer import write_predict_answer
from firstserve.tensors import Tensor


def tensor(values: Any, dtype: str = "float32") -> Tensor:
    array = np.array(values, dtype)
    return Tensor(dtype, array.shape, array.tobytes())


def strings(*values: bytes, shape: tuple[int, ...] | None = None) -> Tensor:
    return Tensor("string", (len(values),) if shape is None else shape, strings=values)


def rows(**outputs: Tensor) -> str:
    return write_predict_answer(outputs, by_row=True).decode("utf-8", "surrogateescape")


def columns(**outputs: Tensor) -> str:
    return write_predict_answer(outputs, by_row=False).decode("utf-8", "surrogateescape")


def refusal(*, by_row: bool, **outputs: Tensor) -> str:
    with pytest.raises(InvalidArgument) as raised:
        write_predict_answer(outputs, by_row=by_row)
    return str(raised.value)


def test_rows_of_one_output() -> None:
    assert rows(y=tensor([3.5, 4.0, 5.5])) == '{\n    "predictions": [3.5, 4.0, 5.5\n    ]\n}'
    assert rows(y=tensor([[3.5, 4.0], [5.5, 6]])) == '{\n    "predictions": [[3.5, 4.0], [5.5, 6.0]\n    ]\n}'


def test_rows_of_several_outputs_are_objects() -> None:
    assert rows(a=tensor([[1], [2]], "int32"), b=tensor([0.5, 1])) == (
        '{\n    "predictions": [\n'
        '        {\n            "a": [1],\n            "b": 0.5\n        },\n'
        '        {\n            "a": [2],\n            "b": 1.0\n        }\n'
        "    ]\n}"
    )


@pytest.mark.parametrize("shape", [(2,), (1, 2), (2, 1, 3), (0,), (2, 0), (0, 3), (40, 1, 30), (2, 1, 3, 1, 200)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "int64", "bool"])
def test_a_column_has_a_line_for_each_value(shape: tuple[int, ...], dtype: str) -> None:
    values = np.arange(prod(shape)).reshape(shape).astype(dtype)
    assert columns(y=tensor(values, dtype)) == json.dumps({"outputs": values.tolist()}, indent=4)


def test_a_column_of_strings_has_a_line_for_each() -> None:
    assert columns(y=strings(b"a, b", b"], [", shape=(2, 1))) == json.dumps({"outputs": [["a, b"], ["], ["]]}, indent=4)


def test_a_scalar_column() -> None:
    assert columns(y=tensor(3.5)) == '{\n    "outputs": 3.5\n}'


def test_columns_of_several_outputs() -> None:
    assert columns(a=tensor([[1, 2]], "int32"), b=tensor(0.5)) == json.dumps(
        {"outputs": {"a": [[1, 2]], "b": 0.5}}, indent=4
    )


def test_no_rows() -> None:
    assert json.loads(rows(y=tensor(np.zeros((0, 3))))) == {"predictions": []}
    assert json.loads(rows(a=tensor([]), b=tensor([]))) == {"predictions": []}


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3), (2, 0, 3)])
def test_columns_without_values(shape: tuple[int, ...]) -> None:
    for dtype in ("float32", "int64", "bool"):
        assert json.loads(columns(y=tensor(np.zeros(shape), dtype))) == {"outputs": np.zeros(shape).tolist()}


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        ("int8", -(2**7), 2**7 - 1),
        ("uint8", 0, 2**8 - 1),
        ("int16", -(2**15), 2**15 - 1),
        ("int32", -(2**31), 2**31 - 1),
        ("uint32", 0, 2**32 - 1),
        ("int64", -(2**63), 2**63 - 1),
        ("uint64", 0, 2**64 - 1),
    ],
)
def test_integers_are_plain_numbers(dtype: str, low: int, high: int) -> None:
    assert rows(y=tensor([[low], [high]], dtype)) == f'{{\n    "predictions": [[{low}], [{high}]\n    ]\n}}'
    assert json.loads(rows(a=tensor([low], dtype), b=tensor([high], dtype)))["predictions"] == [{"a": low, "b": high}]


def test_booleans() -> None:
    assert columns(y=tensor([[True], [False]], "bool")) == json.dumps({"outputs": [[True], [False]]}, indent=4)


def test_floats_that_are_no_numbers_are_bare_words() -> None:
    values = [np.nan, np.inf, -np.inf]
    assert columns(y=tensor(values)) == json.dumps({"outputs": values}, indent=4)


def test_float64_has_the_digits_it_needs() -> None:
    assert rows(y=tensor([0.1, 1 / 3, 1e300], "float64")) == (
        '{\n    "predictions": [0.1, 0.33333333333333331, 1e+300\n    ]\n}'
    )


def test_strings_are_raw() -> None:
    assert write_predict_answer({"y": strings(b"a", b'"\\\n', b"\xe2\x82\xac\xff")}, by_row=True) == (
        b'{\n    "predictions": ["a", "\\"\\\\\\n", "\xe2\x82\xac\xff"\n    ]\n}'
    )


def test_outputs_named_bytes_are_base64() -> None:
    assert rows(y_bytes=strings(b"hello", b"\xff")) == (
        '{\n    "predictions": [{\n            "b64": "aGVsbG8="\n        }, {\n            "b64": "/w=="\n        }\n'
        "    ]\n}"
    )
    assert columns(y_bytes=strings(b"hello", shape=())) == ('{\n    "outputs": {\n        "b64": "aGVsbG8="\n    }\n}')
    assert json.loads(rows(y_bytes=strings(b"a", b"b"), z=strings(b"c", b"d"))) == {
        "predictions": [{"y_bytes": {"b64": "YQ=="}, "z": "c"}, {"y_bytes": {"b64": "Yg=="}, "z": "d"}]
    }


def test_numbers_named_bytes_are_numbers() -> None:
    assert json.loads(rows(y_bytes=tensor([1.0]))) == {"predictions": [1.0]}


@pytest.mark.parametrize("shape", [(1, 60, 50, 3), (3000,), (3, 1000), (1500, 2)])
def test_large_outputs_in_every_layout(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(1).normal(0, 100, shape).astype("float32")
    y, n = tensor(values), tensor(np.arange(shape[0]), "int64")
    assert np.array_equal(np.array(json.loads(rows(y=y))["predictions"], "float32"), values)
    assert np.array_equal(np.array(json.loads(columns(y=y))["outputs"], "float32"), values)
    several = json.loads(rows(y=y, n=n))["predictions"]
    assert np.array_equal(np.array([row["y"] for row in several], "float32"), values)
    assert [row["n"] for row in several] == list(range(shape[0]))


def test_a_rank_that_few_have() -> None:
    for rank in (17, 70):
        values = np.full((600,) + (1,) * (rank - 1), 0.5) if rank < 32 else None
        shape = (600,) + (1,) * (rank - 1)
        for dtype in ("float32", "int32"):
            y = Tensor(dtype, shape, np.full(600, 1, dtype).tobytes())
            assert columns(y=y).count("[") == 1 + 600 * (rank - 1)
        assert values is None or values.shape == shape


def test_a_scalar_is_no_row() -> None:
    assert refusal(by_row=True, y=tensor(1.0)) == "Tensor name: y has no shape information "


def test_outputs_with_different_numbers_of_rows() -> None:
    assert refusal(by_row=True, a=tensor([1, 2]), b=tensor([1, 2, 3])) == (
        "Tensor name: b has inconsistent batch size: 3 expecting: 2"
    )


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        ("complex64", "complex64"),
        ("complex128", "complex128"),
        ("float16", "half"),
        ("bfloat16", "bfloat16"),
        ("uint16", "uint16"),
    ],
)
def test_dtypes_that_json_has_nothing_for(dtype: str, name: str) -> None:
    output = Tensor(dtype, (1,), bytes(16))
    for by_row in (True, False):
        assert refusal(by_row=by_row, y=output) == f"Failed to write JSON value for tensor type: {name}"


def test_no_outputs() -> None:
    assert refusal(by_row=True) == "Cannot convert empty tensor map to JSON"
