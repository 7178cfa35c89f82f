"""One file out of the ZIP archive behind a model, beside Python's own zipfile."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest

from firstserve.runtimes.associated_file import read_associated_file

if TYPE_CHECKING:
    from pathlib import Path

MODEL = b"a model of some bytes" * 100
LABELS = "\n".join(f"label {number}" for number in range(1000)).encode()


def write(file: Path, compression: int = ZIP_DEFLATED, comment: bytes = b"") -> Path:
    """A file that begins with a model and ends with an archive of three files."""
    file.write_bytes(MODEL)
    with ZipFile(file, "a", compression) as archive:
        archive.writestr("before.txt", "x")
        archive.writestr("labels.txt", LABELS)
        archive.writestr("behind.txt", "y")
        archive.comment = comment
    return file


def read(file: Path, name: str = "labels.txt") -> bytes:
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as model:
        return read_associated_file(model, name)


@pytest.mark.parametrize("compression", [ZIP_STORED, ZIP_DEFLATED])
def test_a_file_is_read_as_zipfile_reads_it(tmp_path: Path, compression: int) -> None:
    file = write(tmp_path / "model.tflite", compression)
    with ZipFile(file) as archive:
        assert read(file) == archive.read("labels.txt") == LABELS


def test_offsets_may_count_from_where_the_archive_begins(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "alone.zip", "w", ZIP_DEFLATED) as archive:
        archive.writestr("labels.txt", LABELS)
    file = tmp_path / "model.tflite"
    file.write_bytes(MODEL + (tmp_path / "alone.zip").read_bytes())
    assert read(file) == LABELS


def test_an_archive_may_end_with_a_comment(tmp_path: Path) -> None:
    assert read(write(tmp_path / "model.tflite", comment=b"made by hand")) == LABELS


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match=r"other\.txt"):
        read(write(tmp_path / "model.tflite"), "other.txt")


def test_another_compression_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="compression method 12"):
        read(write(tmp_path / "model.tflite", ZIP_BZIP2))


@pytest.mark.parametrize("compression", [ZIP_STORED, ZIP_DEFLATED])
def test_a_damaged_file_is_not_given(tmp_path: Path, compression: int) -> None:
    file = write(tmp_path / "model.tflite", compression)
    content = bytearray(file.read_bytes())
    content[content.index(b"labels.txt") + 200] ^= 1
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"damaged|invalid|incorrect"):
        read(file)


def test_a_model_without_an_archive_is_said_to_have_none(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(MODEL)
    with pytest.raises(ValueError, match="no archive"):
        read(tmp_path / "model.tflite")
