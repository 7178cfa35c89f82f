"""PNG: a file -> the chunks that its pixels need, so that nothing else in it can be at fault.

Format: PNG specification, third edition, sections 5.3 (chunks) and 5.4 (names). As in browsers, a checksum decides over
IHDR, PLTE and eXIf alone, and a file may end behind its pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_IEND = b"\0\0\0\0IEND\xae\x42\x60\x82"
_DEEP_GREY = b"\x10\0"
"""16 bits a sample, colour type 0."""


class Png(NamedTuple):
    """What the pixels need as a file of its own, and what stands beside them."""

    file: bytes
    exif: bytes
    is_deep_grey: bool


def read_png(body: bytes) -> Png:
    """Raises ValueError where what the pixels need is missing or damaged."""
    place = len(_SIGNATURE)
    # Views, for a file may be large.
    view = memoryview(body)
    kept: list[bytes | memoryview] = [_SIGNATURE]
    pixels, exif = [], b""
    while place + 8 <= len(body):
        end = place + 8 + int.from_bytes(body[place : place + 4], "big")
        name, data = body[place + 4 : place + 8], view[place + 8 : end]
        is_sound = name != b"IDAT" and crc32(view[place + 4 : end]).to_bytes(4, "big") == body[end : end + 4]
        if name == b"IDAT":
            pixels.append(data)
        elif name == b"eXIf" and is_sound:
            exif = exif or bytes(data)
        elif name == b"IEND":
            break
        elif name in {b"IHDR", b"PLTE"} and is_sound:
            kept.append(view[place : end + 4])
        elif not name[0] & 0x20:
            raise ValueError(f"its chunk {name!r} is damaged or unknown")
        place = end + 4
    # Without the last byte of its checksum, which therefore cannot be wrong, a stream does not end before its last row.
    length = max(sum(map(len, pixels)) - 1, 0)
    kept += [length.to_bytes(4, "big"), b"IDAT", *_first(length, pixels), bytes(4), _IEND]
    return Png(b"".join(kept), exif, is_deep_grey=body[24:26] == _DEEP_GREY)


def _first(length: int, pieces: list[memoryview]) -> Iterator[memoryview]:
    for piece in pieces:
        yield piece[:length]
        length -= min(length, len(piece))
