"""Pictures come to the playground: chosen, dropped, pasted, from a camera."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from tests.browser import browsing
from tests.web.playground.trying import ANSWERED, CAT, CLASSES, COFFEE, FAILED, ask_of_cat, open_page, text_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser import Page
    from tests.server_process import ServerProcess


def test_picture_is_dropped(page: Page) -> None:
    page.drop_file("#frame", COFFEE)
    page.wait_for(ANSWERED)
    assert page.evaluate(CLASSES)[0][0] == "espresso"
    assert page.evaluate("document.getElementById('picture').alt") == "coffee.jpg"
    assert page.evaluate("document.body.classList.contains('dragged')") is False


def test_picture_is_pasted(page: Page, server: ServerProcess, tmp_path: Path) -> None:
    Image.open(COFFEE).save(tmp_path / "coffee.png")
    page.choose_file("#file", tmp_path / "coffee.png")
    page.wait_for(ANSWERED)
    page.evaluate("navigator.clipboard.write([new ClipboardItem({'image/png': picture})])")
    open_page(page, server)
    page.paste()
    page.wait_for(ANSWERED)
    assert page.evaluate(CLASSES)[0][0] == "espresso"
    # curl finds it only where it is saved.
    assert page.evaluate("document.getElementById('save').download") == "image.png"
    assert page.evaluate("document.getElementById('save').checkVisibility()")


def test_picture_is_taken_with_the_camera(chromium: str, server: ServerProcess, tmp_path: Path) -> None:
    seen = tmp_path / "seen.mjpeg"
    Image.open(CAT).resize((640, 480)).save(seen, "JPEG")
    with browsing(chromium, f"--use-file-for-fake-video-capture={seen}") as page:
        open_page(page, server)
        page.click("#open")
        page.wait_for("!document.getElementById('shoot').hidden")
        assert page.evaluate("document.activeElement.id") == "shoot"
        page.press("Enter")
        page.wait_for(ANSWERED)
        assert "cat" in page.evaluate(CLASSES)[0][0]
        assert page.evaluate("document.getElementById('camera').srcObject") is None
        assert page.evaluate("document.activeElement.id") == "open"
        assert page.complaints == []


def test_camera_is_closed_by_escape(page: Page) -> None:
    page.click("#open")
    page.wait_for("!document.getElementById('shoot').hidden")
    page.press("Escape")
    assert page.evaluate("document.getElementById('camera').srcObject") is None
    assert page.evaluate("document.activeElement.id") == "open"


def test_camera_that_may_not_be_used_is_told(chromium: str, server: ServerProcess) -> None:
    with browsing(chromium, "--use-fake-ui-for-media-stream=deny") as page:
        open_page(page, server)
        page.click("#open")
        page.wait_for(FAILED)
        assert "no picture from the camera" in text_of(page, "failed")
        ask_of_cat(page)
        assert page.evaluate("document.getElementById('failed').hidden")


def test_phone_is_asked_for_a_picture_where_the_page_may_not_show_the_camera(page: Page) -> None:
    # As on an address that is not safe.
    page.show_as(360, 740, phone=True)
    page.evaluate("Object.defineProperty(navigator, 'mediaDevices', {value: undefined})")
    page.expect_file_chooser()
    page.click("#open")
    page.answer_file_chooser(CAT)
    page.wait_for(ANSWERED)
    assert page.evaluate("document.getElementById('phone').getAttribute('capture')") == "environment"
