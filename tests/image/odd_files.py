"""Odd files, as cameras, old programs and bad connections make them: those that are shown, and those that are refused.

Browsers decide: Chromium shows all of `shown` as they are shown here. Of `refused` it shows the part that has come.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from PIL import Image

from tests.image.files import encoded, gradient

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SIDE = 8
# Colours that bit fields of every width hold as they are.
IMAGE = gradient(SIDE, SIDE).point(lambda value: 255 if value > 127 else 0)
BEFORE = b"Exif\0\0"
SHORT, LONG, BYTE, SSHORT = 3, 4, 1, 8


def chunk(name: bytes, data: bytes, checksum: int | None = None) -> bytes:
    checksum = zlib.crc32(name + data) if checksum is None else checksum
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)


def png(*behind_pixels: bytes, before: bytes = b"", pixels: bytes | None = None, end: bytes | None = None) -> bytes:
    """The image, with other chunks before and behind its pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", compressed()) if pixels is None else pixels
    end = chunk(b"IEND", b"") if end is None else end
    return b"\x89PNG\r\n\x1a\n" + header + before + pixels + b"".join(behind_pixels) + end


def compressed(rows: int = SIDE) -> bytes:
    data = IMAGE.tobytes()
    return zlib.compress(b"".join(b"\0" + data[row * SIDE * 3 : (row + 1) * SIDE * 3] for row in range(rows)))


def tiff(*entries: tuple[int, int, bytes]) -> bytes:
    """A directory of orientations: their type, count and value."""
    fields = b"".join(
        struct.pack("<HHI", 0x0112, kind, count) + value.ljust(4, b"\0") for kind, count, value in entries
    )
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + fields + bytes(4)


def jpeg(exif: bytes = b"") -> bytes:
    file = encoded(gradient(16, 16), "JPEG", quality=95)
    segment = b"\xff\xe1" + struct.pack(">H", len(BEFORE + exif) + 2) + BEFORE + exif if exif else b""
    return file[:2] + segment + file[2:]


def bmp(header: bytes, data: bytes) -> bytes:
    offset = 14 + len(header)
    return b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + header + data


def info(size: int, bits: int, compression: int = 0, more: bytes = b"") -> bytes:
    """A header of that size; beyond that of 40 bytes it holds `more` and zeros."""
    header = struct.pack("<IiiHHIIiiII", size, SIDE, SIDE, 1, bits, compression, 0, 0, 0, 0, 0)
    return (header + more).ljust(size, b"\0")[: max(size, 40 + len(more) if size == 40 else size)]


def rows(stored: Callable[[Sequence[int]], bytes]) -> bytes:
    """From the bottom up."""
    lines = ([IMAGE.getpixel((x, y)) for x in range(SIDE)] for y in reversed(range(SIDE)))
    return b"".join(b"".join(map(stored, line)) for line in lines)  # type: ignore[arg-type]


def bit_fields(bits: int, masks: Sequence[int], size: int = 40) -> bytes:
    def stored(pixel: Sequence[int]) -> bytes:
        number = sum(mask for value, mask in zip(pixel, masks, strict=True) if value)
        return number.to_bytes(bits // 8, "little")

    return bmp(info(size, bits, 3, struct.pack("<III", *masks)), rows(stored))


def shown() -> Mapping[str, tuple[bytes, bytes]]:
    """By name: the file, and a sound one that shows the same."""
    sound, lying = png(), (jpeg(), jpeg(tiff((SHORT, 1, b"\6"))))
    as_stored, upright = lying
    bgr = rows(lambda pixel: bytes(reversed(pixel)))
    stream = compressed()
    large = b"a\0\0" + zlib.compress(bytes(2 << 20))
    pngs = {
        "png without IEND": png(end=b""),
        "png with a bad checksum of its pixels' stream": png(pixels=chunk(b"IDAT", stream[:-4] + b"\0\0\0\0")),
        "png with a bad checksum of its pixels' chunk": png(pixels=chunk(b"IDAT", stream, 1)),
        "png with a bad checksum of IEND": png(end=chunk(b"IEND", b"", 1)),
        "png with a bad checksum of a text": png(before=chunk(b"tEXt", b"a\0b", 1)),
        "png with a bad checksum of a text behind": png(chunk(b"tEXt", b"a\0b", 1)),
        "png with a text of 2 MiB": png(before=chunk(b"tEXt", b"a\0" + bytes(2 << 20))),
        "png with a packed text of 2 MiB": png(before=chunk(b"zTXt", large)),
        "png with a packed text of 2 MiB behind": png(chunk(b"zTXt", large)),
        "png with a profile of 2 MiB": png(before=chunk(b"iCCP", large)),
        "png with a damaged gamma": png(before=chunk(b"gAMA", b"a")),
        "png with a damaged transparency": png(before=chunk(b"tRNS", b"a")),
        "png with a chunk without a name": png(before=chunk(b"a\xff\0b", b"a")),
        "png with EXIF of a bad checksum": png(before=chunk(b"eXIf", tiff((SHORT, 1, b"\6")), 1)),
        "png with rows too many": png(pixels=chunk(b"IDAT", zlib.compress(zlib.decompress(stream) + bytes(100)))),
        "png with bytes behind its stream": png(pixels=chunk(b"IDAT", stream + b"more")),
        "png with bytes behind its end": sound + b"more",
    }
    bmps = {
        "bmp of OS/2 1": bmp(struct.pack("<IHHHH", 12, SIDE, SIDE, 1, 24), bgr),
        **{
            f"bmp with a header of {size}": bmp(info(size, 24), bgr)
            for size in (16, 20, 36, 40, 48, 52, 56, 64, 108, 124)
        },
        "bmp of 16 bits": bmp(info(40, 16), rows(lambda pixel: bytes(2) if not any(pixel) else _five_bits(pixel))),
        **{
            f"bmp of bit fields {masks} in a header of {size}": bit_fields(bits, masks, size)
            for size in (40, 56, 124)
            for bits, masks in (
                (32, (0xFF, 0xFF00, 0xFF0000)),
                (32, (0xFF0000, 0xFF00, 0xFF)),
                (32, (0xFF00, 0xFF0000, 0xFF000000)),
                (32, (0x3FF00000, 0xFFC00, 0x3FF)),
                (16, (0x1F, 0x7E0, 0xF800)),
                (16, (0xF800, 0x7E0, 0x1F)),
                (16, (0xF00, 0xF0, 0xF)),
            )
        },
        "bmp with bytes behind its pixels": bmp(info(40, 24), bgr) + b"more",
    }
    jpegs = {
        "orientation as SHORT": (jpeg(tiff((SHORT, 1, b"\6"))), upright),
        "orientation as SHORT, twice": (jpeg(tiff((SHORT, 1, b"\6"), (SHORT, 1, b"\x08"))), upright),
        "orientation as BYTE, then as SHORT": (jpeg(tiff((BYTE, 1, b"\x08"), (SHORT, 1, b"\6"))), upright),
        "orientation of 9, then of 6": (jpeg(tiff((SHORT, 1, b"\x09"), (SHORT, 1, b"\6"))), upright),
        "orientation as two SHORTs": (jpeg(tiff((SHORT, 2, b"\6\0\6\0"))), as_stored),
        "orientation as no SHORT": (jpeg(tiff((SHORT, 0, b"\6"))), as_stored),
        "orientation as SSHORT": (jpeg(tiff((SSHORT, 1, b"\6"))), as_stored),
        "orientation as BYTE": (jpeg(tiff((BYTE, 1, b"\6"))), as_stored),
        "orientation as LONG": (jpeg(tiff((LONG, 1, b"\6"))), as_stored),
        "orientation that is cut off": (jpeg(tiff((SHORT, 1, b"\6"))[:20]), as_stored),
    }
    return {name: (file, sound) for name, file in (pngs | bmps).items()} | jpegs


def _five_bits(pixel: Sequence[int]) -> bytes:
    masks = (0x7C00, 0x3E0, 0x1F)
    return sum(mask for value, mask in zip(pixel, masks, strict=True) if value).to_bytes(2, "little")


def refused() -> Mapping[str, bytes]:
    stream = compressed()
    bgr = rows(lambda pixel: bytes(reversed(pixel)))
    return {
        "png with a bad checksum of its header": png()[:29] + bytes(4) + png()[33:],
        "png with an unknown chunk that it needs": png(before=chunk(b"ABCD", b"a")),
        "png with rows too few": png(pixels=chunk(b"IDAT", compressed(SIDE - 1))),
        "png cut off in its last pixels": png(pixels=chunk(b"IDAT", stream[:-6]), end=b""),
        "png without pixels": png(pixels=b""),
        "bmp of bit fields without red": bit_fields(32, (0, 0xFF00, 0xFF)),
        "bmp of bit fields with a gap": bit_fields(32, (0xF0F000, 0xF00, 0xFF)),
        "bmp of 24 bits with bit fields": bmp(info(40, 24, 3, struct.pack("<III", 0xFF0000, 0xFF00, 0xFF)), bgr),
        "bmp of OS/2 with its own compression": bmp(info(64, 24, 4), bgr),
        "bmp whose pixels begin in its header": bmp(info(40, 24), bgr)[:10] + bytes(4) + bmp(info(40, 24), bgr)[14:],
        "bmp without its last bytes": bmp(info(40, 24), bgr)[:-3],
    }


def with_scans(count: int) -> bytes:
    """A progressive JPEG of so many scans, the last of which comes again and again."""
    file = encoded(gradient(16, 16), "JPEG", progressive=True)
    last = file.rindex(b"\xff\xda")
    return file[:-2] + file[last:-2] * (count - file.count(b"\xff\xda")) + file[-2:]


def png_of(width: int, height: int, pixels: bool = False) -> bytes:
    """A grey PNG of that size; without its pixels it is a header that promises them."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    data = zlib.compress(bytes((width + 1) * height) if pixels else b"")
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def extended_webp(width: int, height: int) -> bytes:
    """A WebP whose first chunk promises that size."""
    chunks = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (width - 1).to_bytes(3, "little")
    chunks += (height - 1).to_bytes(3, "little") + encoded(Image.new("RGB", (1, 1)), "WEBP")[12:]
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks
