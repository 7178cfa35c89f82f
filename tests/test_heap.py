"""Memory that is given back."""

from __future__ import annotations

import mmap
from pathlib import Path

import pytest

from firstserve.heap import forget_file

SMAPS = Path("/proc/self/smaps")
pytestmark = pytest.mark.skipif(not SMAPS.exists(), reason="what is in memory is read from /proc")


def resident_kib(file: Path) -> int:
    """How much of a mapped file is in this process's memory."""
    _, _, mapping = SMAPS.read_text().partition(f" {file}\n")
    return int(mapping.partition("Rss:")[2].split()[0])


def test_the_pages_of_a_mapped_file_are_given_back_and_can_still_be_read(tmp_path: Path) -> None:
    file = tmp_path / "model.tflite"
    file.write_bytes(bytes(range(256)) * 4096)
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        content = mapped[:]
        assert resident_kib(file) == 1024
        forget_file(opened.fileno())
        assert resident_kib(file) == 0
        assert mapped[:] == content


def test_a_file_that_is_not_mapped_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "model.tflite"
    file.touch()
    with file.open("rb") as opened:
        forget_file(opened.fileno())
