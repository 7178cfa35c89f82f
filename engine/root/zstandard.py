"""Zstandard, by the library that Pillow's wheel brings along: octets -> fewer octets, with a dictionary.

Format: RFC 8878. A dictionary of any content shares what it has in common with the octets.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from engine.root.errors import MissingPart

if TYPE_CHECKING:
    from pathlib import Path

_LEVEL = 22
"""The highest: it takes time here, and none when it is unpacked."""


def find_library(packages: Path) -> Path:
    """The library among the packages. Raises MissingPart."""
    found = sorted(packages.glob("pillow.libs/libzstd*.so*"))
    if not found:
        raise MissingPart(f"the library libzstd is not in {packages / 'pillow.libs'}, where Pillow's wheel has it")
    return found[0]


class Compressor:
    """Packs with one dictionary."""

    def __init__(self, library: Path, dictionary: bytes) -> None:
        self._library = ctypes.CDLL(str(library))
        for name in ("ZSTD_compress_usingCDict", "ZSTD_compressBound"):
            getattr(self._library, name).restype = ctypes.c_size_t
        for name in ("ZSTD_createCCtx", "ZSTD_createCDict"):
            getattr(self._library, name).restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.ZSTD_createCCtx())
        self._dictionary = ctypes.c_void_p(
            self._library.ZSTD_createCDict(dictionary, ctypes.c_size_t(len(dictionary)), _LEVEL)
        )

    def pack(self, octets: bytes) -> bytes:
        """One frame."""
        limit_bytes = self._library.ZSTD_compressBound(ctypes.c_size_t(len(octets)))
        packed = ctypes.create_string_buffer(limit_bytes)
        size_bytes = self._library.ZSTD_compress_usingCDict(
            self._context,
            *(packed, ctypes.c_size_t(limit_bytes)),
            *(octets, ctypes.c_size_t(len(octets))),
            self._dictionary,
        )
        if self._library.ZSTD_isError(ctypes.c_size_t(size_bytes)):
            raise ValueError(f"{len(octets)} bytes cannot be packed by zstd")
        return packed.raw[:size_bytes]
