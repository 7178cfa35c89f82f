"""Associated files: the ZIP archive behind a .tflite -> one file of it.

Format: APPNOTE.TXT 6.3, sections 4.3.7 (local header), 4.3.12 (central directory) and 4.3.16 (its end). Files are
stored or deflated. Read by hand because Python's `zipfile` takes longer to import than the model to load, and this is
the cold path.
"""

from __future__ import annotations

import zlib
from struct import unpack_from
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import mmap

_END, _ENTRY, _LOCAL = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
_END_BYTES, _ENTRY_BYTES, _LOCAL_BYTES = 22, 46, 30
_LONGEST_COMMENT_BYTES = 65535
_STORED, _DEFLATED = 0, 8
_ENCRYPTED = 1


def read_associated_file(model: bytes | mmap.mmap, name: str) -> bytes:
    """The content of the file of this name.

    Raises KeyError where there is none, ValueError where the archive cannot be read, struct.error where it is cut off.
    """
    end = model.rfind(_END, max(len(model) - _END_BYTES - _LONGEST_COMMENT_BYTES, 0))
    if end < 0:
        raise ValueError("no archive")
    count, directory_bytes, directory_offset = unpack_from("<HII", model, end + 10)
    # Offsets count from where the archive begins, behind the model, or from the file's beginning.
    begin = end - directory_bytes - directory_offset
    place = end - directory_bytes
    for _ in range(count):
        if model[place : place + 4] != _ENTRY:
            raise ValueError("damaged archive")
        flags, method = unpack_from("<HH", model, place + 8)
        crc, packed_bytes, size_bytes, *lengths = unpack_from("<IIIHHH", model, place + 16)
        (offset,) = unpack_from("<I", model, place + 42)
        name_end = place + _ENTRY_BYTES + lengths[0]
        if model[place + _ENTRY_BYTES : name_end] == name.encode():
            if flags & _ENCRYPTED:
                raise ValueError("encrypted file")
            octets = _read(model, begin + offset, method, packed_bytes, size_bytes)
            if len(octets) != size_bytes or zlib.crc32(octets) != crc:
                raise ValueError("damaged file")
            return octets
        place = name_end + lengths[1] + lengths[2]
    raise KeyError(name)


def _read(model: bytes | mmap.mmap, place: int, method: int, packed_bytes: int, size_bytes: int) -> bytes:
    if model[place : place + 4] != _LOCAL:
        raise ValueError("damaged archive")
    start = place + _LOCAL_BYTES + sum(unpack_from("<HH", model, place + 26))
    octets = model[start : start + packed_bytes]
    if method == _DEFLATED:
        try:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(octets, size_bytes + 1)
        except zlib.error as error:
            raise ValueError(str(error)) from error
    if method != _STORED:
        raise ValueError(f"compression method {method}")
    return octets
