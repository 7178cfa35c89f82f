"""BMP: the headers of OS/2 and the bit fields that Pillow does not know.

Formats: Microsoft's BITMAPINFOHEADER and its successors; OS/2's BITMAPINFOHEADER2, of 16 to 64 bytes, of which what is
left out counts as 0.
"""

from __future__ import annotations

from struct import pack, unpack_from
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO

_FILE_HEADER_BYTES, _CORE_BYTES, _INFO_BYTES = 14, 12, 40
_OS2_BYTES = frozenset(range(16, 65)) - {40, 52, 56}
_BIT_FIELDS, _ALPHA_BIT_FIELDS = 3, 6
_FIVE_BITS = (0x7C00, 0x3E0, 0x1F)
_TABLE_LENGTH = 65536


class BitFields(NamedTuple):
    """A bitmap whose masks say where the bits of red, green and blue are."""

    width: int
    height: int
    bits: int
    masks: tuple[int, int, int]
    offset: int
    is_top_down: bool

    def to_rgb(self, image: Image.Image) -> Image.Image:
        """Gives mode RGB for the image that `BitFieldsFile` reads."""
        stored = image.convert("I")
        return Image.merge("RGB", [_band(stored, mask) for mask in self.masks])


class BitFieldsFile(ImageFile.ImageFile):
    """The numbers that stand for the pixels, as mode I;16 or I."""

    format = "BMP"

    def __init__(self, file: IO[bytes], fields: BitFields) -> None:
        self._fields = fields
        super().__init__(file)

    def _open(self) -> None:
        width, height, bits, _, offset, is_top_down = self._fields
        self._size = width, height
        self._mode, raw = ("I;16", "I;16") if bits == 16 else ("I", "I;32")
        row_bytes = (width * bits + 31) // 32 * 4
        arguments = (raw, row_bytes, 1 if is_top_down else -1)
        self.tile = [ImageFile._Tile("raw", (0, 0, width, height), offset, arguments)]  # noqa: SLF001 - plugins do so


def read_header(body: bytes) -> BitFields | bytes:
    """The bit fields, or the file with a header that Pillow knows.

    Raises ValueError for what neither knows, struct.error where the header is cut off.
    """
    offset, header_bytes = unpack_from("<II", body, 10)
    if offset < _FILE_HEADER_BYTES + header_bytes:
        raise ValueError("its pixels begin within its header")
    if header_bytes == _CORE_BYTES:
        return body
    if header_bytes in _OS2_BYTES:
        header = body[_FILE_HEADER_BYTES : _FILE_HEADER_BYTES + min(header_bytes, _INFO_BYTES)].ljust(
            _INFO_BYTES, b"\0"
        )
        if unpack_from("<I", header, 16)[0] >= _BIT_FIELDS:
            raise ValueError("its compression is OS/2's own")
        header = pack("<I", _INFO_BYTES) + header[4:]
        moved = pack("<I", offset - header_bytes + _INFO_BYTES)
        return body[:10] + moved + header + body[_FILE_HEADER_BYTES + header_bytes :]
    width, height, _, bits, compression = unpack_from("<iiHHI", body, 18)
    if bits == 16 and compression == 0:
        # Pillow scales them by another rule.
        return BitFields(width, abs(height), bits, _FIVE_BITS, offset, is_top_down=height < 0)
    if compression not in {_BIT_FIELDS, _ALPHA_BIT_FIELDS}:
        return body
    masks = unpack_from("<III", body, _FILE_HEADER_BYTES + _INFO_BYTES)
    if bits not in {16, 32} or not all(_is_contiguous(mask) and mask >> bits == 0 for mask in masks):
        raise ValueError("its bit fields make no colours")
    return BitFields(width, abs(height), bits, masks, offset, is_top_down=height < 0)


def _is_contiguous(mask: int) -> bool:
    return mask != 0 and (mask + (mask & -mask)).bit_count() == 1


def _band(stored: Image.Image, mask: int) -> Image.Image:
    from PIL import ImageMath

    shift = (mask & -mask).bit_length() - 1
    width = mask.bit_length() - shift
    dropped = max(width - 8, 0)
    highest = (1 << (width - dropped)) - 1
    picked = ImageMath.lambda_eval(lambda given: given["stored"] >> (shift + dropped) & highest, stored=stored)
    band: Image.Image = picked.point(_scaled(highest), "L")
    return band


def _scaled(highest: int) -> Sequence[int]:
    """The nearest of 0 to 255 for values up to `highest`, as long as Pillow wants its tables."""
    table = [(value * 255 + highest // 2) // highest for value in range(highest + 1)]
    return table + [255] * (_TABLE_LENGTH - len(table))
