"""What a visitor fills in -> an operation, two lists of numbers, and whom to ask."""

from __future__ import annotations

from typing import Any

from django import forms

OPERATIONS = {"add": "+", "subtract": "\N{MINUS SIGN}", "multiply": "\N{MULTIPLICATION SIGN}"}
NUMBERS_LIMIT = 1_000
TEXT_LIMIT = 20_000
VERSION_LIMIT = 2**63 - 1
FLOAT32_LIMIT = 3.4028235e38


class NumbersField(forms.CharField):
    """A number, or several with commas or spaces between them -> list[float], each one a finite float32."""

    def __init__(self, **options: Any) -> None:
        messages = {
            "required": "Enter a number, or several with commas or spaces between them.",
            "max_length": "This is too long: at most %(limit_value)d characters, it has %(show_value)d.",
        }
        super().__init__(max_length=TEXT_LIMIT, error_messages=messages, **options)

    def clean(self, value: str | None) -> list[float]:
        """Raises ValidationError, which names what was wrong and what would be right."""
        words = super().clean(value).replace(",", " ").split()
        if not words:
            raise forms.ValidationError(self.error_messages["required"])
        if len(words) > NUMBERS_LIMIT:
            raise forms.ValidationError(f"These are too many numbers: at most {NUMBERS_LIMIT}, there are {len(words)}.")
        return [_number(word) for word in words]


def _number(word: str) -> float:
    shown = word if len(word) <= 40 else f"{word[:40]}…"
    try:
        number = float(word)
    except ValueError:
        raise forms.ValidationError(f"“{shown}” is not a number: write it like 2, -1.5 or 3e4.") from None
    if not abs(number) <= FLOAT32_LIMIT:
        raise forms.ValidationError(
            f"“{shown}” is beyond the numbers that the models know: write one between -3.4e38 and 3.4e38."
        )
    return number


class CalculationForm(forms.Form):
    """Once it is valid, `cleaned_data` has operation, a, b, version (int or None) and label (str or None)."""

    operation = forms.ChoiceField(
        label="Operation",
        choices=[(name, f"{name.capitalize()} {sign}") for name, sign in OPERATIONS.items()],
        initial="add",
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "Choose add, subtract or multiply."},
    )
    a = NumbersField(label="First number", help_text="Or a list, such as 1.5, 2, -3")
    b = NumbersField(label="Second number", help_text="Or a list of the same length")
    asked = forms.ChoiceField(
        label="Version",
        choices=[("stable", "Stable"), ("canary", "Canary"), ("latest", "Latest"), ("other", "Other")],
        initial="stable",
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "Choose stable, canary, latest or other."},
    )
    other = forms.CharField(
        label="Other version or label",
        help_text="The number of a version, such as 2, or a label",
        max_length=100,
        required=False,
    )

    def __init__(self, *data: Any) -> None:
        super().__init__(*data, label_suffix="")

    def clean(self) -> dict[str, Any]:
        """Compares the two lists, and tells versions from labels."""
        cleaned: dict[str, Any] = {**self.cleaned_data, "version": None, "label": None}
        lengths = [len(cleaned[name]) for name in ("a", "b") if name in cleaned]
        if len(set(lengths)) > 1:
            self.add_error(
                "b", f"The lists differ in length, {lengths[0]} and {lengths[1]}: give both the same length."
            )
        asked = cleaned.get("asked")
        name = cleaned.get("other") if asked == "other" else asked
        if not name:
            if asked == "other" and "other" in cleaned:
                self.add_error("other", "Name a version or a label, or choose stable, canary or latest.")
        elif not (name.isascii() and name.isdecimal()):
            cleaned["label"] = name if name != "latest" else None
        elif int(name) <= VERSION_LIMIT:
            cleaned["version"] = int(name)
        else:
            self.add_error("other", f"“{name}” is too large for a version: at most {VERSION_LIMIT}.")
        return cleaned
