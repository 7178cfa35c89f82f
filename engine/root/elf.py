"""ELF: a program or shared library -> the same without what its loader never reads.

The kernel and ld.so map the segments that the program header lists. Sections, symbol tables and debugging information
are for linkers and debuggers; they follow the segments, and go. Segments may lie far apart, for patchelf aligns what it
adds to a library (as wheels have it) to 2 MiB; they are moved together.
Format: elf(5), 64 bits, little-endian.
"""

from __future__ import annotations

import struct
from mmap import ACCESS_READ, mmap
from os import SEEK_CUR
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_MAGIC = b"\x7fELF\x02\x01"
"""64 bits, little-endian."""
_LOAD = 1
"""PT_LOAD."""
_PAGE_BYTES = 0x10000
"""The largest page of the machines that are served: a segment's place in the file and in memory agree within one."""


class Segment(NamedTuple):
    """An entry of the program header."""

    kind: int
    flags: int
    offset: int
    address: int
    physical: int
    file_bytes: int
    memory_bytes: int
    align: int

    def holds(self, offset: int) -> bool:
        """Whether a place in the file is one that it loads."""
        return self.kind == _LOAD and self.offset <= offset < self.offset + self.file_bytes

    def holds_address(self, address: int) -> bool:
        """Whether an address in memory is one that it loads from the file."""
        return self.kind == _LOAD and self.address <= address < self.address + self.file_bytes


def is_elf(file: Path) -> bool:
    """Whether it is a program or library that `copy_loaded` takes."""
    with file.open("rb") as opened:
        return opened.read(len(_MAGIC)) == _MAGIC


def read_segments(data: mmap) -> list[Segment]:
    """The program header of an ELF file."""
    header = _HEADER.unpack_from(data)
    return [Segment(*_SEGMENT.unpack_from(data, header[5] + index * _SEGMENT.size)) for index in range(header[10])]


def copy_loaded(source: Path, target: Path) -> None:
    """Copies the file's header and segments. Raises ValueError where the program header is not within a segment."""
    with source.open("rb") as opened, mmap(opened.fileno(), 0, access=ACCESS_READ) as data:
        header = list(_HEADER.unpack_from(data))
        table, count = header[5], header[10]
        segments = read_segments(data)
        loads = [segment for segment in segments if segment.kind == _LOAD and segment.file_bytes]
        if not any(load.holds(table) for load in loads):
            raise ValueError(f"{source}: the program header is in no segment")
        with target.open("wb") as copy:
            shifts = {load: _append(copy, load, data) for load in loads}
            moved_by = [next((shifts[load] for load in loads if load.holds(each.offset)), 0) for each in segments]
            copy.seek(next(table + shifts[load] for load in loads if load.holds(table)))
            for segment, shift in zip(segments, moved_by, strict=True):
                align = min(segment.align, _PAGE_BYTES)
                copy.write(_SEGMENT.pack(*segment._replace(offset=segment.offset + shift, align=align)))
            header[5] = copy.tell() - count * _SEGMENT.size
            # No sections: where their table is, how many it has, which one holds their names.
            header[6] = header[12] = header[13] = 0
            copy.seek(0)
            copy.write(_HEADER.pack(*header))


def _append(copy: BinaryIO, load: Segment, data: mmap) -> int:
    """Writes a segment behind those before, and gives by how much its place in the file has changed."""
    copy.seek((load.offset - copy.tell()) % _PAGE_BYTES, SEEK_CUR)
    shift = copy.tell() - load.offset
    with memoryview(data) as view:
        copy.write(view[load.offset : load.offset + load.file_bytes])
    return shift
