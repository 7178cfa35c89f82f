"""Odd files: all servers answer what browsers show, and refuse a file without all its pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.image import odd_files

if TYPE_CHECKING:
    from tests.server_process import ServerProcess

SHOWN, REFUSED = odd_files.shown(), odd_files.refused()
ALL_PIXELS = "?model=pixels&top_k=192"


@pytest.mark.parametrize("name", SHOWN)
def test_an_odd_file_is_answered_as_a_sound_one(images: ServerProcess, name: str) -> None:
    file, sound = SHOWN[name]
    answer = images.predict(file, ALL_PIXELS)
    assert answer.status == 200, answer.body
    assert answer.json == images.predict(sound, ALL_PIXELS).json


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_without_all_its_pixels_is_refused(images: ServerProcess, name: str) -> None:
    answer = images.predict(REFUSED[name], ALL_PIXELS)
    assert (answer.status, answer.error.split(":")[0]) == (400, "the picture cannot be read")
    assert "cut off or damaged" in answer.error


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"avif"])
def test_what_phones_send_beside_jpeg_is_refused_by_its_first_bytes(images: ServerProcess, brand: bytes) -> None:
    answer = images.predict(b"\0\0\0\x1cftyp" + brand + bytes(100), ALL_PIXELS)
    assert answer.status == 400
    assert "not a picture: it starts with b'\\x00\\x00\\x00\\x1cftyp'; send JPEG, PNG, BMP, GIF or WebP" in answer.error
