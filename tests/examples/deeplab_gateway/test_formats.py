"""What goes in, in each way to send it, and what comes out, in each format."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from tests.examples.deeplab_gateway.labelled import class_ids
from tests.image.files import encoded, exif, huge_headers

if TYPE_CHECKING:
    from tests.server_process import Answer, ServerProcess

USER = {"X-User-Id": "anna"}
PERSON = 15
PERSONS_COLOUR = (192, 128, 128)
"""As Pascal VOC's development kit lists it."""
FORM = b'--x\r\nContent-Disposition: form-data; name="%b"; filename="a.jpg"\r\n\r\n%b\r\n'


def segment(gateway: ServerProcess, body: bytes, query: str = "", **headers: str) -> Answer:
    return gateway.ask("POST", f"/segment{query}", body, USER | headers)


def opened(answer: Answer) -> Image.Image:
    assert answer.status == 200, answer.body
    assert answer.headers["Content-Type"] == "image/png"
    return Image.open(BytesIO(answer.body))


def test_json_names_the_classes_and_their_shares(running: ServerProcess, camera: bytes) -> None:
    answer = segment(running, camera).json
    assert (answer["width"], answer["height"]) == (512, 512)
    assert [each["label"] for each in answer["classes"][:2]] == ["background", "person"]
    assert 0.25 < answer["classes"][1]["share"] < 0.4
    assert sum(each["share"] for each in answer["classes"]) == pytest.approx(1, abs=0.001)


def test_the_shares_are_those_of_the_mask(running: ServerProcess, camera: bytes) -> None:
    mask = class_ids(segment(running, camera, "?format=mask").body)
    for each in segment(running, camera).json["classes"]:
        assert each["share"] == pytest.approx(np.mean(mask == each["class"]), abs=0.0001)


def test_the_mask_has_pascals_colours(running: ServerProcess, camera: bytes) -> None:
    answer = segment(running, camera, "?format=mask")
    colours = np.asarray(opened(answer).convert("RGB"))
    classes = class_ids(answer.body)
    assert (colours[classes == 0] == 0).all()
    assert (colours[classes == PERSON] == PERSONS_COLOUR).all()


def test_the_overlay_leaves_the_background_and_colours_the_rest(running: ServerProcess, camera: bytes) -> None:
    overlay = np.asarray(opened(segment(running, camera, "?format=overlay")), np.float64)
    classes = class_ids(segment(running, camera, "?format=mask").body)
    picture = np.asarray(Image.open(BytesIO(camera)).convert("RGB"), np.float64)
    assert (overlay[classes == 0] == picture[classes == 0]).all()
    person = classes == PERSON
    assert np.abs(overlay[person] - (0.4 * picture[person] + 0.6 * np.array(PERSONS_COLOUR))).max() <= 1


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("application/json", "json"),
        ("*/*", "json"),
        ("", "json"),
        ("image/png", "mask"),
        ("image/*", "mask"),
        ("image/png;kind=overlay", "overlay"),
        ("image/png;kind=overlay;q=0.5, application/json;q=0.4", "overlay"),
        ("text/html, image/webp, application/json;q=0.1", "json"),
    ],
)
def test_accept_chooses_the_format(running: ServerProcess, camera: bytes, accept: str, wanted: str) -> None:
    by_accept, by_parameter = segment(running, camera, Accept=accept), segment(running, camera, f"?format={wanted}")
    assert by_accept.status == 200
    assert by_accept.headers["Content-Type"] == by_parameter.headers["Content-Type"]
    if wanted != "json":
        assert by_accept.body == by_parameter.body


def test_the_parameter_wins_over_accept(running: ServerProcess, camera: bytes) -> None:
    assert opened(segment(running, camera, "?format=mask", Accept="application/json")).mode == "P"


@pytest.mark.parametrize(
    ("query", "accept", "complaint"),
    [
        ("?format=jpeg", "*/*", "there is no format 'jpeg': choose one of json, mask, overlay"),
        ("", "image/jpeg", "cannot make 'image/jpeg': accept one of application/json, image/png"),
    ],
)
def test_what_cannot_be_made_is_answered_with_406(
    running: ServerProcess, camera: bytes, query: str, accept: str, complaint: str
) -> None:
    answer = segment(running, camera, query, Accept=accept)
    assert answer.status == 406
    assert complaint in answer.error


def test_a_form_does_as_well_as_the_body(running: ServerProcess, camera: bytes) -> None:
    form = FORM % (b"image", camera) + b"--x--\r\n"
    by_form = segment(running, form, "?format=mask", **{"Content-Type": "multipart/form-data; boundary=x"})
    assert by_form.body == segment(running, camera, "?format=mask").body


def test_a_form_with_two_files_is_refused(running: ServerProcess, camera: bytes) -> None:
    form = FORM % (b"image", camera) + FORM % (b"image", camera) + b"--x--\r\n"
    answer = segment(running, form, **{"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status == 400
    assert "the form has 2 files: send one picture" in answer.error


def test_a_picture_is_turned_upright(running: ServerProcess, camera: bytes) -> None:
    """The same pixels, laid down, with an EXIF orientation that stands them up again."""
    upright = Image.open(BytesIO(camera)).convert("RGB").crop((0, 0, 512, 300))
    lying = encoded(upright.transpose(Image.Transpose.ROTATE_90), "PNG", exif=exif(6))
    answer = segment(running, lying, "?format=mask")
    assert answer.body == segment(running, encoded(upright, "PNG"), "?format=mask").body
    assert opened(answer).size == (512, 300)


@pytest.mark.parametrize("size", [(300, 512), (512, 300), (1200, 900), (40, 30), (700, 1)])
def test_the_mask_has_the_pictures_size(running: ServerProcess, camera: bytes, size: tuple[int, int]) -> None:
    picture = encoded(Image.open(BytesIO(camera)).resize(size), "PNG")
    assert opened(segment(running, picture, "?format=mask")).size == size


def test_what_is_next_to_the_padding_is_found_where_it_is(running: ServerProcess, camera: bytes) -> None:
    """The picture's upper half, which is twice as wide as high: the lower half of the input is padding."""
    picture = Image.open(BytesIO(camera)).convert("RGB").crop((0, 0, 512, 256))
    whole = class_ids(segment(running, camera, "?format=mask").body)[:256] == PERSON
    half = class_ids(segment(running, encoded(picture, "PNG"), "?format=mask").body) == PERSON
    assert np.sum(whole & half) / np.sum(whole | half) > 0.8


def test_grey_of_16_bits_is_not_cut_off(running: ServerProcess, camera: bytes) -> None:
    grey = Image.open(BytesIO(camera)).convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 256)
    assert deep.mode == "I;16"
    answer = segment(running, encoded(deep, "PNG"), "?format=mask")
    assert answer.body == segment(running, encoded(grey, "PNG"), "?format=mask").body


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "there is no picture"),
        (b"%PDF-1.7 and so on", "this is no picture that can be read: it starts with b'%PDF-1.7'"),
        (b"\x89PNG\r\n\x1a\n and then nothing", "this is no picture that can be read: it starts with b'\\x89PNG"),
    ],
)
def test_what_is_no_picture_is_refused(running: ServerProcess, body: bytes, complaint: str) -> None:
    answer = segment(running, body)
    assert answer.status == 400
    assert complaint in answer.error


def test_a_picture_that_is_cut_off_is_refused(running: ServerProcess, camera: bytes) -> None:
    answer = segment(running, camera[: len(camera) // 2])
    assert answer.status == 400
    assert "it may be cut off or damaged" in answer.error


@pytest.mark.parametrize("kind", ["png", "gif", "bmp"])
def test_a_picture_of_too_many_pixels_is_refused(running: ServerProcess, kind: str) -> None:
    answer = segment(running, huge_headers()[kind])
    assert answer.status == 413
    assert "more than 25,000,000 pixels" in answer.error


def test_a_body_that_is_too_long_is_refused(running: ServerProcess) -> None:
    """It is not even read."""
    answer = running.ask("POST", "/segment", headers={"Content-Length": str(16 * 2**20 + 1)})
    assert answer.status == 413
    assert "more than 16 MiB" in answer.error


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/segment", 405), ("GET", "/nothing", 404)])
def test_what_there_is_not_is_told_as_json(running: ServerProcess, method: str, path: str, status: int) -> None:
    answer = running.ask(method, path)
    assert answer.status == status
    assert answer.error
