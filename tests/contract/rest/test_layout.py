"""Layout and texts, byte for byte: a line for each value by column, and RapidJSON's words for what it cannot read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.contract.rest.conftest import Rest

ONE_COLUMN = """{
    "outputs": [
        2.5,
        3.0
    ]
}"""
SEVERAL_COLUMNS = """{
    "outputs": {
        "double": [
            2.0,
            9.0
        ],
        "negative": [
            [
                -2,
                -3
            ],
            [
                -5,
                -6
            ]
        ]
    }
}"""


def test_a_column_has_a_line_for_each_value(rest: Rest) -> None:
    assert rest.post('{"inputs": [1.0, 2.0]}').body.decode() == ONE_COLUMN


def test_each_of_several_columns_has_a_line_for_each_value(rest: Rest) -> None:
    body = '{"signature_name": "several", "inputs": {"a": [1.0, 4.5], "b": [[2, 3], [5, 6]]}}'
    assert rest.post(body).body.decode() == SEVERAL_COLUMNS


def test_rows_go_on_one_line(rest: Rest) -> None:
    assert rest.post('{"instances": [1.0, 2.0]}').body == b'{\n    "predictions": [2.5, 3.0\n    ]\n}'


@pytest.mark.parametrize(
    ("body", "text", "offset"),
    [
        ('{"instances": [1.0 2.0]}', "Missing a comma or ']' after an array element.", 19),
        ('{"instances": [1.0] "a": 1}', "Missing a comma or '}' after an object member.", 20),
        ('{"instances" [1.0]}', "Missing a colon after a name of object member.", 13),
        ("{instances: [1.0]}", "Missing a name for object member.", 1),
        ('{"instances": ["a]}', "Missing a closing quotation mark in string.", 19),
        ('{"instances": ["\\x"]}', "Invalid escape character in string.", 16),
        ('{"instances": [1.]}', "Miss fraction part in number.", 17),
        ('{"instances": [1e]}', "Miss exponent in number.", 17),
        ('{"instances": [tru]}', "Invalid value.", 18),
        (" ", "The document is empty.", 1),
    ],
)
def test_a_body_that_is_no_json(rest: Rest, body: str, text: str, offset: int) -> None:
    assert rest.refusal(body) == (400, f"JSON Parse error: {text} at offset: {offset}")


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("[1.0]", "[\n    1.0\n]"),
        ("[[1, true], null]", "[\n    [\n        1,\n        true\n    ],\n    null\n]"),
        ("[]", "[]"),
        ("1.5", "1.5"),
        ('"a"', '"a"'),
    ],
)
def test_a_body_that_is_no_object(rest: Rest, body: str, shown: str) -> None:
    assert rest.refusal(body) == (400, f"JSON Value: {shown} Is not object")


def test_a_value_of_another_type_is_shown_over_lines(rest: Rest) -> None:
    shown = '{\n    "instances": [\n        {\n            "y": 1.0\n        }\n    ],\n    "inputs": 1\n}'
    text = f"JSON Value: {shown} Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist "
    assert rest.refusal('{"instances": [{"y": 1.0}], "inputs": 1}') == (400, text)
