"""Form: a body of several parts -> its only file.

Format: RFC 7578, and RFC 2046, section 5.1.1. Lines end with CRLF, or with LF where the first one does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firstserve.errors import InvalidArgument
from firstserve.image.decoder import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator

FORM = "multipart/form-data"


def only_file(content_type: str, body: bytes) -> bytes:
    """The only file of a form; parts without a file name are none.

    Raises InvalidArgument for a form without exactly one, and for one that cannot be read.
    """
    boundary = dict(_parameters(content_type)).get("boundary")
    if not boundary:
        raise _damaged("its content type names no boundary")
    files = [content for head, content in _parts(body, b"--" + boundary.encode("latin-1", "replace")) if _is_file(head)]
    if len(files) != 1:
        raise InvalidArgument(f"the form holds {len(files)} files: send one, a picture ({FORMATS})")
    return files[0]


def _damaged(reason: str) -> InvalidArgument:
    return InvalidArgument(f"the form cannot be read: {reason}; send one file, a picture ({FORMATS})")


def _parts(body: bytes, delimiter: bytes) -> Iterator[tuple[list[bytes], bytes]]:
    """The header lines and the content of each part."""
    place = 0 if body.startswith(delimiter) else body.find(b"\n" + delimiter) + 1
    if not body.startswith(delimiter, place):
        raise _damaged("it does not begin with its boundary")
    place += len(delimiter)
    end_of_line = b"\r\n" if body[place : body.find(b"\n", place)].endswith(b"\r") else b"\n"
    while not body.startswith(b"--", place):
        head_start = body.find(end_of_line, place)
        if head_start < 0 or body[place:head_start].strip(b" \t"):
            raise _damaged("something stands behind its boundary")
        end = _find_delimiter(body, end_of_line, delimiter, head_start)
        head_end = body.find(end_of_line * 2, head_start, end + len(end_of_line))
        if head_end < 0:
            raise _damaged("a part has no empty line behind its headers")
        yield body[head_start:head_end].split(end_of_line), body[head_end + 2 * len(end_of_line) : end]
        place = end + len(end_of_line) + len(delimiter)


def _find_delimiter(body: bytes, end_of_line: bytes, delimiter: bytes, start: int) -> int:
    """Where the line ends that the next delimiter follows; a longer word that begins as it does is none."""
    whole = end_of_line + delimiter
    place = body.find(whole, start)
    while place >= 0:
        behind = place + len(whole)
        line_end = body.find(end_of_line, behind)
        if body.startswith(b"--", behind) or (line_end >= 0 and not body[behind:line_end].strip(b" \t")):
            return place
        place = body.find(whole, behind)
    raise _damaged("it is cut off")


def _is_file(head: list[bytes]) -> bool:
    for line in head:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-disposition":
            names = (name for name, _ in _parameters(value.decode("latin-1")))
            # `filename*` has it in another encoding (RFC 8187); `filename*0` is a piece of it (RFC 2231).
            return any(name == "filename" or name.startswith("filename*") for name in names)
    return False


def _parameters(header: str) -> Iterator[tuple[str, str]]:
    """The names, in small letters, and values of what follows a header's value with semicolons between."""
    for piece in _pieces(header)[1:]:
        name, equals, value = piece.partition("=")
        if equals:
            yield name.strip().lower(), _unquoted(value.strip())


def _pieces(header: str) -> list[str]:
    """The text between semicolons that no quotes hold."""
    pieces, start, quoted, escaped = [], 0, False, False
    for place, letter in enumerate(header):
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = quoted
        elif letter == '"':
            quoted = not quoted
        elif letter == ";" and not quoted:
            pieces.append(header[start:place])
            start = place + 1
    return [*pieces, header[start:]]


def _unquoted(value: str) -> str:
    return value[1:-1].replace('\\"', '"').replace("\\\\", "\\") if value[:1] == value[-1:] == '"' else value
