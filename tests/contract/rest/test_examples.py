"""Classify and regress."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.contract.rest.conftest import Rest

IN_PYTHON = pytest.mark.parametrize("rest", ["fast", "slow"], indirect=True)
"""Marks what the server in Rust does not do."""
ONLY = "tensorflow_only"


def test_classes(slow_rest: Rest) -> None:
    body = {"signature_name": "classify", "examples": [{"x": 0.25}, {"x": [1.0]}]}
    assert slow_rest.post(json.dumps(body), ONLY, "classify").body == (
        b'{\n    "results": [[["low", 0.75], ["high", 0.25]], [["low", 0.0], ["high", 1.0]]\n    ]\n}'
    )


def test_scores_without_classes_have_no_labels(slow_rest: Rest) -> None:
    body = {"signature_name": "scores", "examples": [{"x": 0.5}]}
    assert slow_rest.result(body, ONLY, "classify") == [[["", 0.5]]]


def test_numbers(slow_rest: Rest) -> None:
    body = {"signature_name": "regress", "examples": [{"x": 2.0}, {"x": 5.0}]}
    assert slow_rest.post(json.dumps(body), ONLY, "regress").body == b'{\n    "results": [3.0, 4.5]\n}'


def test_a_context_is_part_of_every_example(slow_rest: Rest) -> None:
    body = {"signature_name": "regress", "context": {"x": 2.0}, "examples": [{}, {"x": 5.0}]}
    assert slow_rest.result(body, ONLY, "regress") == [3.0, 4.5]


def test_an_integer_is_no_float_feature(slow_rest: Rest) -> None:
    body = {"signature_name": "regress", "examples": [{"x": 2}]}
    status, text = slow_rest.refusal(json.dumps(body), ONLY, "regress")
    assert status == 400
    assert "x" in text


@IN_PYTHON
@pytest.mark.parametrize("verb", ["classify", "regress"])
@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("", "JSON Parse error: The document is empty"),
        ("[]", "JSON Value: [] Is not object"),
        ("{}", "JSON Value: {} When method is classify, key 'examples' is expected and was not found"),
        ('{"examples": 1}', "JSON Value: {\n    \"examples\": 1\n} Expecting 'examples' value to be an list/array"),
        ('{"examples": []}', "JSON Value: {\n    \"examples\": []\n} 'examples' value is an empty array"),
        ('{"examples": [1]}', "Example must be JSON object but got JSON Number"),
        ('{"context": [], "examples": [{}]}', "Example must be JSON object but got JSON Array"),
        ('{"examples": [{"x": [1, 1.5]}]}', "Unexpected element type in feature: x expecting type: int64"),
        ('{"examples": [{"x": null}]}', "Feature: x has element with unexpected JSON type: Null"),
        ('{"examples": [{"x": 1}], "signature_name": "s"}', "No signature was found with the name: s"),
    ],
)
def test_a_request_that_does_not_fit(rest: Rest, verb: str, body: str, text: str) -> None:
    assert rest.refusal(body, "m", verb) == (400, text)


@IN_PYTHON
def test_a_predict_signature_does_not_classify(rest: Rest) -> None:
    body = '{"examples": [{"x": 1.0}]}'
    status, text = rest.refusal(body, "m", "classify")
    assert (status, text[:62]) == (400, "No classification inputs found in SignatureDef: inputs {\n  key")
    assert rest.refusal(body.replace("{", '{"signature_name": "several", ', 1), "m", "classify") == (
        400,
        "Expected one input Tensor.",
    )


@IN_PYTHON
def test_a_predict_signature_does_not_regress(rest: Rest) -> None:
    body = '{"examples": [{"x": 1.0}]}'
    status, text = rest.refusal(body, "m", "regress")
    assert (status, text[:58]) == (400, "No regression inputs found in SignatureDef: inputs {\n  key")
    assert rest.refusal(body.replace("{", '{"signature_name": "several", ', 1), "m", "regress") == (
        400,
        "Expected one input Tensor.",
    )
