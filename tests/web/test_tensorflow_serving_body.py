"""Bodies as they come, and compressed ones."""

from __future__ import annotations

import gzip
import zlib
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from firstserve.errors import TooLarge
from firstserve.web.rest_body import read_body

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

TEXT = b'{"instances": [1.0]}'


LIMIT_BYTES = 1_000_000


def read(environ: WSGIEnvironment) -> bytes:
    with read_body(environ, LIMIT_BYTES).opened(None) as data:
        return data


def sent(body: bytes, encoding: str = "") -> WSGIEnvironment:
    return {"wsgi.input": BytesIO(body), "HTTP_CONTENT_ENCODING": encoding}


def test_a_body_is_read_as_it_is() -> None:
    assert read(sent(TEXT)) == TEXT
    assert read({"wsgi.input": BytesIO(TEXT)}) == TEXT


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", "identity, gzip"])
def test_gzip_is_inflated(encoding: str) -> None:
    assert read(sent(gzip.compress(TEXT), encoding)) == TEXT


def test_gzip_in_parts_is_inflated() -> None:
    assert read(sent(gzip.compress(TEXT[:5]) + gzip.compress(TEXT[5:]), "gzip")) == TEXT


@pytest.mark.parametrize("encoding", ["deflate", "br", "zstd", "identity"])
def test_other_encodings_are_not(encoding: str) -> None:
    body = zlib.compress(TEXT)
    assert read(sent(body, encoding)) == body


@pytest.mark.parametrize(
    "body",
    [TEXT, b"", gzip.compress(TEXT)[:-1], gzip.compress(TEXT)[:5], gzip.compress(TEXT) + b"x", zlib.compress(TEXT)],
)
def test_damaged_gzip_is_an_empty_body(body: bytes) -> None:
    assert read(sent(body, "gzip")) == b""


def test_gzip_is_inflated_up_to_the_limit() -> None:
    # In members: one that follows another must not start counting anew.
    half = gzip.compress(bytes(LIMIT_BYTES // 2), 1)
    assert read(sent(half * 2, "gzip")) == bytes(LIMIT_BYTES)
    for body in (half * 2 + gzip.compress(b"x"), gzip.compress(bytes(LIMIT_BYTES + 1), 1)):
        with pytest.raises(TooLarge, match="inflates to more than 1000000 bytes"):
            read(sent(body, "gzip"))


def test_more_parts_than_a_file_of_blocks_has_are_damage() -> None:
    assert read(sent(gzip.compress(b"a") * 4096, "gzip")) == b"a" * 4096
    assert read(sent(gzip.compress(b"a") * 4097, "gzip")) == b""
