"""Placeholders: libraries that glibc has emptied -> programs and libraries that ask for libc in their place.

Since glibc 2.34 all of libpthread, libdl, librt and libutil lies in libc. Files of these names are still there, without
a function in them, because what was linked before asks for them; and ld.so finds, opens and maps each one. Under
gVisor that takes a third as long as all of LiteRT's library does.
Formats: elf(5); the version tables are those of the Linux Standard Base, "Symbol Versioning".
"""

from __future__ import annotations

import struct
from mmap import ACCESS_READ, mmap
from typing import TYPE_CHECKING

from engine.root.elf import read_segments

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIBC = b"libc.so.6"
_DYNAMIC = 2
"""PT_DYNAMIC."""
_NEEDED, _STRINGS, _VERSIONS, _VERSION_COUNT = 1, 5, 0x6FFFFFFE, 0x6FFFFFFF
"""DT_NEEDED, DT_STRTAB, DT_VERNEED, DT_VERNEEDNUM."""


def is_placeholder(library: Path) -> bool:
    """Whether glibc has emptied it: then it has one symbol, which bears its name."""
    symbol = f"__{library.name.partition('.')[0]}_version_placeholder".encode()
    with library.open("rb") as opened, mmap(opened.fileno(), 0, access=ACCESS_READ) as data:
        return data.find(symbol) >= 0


def ask_libc(file: Path, placeholders: set[str]) -> None:
    """Writes libc's name over those of placeholders, wherever ld.so reads which libraries an ELF file needs."""
    names = [name.encode() for name in placeholders]
    with file.open("r+b") as opened, mmap(opened.fileno(), 0) as data:
        for offset in set(_names_of_libraries(data)):
            name = data[offset : data.find(b"\0", offset)]
            if name in names:
                data[offset : offset + len(name)] = LIBC.ljust(len(name), b"\0")


def _names_of_libraries(data: mmap) -> Iterator[int]:
    """Where in the file the names of needed libraries are, and of those whose versions are."""
    segments = read_segments(data)
    dynamic = next((segment for segment in segments if segment.kind == _DYNAMIC), None)
    if dynamic is None:
        return
    entries = list(struct.iter_unpack("<QQ", data[dynamic.offset : dynamic.offset + dynamic.file_bytes]))
    values = dict(entries)
    if _STRINGS not in values:
        return

    def place(address: int) -> int:
        load = next(each for each in segments if each.holds_address(address))
        return load.offset + address - load.address

    strings = place(values[_STRINGS])
    yield from (strings + value for tag, value in entries if tag == _NEEDED)
    if _VERSIONS in values:
        offset = place(values[_VERSIONS])
        for _ in range(values[_VERSION_COUNT]):
            _, _, name, _, further = struct.unpack_from("<HHIII", data, offset)
            yield strings + name
            offset += further
