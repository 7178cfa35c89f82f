from __future__ import annotations

import ctypes
import struct
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.root.elf import copy_loaded, is_elf

if TYPE_CHECKING:
    from collections.abc import Iterator

FAR_APART = 2 * 1024 * 1024


@pytest.fixture
def zlib() -> Path:
    """A shared library of this system."""
    (line,) = (
        line for line in Path("/proc/self/maps").read_text().splitlines() if "/libz.so" in line and " r-xp " in line
    )
    return Path(line.split()[-1])


def program_header(data: bytearray) -> Iterator[tuple[int, ...]]:
    table, count = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<H", data, 56)[0]
    for index in range(count):
        yield struct.unpack_from("<IIQQQQQQ", data, table + 56 * index)


def test_copy_of_a_library_does_what_the_library_does(zlib: Path, tmp_path: Path) -> None:
    copy_loaded(zlib, tmp_path / "libcopied.so")
    copied = ctypes.CDLL(str(tmp_path / "libcopied.so"))
    assert copied.crc32(0, b"123456789", 9) & 0xFFFFFFFF == 0xCBF43926


def test_copy_of_a_program_runs(tmp_path: Path) -> None:
    copy_loaded(Path("/bin/echo"), tmp_path / "echo")
    (tmp_path / "echo").chmod(0o755)
    assert subprocess.run([tmp_path / "echo", "it runs"], capture_output=True, check=True).stdout == b"it runs\n"


def test_copy_has_no_sections_and_is_not_longer(zlib: Path, tmp_path: Path) -> None:
    copy_loaded(zlib, tmp_path / "libcopied.so")
    data = (tmp_path / "libcopied.so").read_bytes()
    assert len(data) < zlib.stat().st_size
    assert (struct.unpack_from("<Q", data, 40), struct.unpack_from("<HH", data, 60)) == ((0,), (0, 0))


def test_segments_that_lie_far_apart_are_moved_together(zlib: Path, tmp_path: Path) -> None:
    spread = tmp_path / "libspread.so"
    data = bytearray(zlib.read_bytes())
    segments = list(program_header(data))
    last = max((each for each in segments if each[0] == 1), key=lambda each: each[2])
    table = struct.unpack_from("<Q", data, 32)[0]
    data[last[2] : last[2]] = bytes(FAR_APART)
    for index, each in enumerate(segments):
        if last[2] <= each[2] < last[2] + last[5]:
            struct.pack_into("<Q", data, table + 56 * index + 8, each[2] + FAR_APART)
    spread.write_bytes(data)

    copy_loaded(spread, tmp_path / "libcopied.so")
    assert (tmp_path / "libcopied.so").stat().st_size < FAR_APART
    assert ctypes.CDLL(str(tmp_path / "libcopied.so")).crc32(0, b"123456789", 9) & 0xFFFFFFFF == 0xCBF43926


def test_only_programs_and_libraries_are_elf(zlib: Path) -> None:
    assert is_elf(zlib)
    assert is_elf(Path(sys.executable))
    assert not is_elf(Path(sysconfig.get_path("stdlib"), "os.py"))


def test_file_whose_program_header_is_in_no_segment_is_refused(zlib: Path, tmp_path: Path) -> None:
    outside = tmp_path / "liboutside.so"
    data = bytearray(zlib.read_bytes())
    table, count = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<H", data, 56)[0]
    struct.pack_into("<Q", data, 32, len(data))
    outside.write_bytes(data + data[table : table + 56 * count])
    with pytest.raises(ValueError, match=r"liboutside\.so: the program header is in no segment"):
        copy_loaded(outside, tmp_path / "libcopied.so")
