"""Layout: the texts of values -> lists, objects and bodies, as RapidJSON's pretty writer places them.

Objects have a line for each member, indented by four spaces for each level. Lists have one for each item in an answer
by columns; by rows they go on one line.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from firstserve.json_tensor.value_text import INDENT, string_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def line(level: int) -> str:
    """What ends a line and begins the next at this level."""
    return "\n" + INDENT * level


def nested_items(texts: Sequence[str], shape: Sequence[int]) -> Sequence[str]:
    """The items of the outermost of nested lists, whose rank is 1 or more, over the texts of all elements."""
    for depth in range(len(shape) - 1, 0, -1):
        size = shape[depth]
        texts = [
            f"[{', '.join(texts[start : start + size])}]" for start in range(0, size * prod(shape[:depth]), size or 1)
        ] or ["[]"] * prod(shape[:depth])
    return texts


def list_text(texts: Sequence[str], shape: Sequence[int], level: int) -> str:
    """Nested lists over the texts of all elements; the rank is 1 or more, the outermost brackets are at this level."""
    for depth in range(len(shape) - 1, -1, -1):
        size, count = shape[depth], prod(shape[:depth])
        before, after = line(level + depth + 1), line(level + depth)
        texts = [
            f"[{before}{f',{before}'.join(texts[start : start + size])}{after}]"
            for start in range(0, size * count, size or 1)
        ] or ["[]"] * count
    return texts[0]


def list_text_of_line(items: str, rank: int, level: int) -> str:
    """The same of numbers that are on one line, `[1, 2], [3, 4]`: the items of nested lists none of which is empty."""

    def opened(count: int) -> str:
        return "".join(f"{line(level + depth)}[" for depth in range(rank - count, rank)) + line(level + rank)

    def closed(count: int) -> str:
        return "".join(f"{line(level + depth)}]" for depth in range(rank - 1, rank - count - 1, -1))

    text = items[rank - 1 : len(items) - rank + 1]
    for count in range(rank - 1, -1, -1):
        text = text.replace(f"{']' * count}, {'[' * count}", f"{closed(count)},{opened(count)}")
    return f"[{opened(rank - 1)}{text}{closed(rank)}"


def object_text(members: Mapping[str, str], level: int) -> str:
    """An object whose braces are at this level."""
    items = ",".join(f"{line(level + 1)}{string_text(name)}: {text}" for name, text in members.items())
    return f"{{{items}{line(level)}}}"


def body(name: str, *pieces: str) -> bytes:
    """The body of an answer, an object with one member. Strings may hold any bytes, as surrogate escapes."""
    text = "".join(("{", line(1), string_text(name), ": ", *pieces, line(0), "}"))
    return text.encode("utf-8", "surrogateescape")


def error_body(text: str) -> bytes:
    """The body of every answer that is an error."""
    return body("error", string_text(text))
