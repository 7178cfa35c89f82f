"""PNG: a file -> the chunks that its pixels need, so that nothing else in it can be at fault.

Format: PNG specification, third edition, sections 5.3 (chunks) and 5.4 (names). As in browsers, a checksum decides over
IHDR, PLTE and eXIf alone, and a file may end behind its pixels.
"""

from __future__ import annotations

from typing import NamedTuple
from zlib import crc32

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
    kept, pixels, exif = [_SIGNATURE], [], b""
    while place + 8 <= len(body):
        end = place + 8 + int.from_bytes(body[place : place + 4], "big")
        name, data = body[place + 4 : place + 8], body[place + 8 : end]
        is_sound = crc32(body[place + 4 : end]).to_bytes(4, "big") == body[end : end + 4] if name != b"IDAT" else True
        if name == b"IDAT":
            pixels.append(data)
        elif name == b"eXIf" and is_sound:
            exif = exif or data
        elif name == b"IEND":
            break
        elif name in {b"IHDR", b"PLTE"} and is_sound:
            kept.append(body[place : end + 4])
        elif not name[0] & 0x20:
            raise ValueError(f"its chunk {name!r} is damaged or unknown")
        place = end + 4
    # Without the last byte of its checksum, which therefore cannot be wrong, a stream does not end before its last row.
    data = b"".join(pixels)[:-1]
    kept += [len(data).to_bytes(4, "big"), b"IDAT", data, bytes(4), _IEND]
    return Png(b"".join(kept), exif, is_deep_grey=body[24:26] == _DEEP_GREY)
