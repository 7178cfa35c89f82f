"""Hostile files: small ones whose decoding costs much, made byte by byte."""

from __future__ import annotations

import struct
import zlib

_EOB_RUN_BITS = 14
"""Of the longest run of blocks without further coefficients (ITU T.81, G.1.2.2): 2^14 blocks and what 14 bits add."""


def thin_png(width: int, height: int) -> bytes:
    """A black PNG of these pixels, in a few kilobytes; the height in thousands."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + width) * 1000) for _ in range(height // 1000)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height // 1000 * 1000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def many_scans(side: int, scans: int) -> bytes:
    """A grey progressive JPEG of so many scans, each of which goes through all of its blocks."""

    def segment(marker: int, data: bytes) -> bytes:
        return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data

    def table(kind: int, symbol: int) -> bytes:
        # One symbol, whose code is the bit 0.
        return segment(0xC4, bytes((kind, 1, *(0,) * 15, symbol)))

    blocks = (-(-side // 8)) ** 2
    start = segment(0xDB, bytes((0, *(1,) * 64))) + segment(0xC2, struct.pack(">BHHBBBB", 8, side, side, 1, 1, 0x11, 0))
    first = segment(0xDA, bytes((1, 1, 0x00, 0, 0, 0))) + bytes(-(-blocks // 8))
    runs = ""
    while blocks:
        run = min(blocks, 2 ** (_EOB_RUN_BITS + 1) - 1)
        # A shorter one is made by two symbols less: the decoder stops at the last block.
        runs += "0" + format(max(run - 2**_EOB_RUN_BITS, 0), f"0{_EOB_RUN_BITS}b")
        blocks -= run
    runs = runs.ljust(-(-len(runs) // 8) * 8, "1")
    coded = int(runs, 2).to_bytes(len(runs) // 8, "big").replace(b"\xff", b"\xff\0")
    again = segment(0xDA, bytes((1, 1, 0x00, 1, 63, 0))) + coded
    tables = table(0x00, 0) + table(0x10, _EOB_RUN_BITS << 4)
    return b"\xff\xd8" + start + tables + first + again * (scans - 1) + b"\xff\xd9"
