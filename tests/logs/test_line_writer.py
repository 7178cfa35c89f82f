"""Lines on their way to a descriptor whose reader is slow, gone, or has no room."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from firstserve.logs.line_stream import LineStream
from firstserve.logs.line_writer import LineWriter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMIT_S = 30


def tell_dropped(count: int) -> bytes:
    return b"%d dropped\n" % count


@contextmanager
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    try:
        yield reader, writer
    finally:
        os.close(reader)
        os.close(writer)


def fill(descriptor: int) -> int:
    """Leaves no room in a pipe. Gives how much there was."""
    os.set_blocking(descriptor, False)
    size = 0
    try:
        while True:
            size += os.write(descriptor, bytes(4096))
    except BlockingIOError:
        os.set_blocking(descriptor, True)
        return size


def read(descriptor: int, size: int) -> bytes:
    read_bytes = b""
    while len(read_bytes) < size:
        read_bytes += os.read(descriptor, size - len(read_bytes))
    return read_bytes


def test_lines_are_written_in_their_order() -> None:
    with pipe() as (reader, descriptor):
        writer = LineWriter(descriptor, tell_dropped)
        lines = [b"%d\n" % number for number in range(1000)]
        for line in lines:
            writer.write(line)
        assert read(reader, len(b"".join(lines))) == b"".join(lines)


def test_lines_that_do_not_fit_are_dropped_and_told_where_they_are_missing() -> None:
    with pipe() as (reader, descriptor):
        size = fill(descriptor)
        writer = LineWriter(descriptor, tell_dropped, limit_bytes=20)
        for number in range(10):
            writer.write(b"line %d\n" % number)
        read(reader, size)
        assert read(reader, 24) == b"line 0\nline 1\n8 dropped\n"
        writer.drain(LIMIT_S)
        writer.write(b"line 10\n")
        assert read(reader, 8) == b"line 10\n"


def test_a_line_is_held_while_there_is_no_room_and_nobody_waits() -> None:
    with pipe() as (reader, descriptor):
        size = fill(descriptor)
        writer = LineWriter(descriptor, tell_dropped)
        writer.write(b"late\n")
        writer.drain(0)
        read(reader, size)
        assert read(reader, 5) == b"late\n"


def test_a_descriptor_that_does_not_block_loses_nothing() -> None:
    with pipe() as (reader, descriptor):
        size = fill(descriptor)
        os.set_blocking(descriptor, False)
        writer = LineWriter(descriptor, tell_dropped)
        lines = b"".join(b"%06d\n" % number for number in range(size // 7))
        writer.write(lines)
        read(reader, size)
        assert read(reader, len(lines)) == lines


def test_a_reader_that_is_gone_costs_the_lines_alone() -> None:
    reader, descriptor = os.pipe()
    os.close(reader)
    writer = LineWriter(descriptor, tell_dropped)
    for _ in range(3):
        writer.write(b"nobody reads this\n")
        writer.drain(LIMIT_S)
    os.close(descriptor)


def test_lines_lost_on_a_full_disk_are_told_once_there_is_room(tmp_path: Path) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    writer = LineWriter(full, tell_dropped)
    for number in range(5):
        writer.write(b"line %d\n" % number)
    writer.drain(LIMIT_S)
    file = tmp_path / "log"
    disk = os.open(file, os.O_WRONLY | os.O_CREAT)
    os.dup2(disk, full)
    writer.write(b"there is room\n")
    writer.drain(LIMIT_S)
    assert file.read_bytes() == b"there is room\n5 dropped\n"
    os.close(full)
    os.close(disk)


def test_pieces_of_two_threads_make_whole_lines() -> None:
    with pipe() as (reader, descriptor):
        stream = LineStream(descriptor, LineWriter(descriptor, tell_dropped))

        def write(letter: str) -> None:
            for _ in range(100):
                for _ in range(9):
                    stream.write(letter)
                stream.write("\n")

        threads = [threading.Thread(target=write, args=(letter,)) for letter in "ab"]
        for thread in threads:
            thread.start()
        lines = read(reader, 2000).splitlines()
        assert sorted(set(lines)) == [b"a" * 9, b"b" * 9]
        for thread in threads:
            thread.join()
