"""EXIF: its bytes -> which way up the picture is to be seen, as browsers read it."""

from __future__ import annotations

from struct import error as StructError  # noqa: N812 - an exception's name
from struct import unpack_from

_ORIENTATION = 0x0112
"""The tag, values 1 to 8 (Exif 2.32, 4.6.4)."""
_SHORT = 3
_ENTRY_BYTES = 12


def read_orientation(exif: bytes) -> int:
    """The orientation in the first directory of a TIFF file (TIFF 6.0, section 2); 1 where it says none.

    Only a single SHORT of 1 to 8 is one, and the first such counts.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (start,) = unpack_from(order + "I", tiff, 4)
        (count,) = unpack_from(order + "H", tiff, start)
        for place in range(start + 2, start + 2 + _ENTRY_BYTES * count, _ENTRY_BYTES):
            tag, kind, values, value = unpack_from(order + "HHIHxx", tiff, place)
            if (tag, kind, values) == (_ORIENTATION, _SHORT, 1) and 1 <= value <= 8:
                return int(value)
    except StructError:
        pass
    return 1
