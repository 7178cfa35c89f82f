"""Forms, as clients write them by hand and by library: one answer from all servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.image.files import encoded

if TYPE_CHECKING:
    from tests.server_process import Answer, ServerProcess

FILE = encoded(Image.new("RGB", (8, 8), (10, 30, 20)), "PNG")
FIELD = b'Content-Disposition: form-data; name="image"'


def form(*heads: bytes, end_of_line: bytes = b"\r\n", before: bytes = b"") -> bytes:
    """A part with the file for each of these headers."""
    parts = [b"--b" + end_of_line + head + end_of_line * 2 + FILE + end_of_line for head in heads]
    return before + b"".join(parts) + b"--b--" + end_of_line


def send(server: ServerProcess, body: bytes, boundary: str = "b") -> Answer:
    content_type = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return server.predict(body, "?model=colours", content_type)


@pytest.mark.parametrize(
    "head",
    [
        FIELD + b'; filename="a.png"',
        FIELD + b"; filename=a.png",
        FIELD + b"; filename*=UTF-8''a.png",
        FIELD + b"; filename*0=a; filename*1=.png",
        FIELD + b'; FileName=""',
        b"Content-Type: image/png\r\ncontent-disposition:form-data;filename=a.png",
        FIELD + b'; x="\\";"; filename="a;\\".png"',
    ],
)
def test_a_part_with_a_file_name_is_the_picture(images: ServerProcess, head: bytes) -> None:
    answer = send(images, form(head))
    assert answer.status == 200, answer.body
    assert [entry["class"] for entry in answer.json["predictions"]] == [1, 2, 0]


@pytest.mark.parametrize(
    ("body", "boundary"),
    [
        (form(FIELD + b"; filename=a", end_of_line=b"\n"), "b"),
        (form(FIELD + b"; filename=a", before=b"a preamble\r\n"), '"b"'),
        (form(FIELD, FIELD + b"; filename=a"), "b"),
        (form(FIELD + b"; filename=a").replace(b"--b\r\n", b"--b \t\r\n"), "b"),
        (form(*[FIELD] * 1500, FIELD + b"; filename=a"), "b"),
    ],
)
def test_a_form_of_another_layout_is_answered(images: ServerProcess, body: bytes, boundary: str) -> None:
    answer = send(images, body, boundary)
    assert answer.status == 200, answer.body


@pytest.mark.parametrize(
    ("body", "boundary", "fault"),
    [
        (form(FIELD), "b", "the form holds 0 files: send one"),
        (form(b'Content-Disposition: form-data; name="a; filename=b"'), "b", "the form holds 0 files: send one"),
        (form(*[FIELD + b"; filename=a"] * 2), "b", "the form holds 2 files: send one"),
        (form(FIELD + b"; filename=a")[:-6], "b", "the form cannot be read: it is cut off"),
        (form(FIELD + b"; filename=a"), "c", "the form cannot be read: it does not begin with its boundary"),
        (form(FIELD + b"; filename=a"), "", "the form cannot be read: its content type names no boundary"),
        (b"--b\r\nnonsense\r\n--b--\r\n", "b", "the form cannot be read: a part has no empty line behind its headers"),
        (b"--bc\r\n", "b", "the form cannot be read: something stands behind its boundary"),
    ],
)
def test_a_form_that_does_not_hold_one_file_is_named(
    images: ServerProcess, body: bytes, boundary: str, fault: str
) -> None:
    answer = send(images, body, boundary)
    assert answer.status == 400
    assert answer.error.startswith(fault), answer.error
