"""Marks of files: what is known by its time of change, and what has to be read."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from firstserve.runtimes.file_mark import FileMark, make_mark

if TYPE_CHECKING:
    from pathlib import Path

SIZE_BYTES = 4_000_000
CHANGED_NS = 1_700_000_000_700_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.tflite"
    path.write_bytes(random.Random(1).randbytes(SIZE_BYTES))  # noqa: S311 - the same bytes every time
    os.utime(path, ns=(CHANGED_NS, CHANGED_NS))
    return path


def mark_of(path: Path) -> FileMark:
    with path.open("rb", buffering=0) as file:
        return make_mark(file)


def checks(mark: FileMark, path: Path) -> tuple[bool, bool, bool]:
    """Whether the file looks like the marked one, has its time, has its digest."""
    with path.open("rb", buffering=0) as file:
        return mark.looks_like(file), mark.has_time_of(file), mark.is_digest_of(file)


def test_a_file_is_known_by_its_own_mark(file: Path) -> None:
    assert checks(mark_of(file), file) == (True, True, True)


@pytest.mark.parametrize("changed_s", [1_700_000_000, 1_700_000_001])
def test_a_time_that_an_image_build_has_rounded_is_the_same(changed_s: int, file: Path) -> None:
    mark = mark_of(file)
    os.utime(file, (changed_s, changed_s))
    assert checks(mark, file) == (True, True, True)


@pytest.mark.parametrize("changed_ns", [CHANGED_NS + 1, CHANGED_NS - 700_000_001, 1_700_000_002_000_000_000])
def test_another_time_is_another(changed_ns: int, file: Path) -> None:
    mark = mark_of(file)
    os.utime(file, ns=(changed_ns, changed_ns))
    assert checks(mark, file) == (True, False, True)


@pytest.mark.parametrize("changed_s", [0, 1, 315_532_800])
def test_a_time_that_tools_set_tells_nothing(changed_s: int, file: Path) -> None:
    os.utime(file, (changed_s, changed_s))
    assert checks(mark_of(file), file) == (True, False, True)


def test_another_size_is_seen_without_reading(file: Path) -> None:
    mark = mark_of(file)
    os.truncate(file, SIZE_BYTES - 1)
    assert not checks(mark, file)[0]


@pytest.mark.parametrize("place", [0, SIZE_BYTES // 2, SIZE_BYTES - 80_000])
def test_a_change_of_eighty_kilobytes_is_seen_in_the_samples(place: int, file: Path) -> None:
    mark = mark_of(file)
    octets = file.read_bytes()
    file.write_bytes(octets[:place] + bytes(80_000) + octets[place + 80_000 :])
    assert not checks(mark, file)[0]


def test_a_change_of_one_byte_is_seen_in_the_digest(file: Path) -> None:
    mark = mark_of(file)
    octets = file.read_bytes()
    # Between two samples.
    file.write_bytes(octets[:20_000] + b"\0" + octets[20_001:])
    os.utime(file, ns=(CHANGED_NS, CHANGED_NS))
    assert checks(mark, file) == (True, True, False)


def test_an_empty_file_has_a_mark(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert checks(mark_of(tmp_path / "empty"), tmp_path / "empty") == (True, True, True)
