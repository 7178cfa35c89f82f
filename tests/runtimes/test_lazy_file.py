"""A file that is read lazily, while somebody else writes to it."""

from __future__ import annotations

import mmap
import os
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from firstserve.runtimes.lazy_file import FileChanged, LazyFile, file_state

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="files are held on Linux alone")

BEFORE, AFTER = b"before" * 10_000, b"after" * 10_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "model.tflite"
    path.write_bytes(BEFORE)
    return path


def test_a_mapping_keeps_its_content_once_the_file_is_held(path: Path) -> None:
    with closing(LazyFile(path)) as lazy, mmap.mmap(lazy.descriptor, 0, access=mmap.ACCESS_READ) as mapped:
        lazy.hold()
        path.write_bytes(AFTER)
        assert mapped[:] == BEFORE


def test_a_mapping_outlives_the_end_of_its_file_once_it_is_held(path: Path) -> None:
    with closing(LazyFile(path)) as lazy, mmap.mmap(lazy.descriptor, 0, access=mmap.ACCESS_READ) as mapped:
        lazy.hold()
        os.truncate(path, 0)
        assert mapped[:] == BEFORE


def test_what_is_mapped_later_is_the_copy(path: Path) -> None:
    with closing(LazyFile(path)) as lazy:
        lazy.hold()
        path.write_bytes(AFTER)
        with mmap.mmap(os.dup(lazy.descriptor), 0, access=mmap.ACCESS_READ) as mapped:
            assert mapped[:] == BEFORE


def test_the_copy_has_the_files_time_of_change(path: Path) -> None:
    os.utime(path, ns=(1_600_000_000_123_456_789,) * 2)
    with closing(LazyFile(path)) as lazy:
        lazy.hold()
        assert os.fstat(lazy.descriptor).st_mtime_ns == 1_600_000_000_123_456_789


@pytest.mark.parametrize("size_bytes", [0, 10, len(BEFORE)])
def test_a_file_that_was_written_to_before_it_was_held_is_told(path: Path, size_bytes: int) -> None:
    with closing(LazyFile(path)) as lazy:
        lazy.check()
        path.write_bytes(AFTER[:size_bytes])
        with pytest.raises(FileChanged, match="was written to while it was loaded"):
            lazy.check()
        with pytest.raises(FileChanged, match="was written to while it was loaded"):
            lazy.hold()


def test_who_restores_the_time_of_change_is_found_out(path: Path) -> None:
    before = path.stat()
    with closing(LazyFile(path)) as lazy:
        path.write_bytes(BEFORE[::-1])
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        with pytest.raises(FileChanged):
            lazy.check()


def test_a_file_that_is_held_is_not_looked_at_any_more(path: Path) -> None:
    with closing(LazyFile(path)) as lazy:
        lazy.hold()
        path.write_bytes(AFTER)
        lazy.check()
        lazy.hold()


def test_what_was_probed_is_held_from_the_beginning(path: Path) -> None:
    with closing(LazyFile(path, file_state(path))) as lazy:
        path.write_bytes(AFTER)
        lazy.check()
        assert os.pread(lazy.descriptor, len(BEFORE), 0) == BEFORE


@pytest.mark.parametrize("how", ["written", "replaced"])
def test_a_file_that_is_not_the_one_that_was_probed_is_refused(path: Path, how: str) -> None:
    probed = file_state(path)
    new = path if how == "written" else path.with_name("new")
    new.write_bytes(BEFORE)
    new.replace(path)
    with pytest.raises(FileChanged):
        LazyFile(path, probed)
