"""WebP: a file's first bytes -> its size, which has to be known before its decoder takes memory for it."""

from __future__ import annotations


def read_size(body: bytes) -> tuple[int, int]:
    """Width and height by the first chunk (RFC 9649, 2.5 to 2.7.1); 0 for a chunk that is none of a picture."""
    name, data = body[12:16], body[20:30].ljust(10, b"\0")
    if name == b"VP8 ":
        return int.from_bytes(data[6:8], "little") & 0x3FFF, int.from_bytes(data[8:10], "little") & 0x3FFF
    if name == b"VP8L":
        bits = int.from_bytes(data[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if name == b"VP8X":
        return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
    return 0, 0
