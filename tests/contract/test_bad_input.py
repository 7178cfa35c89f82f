"""Bad input: JSON with the right status and a text that helps, and a server that stays up with its memory."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from tests.server_process import ServerProcess

MEBI = 1024 * 1024


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header promises that size and whose data never comes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def cut_off(picture: bytes, image_format: str) -> bytes:
    file = BytesIO()
    Image.open(BytesIO(picture)).save(file, image_format)
    return file.getvalue()[: len(file.getvalue()) // 2]


@pytest.fixture(autouse=True)
def still_answers(server: ServerProcess, cat: bytes) -> None:
    """After each of these tests comes another; the last is followed by this module's own check."""
    assert server.predict(cat).top[0] == 285


def test_empty_body_is_named(server: ServerProcess) -> None:
    answer = server.predict(b"")
    assert answer.status == 400
    assert "the body is empty" in answer.error


def test_text_is_no_picture(server: ServerProcess) -> None:
    answer = server.predict(b"hello, server")
    assert answer.status == 400
    assert "not a picture" in answer.error
    assert "JPEG, PNG, BMP, GIF or WebP" in answer.error


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "BMP", "GIF", "WEBP"])
def test_truncated_picture_is_an_error(server: ServerProcess, cat: bytes, image_format: str) -> None:
    answer = server.predict(cut_off(cat, image_format))
    assert answer.status == 400
    assert "cut off or damaged" in answer.error


@pytest.mark.parametrize("start", [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"GIF89a", b"RIFF\0\0\0\0WEBP"])
def test_signature_of_a_format_alone_is_an_error(server: ServerProcess, start: bytes) -> None:
    answer = server.predict(start + b"\0" * 64)
    assert answer.status == 400
    assert answer.error


def test_body_of_100_megabytes_is_too_large(server: ServerProcess) -> None:
    answer = server.predict(bytes(100 * MEBI))
    assert answer.status == 413
    assert f"{32 * MEBI} bytes (--max_body_bytes)" in answer.error


def test_chunked_body_over_the_limit_is_too_large(server: ServerProcess) -> None:
    connection = server.connect()
    chunks = iter([bytes(MEBI)] * 40)
    connection.request("POST", "/predict", chunks, encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
    response = connection.getresponse()
    assert response.status == 413
    assert b"--max_body_bytes" in response.read()
    connection.close()


def test_decompression_bomb_is_too_large(server: ServerProcess) -> None:
    answer = server.predict(png_of(50_000, 50_000))
    assert answer.status == 413
    assert "100000000 (--max_image_pixels)" in answer.error


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_wrong_method_is_named_with_the_right_one(server: ServerProcess, method: str) -> None:
    answer = server.ask(method, "/predict")
    assert answer.status == 405
    assert "POST" in answer.headers["Allow"]
    assert f"{method} is not allowed" in answer.error


@pytest.mark.parametrize("path", ["/predict/", "/Predict", "/v3/models", "/%00"])
def test_wrong_path_is_not_found(server: ServerProcess, path: str) -> None:
    answer = server.ask("POST", path, b"x")
    assert answer.status == 404
    assert "no such path" in answer.error


def test_damaged_form_is_an_error(server: ServerProcess) -> None:
    answer = server.predict(b"--x\r\nnonsense", headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status == 400
    assert answer.error


def test_memory_is_stable_over_bad_requests(server: ServerProcess, cat: bytes) -> None:
    bad = [b"", b"hello", cut_off(cat, "JPEG"), cut_off(cat, "PNG"), png_of(50_000, 50_000), bytes(33 * MEBI)]

    def send_all() -> None:
        for _ in range(5):
            for body in bad:
                assert server.predict(body).status in {400, 413}

    send_all()
    before = server.memory_bytes()
    for _ in range(3):
        send_all()
    assert server.memory_bytes() - before < 24 * MEBI
