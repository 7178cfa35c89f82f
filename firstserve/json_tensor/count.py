"""Count: how much a body may hold -> TooLarge before anything is made of it.

A few bytes can ask for a Python object of a hundred: a body of 100 MiB would take 6 GiB. These limits keep what reading
takes below 400 MiB, or 40 times the body where that is less.
"""

from __future__ import annotations

from firstserve.errors import TooLarge

MOST_NUMBERS = 8_000_000
"""Of one list that is read apart: 40 bytes each while it is read."""
MOST_VALUES = 2_000_000
"""Of all others together, which become objects of up to 200 bytes."""
MOST_WIDE_BYTES = 32 * 1024 * 1024
"""Of a body with any character beyond ASCII: 11 times as much in memory."""
MOST_RAW_BYTES = 8 * 1024 * 1024
"""Of a body that is not UTF-8: 15 times as much."""

_MARKS = b",", b":", b"[", b"{"


def check_count(what: str, count: int, most: int) -> None:
    """Raises TooLarge where there are more than that."""
    if count > most:
        raise TooLarge(
            f"the body has {count:,} {what}, more than the {most:,} that are read as JSON: send less, or by gRPC"
        )


def check_values(text: bytes) -> None:
    """Raises TooLarge for more values, names, lists and objects than are read, and for too much text beyond ASCII.

    Marks within strings count as well: of text alone nobody sends so many.
    """
    if len(text) > MOST_VALUES:
        check_count("values, names, lists and objects", sum(map(text.count, _MARKS)), MOST_VALUES)
    if len(text) > MOST_WIDE_BYTES and not text.isascii():
        check_count("bytes and characters beyond ASCII", len(text), MOST_WIDE_BYTES)
