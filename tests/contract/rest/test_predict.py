"""Predict: what both runtimes answer, and with TensorFlow every data type."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.contract.rest.conftest import Rest

ONLY = "tensorflow_only"
NO_FLOAT = 'JSON Value: "a" Type: String is not of expected type: float'
PLAIN_LIST = (
    "instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map"
)
INTEGERS = ("int8", "uint8", "int16", "int32", "uint32", "int64", "uint64")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"instances": [1.0, 2.0, 5.0]}, [2.5, 3.0, 4.5]),
        ({"instances": [{"x": 1.0}, {"x": 2}]}, [2.5, 3.0]),
        ({"inputs": [1.0, 2.0, 5.0]}, [2.5, 3.0, 4.5]),
        ({"inputs": {"x": [1]}}, [2.5]),
        ({"signature_name": "", "inputs": [1]}, [2.5]),
        ({"signature_name": "serving_default", "inputs": [1]}, [2.5]),
    ],
)
def test_one_input(rest: Rest, body: object, expected: object) -> None:
    assert rest.result(body) == expected


def test_several_inputs_by_row(rest: Rest) -> None:
    rows = [{"a": 1, "b": [2, 3]}, {"b": [5, 6], "a": 4.5}]
    assert rest.result({"signature_name": "several", "instances": rows}) == [
        {"double": 2.0, "negative": [-2, -3]},
        {"double": 9.0, "negative": [-5, -6]},
    ]


def test_several_inputs_by_column(rest: Rest) -> None:
    columns = {"a": [1.0, 4.5], "b": [[2, 3], [5, 6]], "ignored": None}
    assert rest.result({"signature_name": "several", "inputs": columns}) == {
        "double": [2.0, 9.0],
        "negative": [[-2, -3], [-5, -6]],
    }


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("{}", "Missing 'inputs' or 'instances' key"),
        ('{"instances": 1}', "JSON Value: {\n    \"instances\": 1\n} Expecting 'instances' to be an list/array"),
        ('{"instances": []}', "JSON Value: {\n    \"instances\": []\n} No values in 'instances' array"),
        ('{"signature_name": "s", "instances": [1]}', 'Serving signature name: "s" not found in signature def'),
        ('{"signature_name": 1}', None),
        ('{"instances": [1.0], "inputs": 1}', None),
        (
            '{"instances": ["a"]}',
            f"Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: {NO_FLOAT}",
        ),
        ('{"inputs": ["a"]}', NO_FLOAT),
        (
            '{"signature_name": "several", "instances": [1]}',
            PLAIN_LIST,
        ),
        ('{"signature_name": "several", "inputs": {"a": [1]}}', "Missing named input: b in 'inputs' object."),
    ],
)
def test_a_request_that_does_not_fit(rest: Rest, body: str, text: str | None) -> None:
    status, said = rest.refusal(body)
    assert status == 400
    assert said == text or (text is None and said.startswith("JSON Value: {\n"))


@pytest.mark.parametrize("rest", ["fast", "rust"], indirect=True)
def test_a_shape_that_a_tflite_does_not_take(rest: Rest) -> None:
    assert rest.refusal('{"signature_name": "several", "instances": [{"a": 1, "b": [1, 2, 3]}]}')[0] == 400


def test_a_shape_beyond_the_signature_is_for_tensorflow_to_decide(slow_rest: Rest) -> None:
    rows = [{"a": 1, "b": [1, 2, 3]}]
    assert slow_rest.result({"signature_name": "several", "instances": rows}) == [
        {"double": 2.0, "negative": [-1, -2, -3]}
    ]
    rows = [{"x": [1, 2]}, {"x": [3, 4]}]
    assert slow_rest.result({"instances": rows}) == [[2.5, 3.0], [3.5, 4.0]]


def test_both_formats_in_one_request_with_garbage_behind_it(rest: Rest) -> None:
    assert rest.post('{"instances": [1.0]} and more').json == {"predictions": [2.5]}


def test_bare_words_go_in_and_out(rest: Rest) -> None:
    answer = rest.post('{"instances": [NaN, Infinity, -Inf, 1e39]}')
    assert answer.body == b'{\n    "predictions": [NaN, Infinity, -Infinity, Infinity\n    ]\n}'


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_of_every_dtype(slow_rest: Rest, dtype: str) -> None:
    bits = int(dtype.lstrip("uint"))
    low, high = (0, 2**bits - 1) if dtype.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    values = [[low, high], [0, 1]]
    assert slow_rest.result({"signature_name": f"echo_{dtype}", "instances": values}, ONLY) == values
    status, text = slow_rest.refusal(json.dumps({"signature_name": f"echo_{dtype}", "inputs": [1.0]}), ONLY)
    assert (status, text) == (400, f"JSON Value: 1.0 Type: Number is not of expected type: {dtype}")


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("bool", [[True], [False]]),
        ("float32", [999999.0, 0.1, -3e-5, 9e6]),
        ("float64", [0.1, 1 / 3, 1e300, 5e-324, 123456789.125]),
        ("string", ["", 'a\n"\\', "\N{EURO SIGN}\N{PILE OF POO}"]),
        ("float32", 1.5),
        ("string", "scalar"),
        ("float32", []),
        ("float32", [[], []]),
    ],
)
def test_other_dtypes(slow_rest: Rest, dtype: str, value: object) -> None:
    assert slow_rest.result({"signature_name": f"echo_{dtype}", "inputs": value}, ONLY) == value


@pytest.mark.parametrize("dtype", ["half", "bfloat16", "uint16", "complex64"])
def test_dtypes_without_json(slow_rest: Rest, dtype: str) -> None:
    name = f"echo_{dtype.replace('half', 'float16')}"
    inner = f"Conversion of JSON Value: 1 to type: {dtype}"
    assert slow_rest.refusal(json.dumps({"signature_name": name, "inputs": 1}), ONLY) == (501, inner)
    assert slow_rest.refusal(json.dumps({"signature_name": name, "instances": [1]}), ONLY) == (
        400,
        f"Failed to process element: 0 of 'instances' list. Error: UNIMPLEMENTED: {inner}",
    )


@pytest.mark.parametrize(("signature", "dtype"), [("complex", "complex64"), ("half", "half")])
def test_outputs_without_json(slow_rest: Rest, signature: str, dtype: str) -> None:
    body = json.dumps({"signature_name": signature, "instances": [1.0]})
    assert slow_rest.refusal(body, ONLY) == (400, f"Failed to write JSON value for tensor type: {dtype}")


def test_strings_that_are_not_utf8_go_in_and_out(slow_rest: Rest) -> None:
    answer = slow_rest.post(b'{"signature_name": "echo_string", "inputs": ["\xff\xc3", {"b64": "/w=="}]}', ONLY)
    assert answer.body == b'{\n    "outputs": [\n        "\xff\xc3",\n        "\xff"\n    ]\n}'


def test_outputs_named_bytes_are_base64(slow_rest: Rest) -> None:
    texts = ["a", {"b64": "/w=="}]
    answer = slow_rest.post(json.dumps({"signature_name": "text", "inputs": texts}), ONLY)
    outputs = json.loads(answer.body.decode("latin-1"))["outputs"]
    assert outputs == {"text": ["\xff", "a"], "text_bytes": [{"b64": "YQ=="}, {"b64": "/w=="}]}


def test_a_scalar_output_goes_by_column_alone(slow_rest: Rest) -> None:
    assert slow_rest.result({"signature_name": "scalar", "inputs": [1, 2]}, ONLY) == 3.0
    assert slow_rest.refusal('{"signature_name": "scalar", "instances": [1, 2]}', ONLY) == (
        400,
        "Tensor name: y has no shape information ",
    )


def test_outputs_of_different_sizes_go_by_column_alone(slow_rest: Rest) -> None:
    assert slow_rest.result({"signature_name": "uneven", "inputs": [1, 2]}, ONLY) == {"a": [1, 2], "b": [1, 2, 0]}
    assert slow_rest.refusal('{"signature_name": "uneven", "instances": [1, 2]}', ONLY) == (
        400,
        "Tensor name: b has inconsistent batch size: 3 expecting: 2",
    )


def test_a_signature_without_inputs(slow_rest: Rest) -> None:
    assert slow_rest.refusal('{"signature_name": "no_inputs", "instances": [1]}', ONLY) == (
        400,
        "Failed to get input map for signature: no_inputs",
    )


def test_large_rows(slow_rest: Rest) -> None:
    assert slow_rest.result({"signature_name": "repeated", "instances": [0.1, 7]}, ONLY) == [[0.1] * 1000, [7.0] * 1000]


def test_a_model_without_a_default_signature(slow_rest: Rest) -> None:
    assert slow_rest.refusal('{"instances": [1]}', ONLY) == (
        400,
        'Serving signature name: "serving_default" not found in signature def',
    )


@pytest.mark.parametrize(
    ("signature", "fault"),
    [("ragged", 'its tensor "y" is a composite tensor'), ("int4", 'its tensor "y" is of TensorFlow\'s data type 29')],
)
@pytest.mark.parametrize(
    ("verb", "data"),
    [("predict", '"instances": [1]'), ("classify", '"examples": [{}]'), ("regress", '"examples": [{}]')],
)
def test_a_signature_that_metadata_shows_and_that_cannot_be_served(
    slow_rest: Rest, signature: str, fault: str, verb: str, data: str
) -> None:
    metadata = slow_rest.ask("GET", f"/v1/models/{ONLY}/metadata").json["metadata"]["signature_def"]["signature_def"]
    assert signature in metadata
    body = f'{{"signature_name": "{signature}", {data}}}'
    text = f'signature "{signature}" cannot be served: {fault}'
    assert slow_rest.refusal(body, ONLY, verb) == (501, text)
