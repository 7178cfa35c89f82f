"""What visitors fill in, and what the form tells them; no server takes part."""

from __future__ import annotations

import pytest

from examples.simple_model_django.forms import CalculationForm

GOOD = {"operation": "add", "a": "1.5", "b": "2.25", "asked": "stable"}


def filled_in(**fields: str) -> CalculationForm:
    return CalculationForm(GOOD | fields)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1.5", [1.5]),
        ("1.5, -2,3e4", [1.5, -2.0, 3e4]),
        (" 1.5 -2\t3 ", [1.5, -2.0, 3.0]),
        ("-3.4028235e38", [-3.4028235e38]),
        ("0 " * 1000, [0.0] * 1000),
    ],
)
def test_numbers_are_read(text: str, numbers: list[float]) -> None:
    form = filled_in(a=text, b=text)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["a"] == form.cleaned_data["b"] == numbers


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Enter a number, or several with commas or spaces between them."),
        (" , ", "Enter a number, or several with commas or spaces between them."),
        ("1, two", "“two” is not a number: write it like 2, -1.5 or 3e4."),
        ("x" * 50, f"“{'x' * 40}…” is not a number: write it like 2, -1.5 or 3e4."),
        ("nan", "“nan” is beyond the numbers that the models know: write one between -3.4e38 and 3.4e38."),
        ("-inf", "“-inf” is beyond the numbers that the models know: write one between -3.4e38 and 3.4e38."),
        ("3.5e38", "“3.5e38” is beyond the numbers that the models know: write one between -3.4e38 and 3.4e38."),
        ("0 " * 1001, "These are too many numbers: at most 1000, there are 1001."),
        ("1" * 20_001, "This is too long: at most 20000 characters, it has 20001."),
        ("1\0", "Null characters are not allowed."),
    ],
)
def test_what_is_no_number_is_named(text: str, message: str) -> None:
    assert filled_in(b=text).errors == {"b": [message]}


def test_lists_of_different_length_are_refused() -> None:
    message = "The lists differ in length, 3 and 2: give both the same length."
    assert filled_in(a="1 2 3", b="1 2").errors == {"b": [message]}


@pytest.mark.parametrize(
    ("fields", "version", "label"),
    [
        ({"asked": "stable"}, None, "stable"),
        ({"asked": "canary", "other": "2"}, None, "canary"),
        ({"asked": "latest"}, None, None),
        ({"asked": "other", "other": "2"}, 2, None),
        ({"asked": "other", "other": "nightly"}, None, "nightly"),
    ],
)
def test_versions_are_told_from_labels(fields: dict[str, str], version: int | None, label: str | None) -> None:
    form = filled_in(**fields)
    assert form.is_valid(), form.errors
    assert (form.cleaned_data["version"], form.cleaned_data["label"]) == (version, label)


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        (
            {"asked": "other", "other": " "},
            {"other": ["Name a version or a label, or choose stable, canary or latest."]},
        ),
        (
            {"asked": "other", "other": "9223372036854775808"},
            {"other": ["“9223372036854775808” is too large for a version: at most 9223372036854775807."]},
        ),
        (
            {"asked": "other", "other": "x" * 101},
            {"other": ["Ensure this value has at most 100 characters (it has 101)."]},
        ),
        ({"asked": "newest"}, {"asked": ["Choose stable, canary, latest or other."]}),
        ({"operation": "divide"}, {"operation": ["Choose add, subtract or multiply."]}),
    ],
)
def test_what_cannot_be_chosen_is_refused(fields: dict[str, str], errors: dict[str, list[str]]) -> None:
    assert filled_in(**fields).errors == errors
