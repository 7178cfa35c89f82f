"""Kinds of values that flags have: text -> value, or ValueError with the fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from firstserve.servable import read_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_HIGHEST_PORT = 65535
_LONGEST_S = 1e9


class Kind(NamedTuple):
    """A type that flags have: its name for people, and the function that reads a value's text."""

    name: str
    read: Callable[[str], object]


def _bool(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError(f"{text!r} is neither true nor false")
    return text == "true"


def _integer(text: str, bits: int) -> int:
    # int() takes more than C does: underscores, spaces, digits of other scripts.
    digits = text[1:] if text[:1] in {"+", "-"} else text
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"{text!r} is no whole number")
    number = int(text)
    limit = 1 << (bits - 1)
    if not -limit <= number < limit:
        raise ValueError(f"{text} does not fit into {bits} bits")
    return number


def _int32(text: str) -> int:
    return _integer(text, 32)


def _int64(text: str) -> int:
    return _integer(text, 64)


def _not_below(least: int, read: Callable[[str], int]) -> Callable[[str], int]:
    def check(text: str) -> int:
        number = read(text)
        if number < least:
            raise ValueError(f"{text} is below {least}")
        return number

    return check


_count = _not_below(0, _int32)


def read_port(text: str) -> int:
    """A port's number, 0 included. Raises ValueError."""
    number = _count(text)
    if number > _HIGHEST_PORT:
        raise ValueError(f"{text} is no port: expected 0 to {_HIGHEST_PORT}")
    return number


def _float(text: str) -> float:
    try:
        # float() takes underscores.
        return float(text.replace("_", "x"))
    except ValueError:
        raise ValueError(f"{text!r} is no number") from None


def _seconds(text: str) -> float:
    seconds = _float(text)
    if not 0 <= seconds <= _LONGEST_S:
        raise ValueError(f"{text} is no time in seconds: expected 0 to {_LONGEST_S:.0f}")
    return seconds


def _numbers(text: str) -> tuple[float, ...]:
    numbers = tuple(_float(number) for number in text.split(","))
    if len(numbers) not in {1, 3}:
        raise ValueError(f"{text!r} is neither one number nor three with commas between")
    return numbers


def _labels(path: str) -> tuple[str, ...]:
    if not path:
        return ()
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - the text is a path as the user wrote it
            return read_labels(file.read())
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the label file {path} cannot be read: {error}") from error


def _tags(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def _channel_arguments(text: str) -> Mapping[str, int | str]:
    arguments: dict[str, int | str] = {}
    for argument in text.split(",") if text else ():
        key, equals, value = argument.partition("=")
        if not (key and equals):
            raise ValueError(f"{argument!r} is no key=value")
        try:
            arguments[key] = _int32(value)
        except ValueError:
            arguments[key] = value
    return arguments


def _address(text: str) -> str:
    """An IPv6 address also as URLs have it, in brackets."""
    return text[1:-1] if text.startswith("[") and text.endswith("]") else text


def one_of(*choices: str) -> Kind:
    """A text that must be one of these."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"{text!r} is not one of {', '.join(choices)}")
        return text

    return Kind("string", read)


BOOL = Kind("bool", _bool)
INT32 = Kind("int32", _int32)
INT64 = Kind("int64", _int64)
FLOAT = Kind("float", _float)
STRING = Kind("string", str)
ADDRESS = Kind("string", _address)
PORT = Kind("int32", read_port)
COUNT = Kind("int32", _count)
POSITIVE = Kind("int32", _not_below(1, _int32))
POSITIVE_INT64 = Kind("int64", _not_below(1, _int64))
SECONDS = Kind("float", _seconds)
NUMBERS = Kind("numbers", _numbers)
LABELS = Kind("string", _labels)
TAGS = Kind("string", _tags)
CHANNEL_ARGUMENTS = Kind("string", _channel_arguments)
