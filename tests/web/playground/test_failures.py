"""What the playground says where there is no answer, and how it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.server_process import ROOT, free_port, serving
from tests.web.playground.trying import ANSWERED, CAT, CLASSES, COFFEE, FAILED, ask_of_cat, open_page, text_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser import Page
    from tests.server_process import ServerProcess


def test_what_the_server_does_not_take_is_told_in_its_words(page: Page, server: ServerProcess) -> None:
    page.choose_file("#file", ROOT / "LICENSE")
    page.wait_for(FAILED)
    assert server.predict((ROOT / "LICENSE").read_bytes()).error == page.evaluate(
        "document.querySelector('#failed p').textContent"
    )
    assert "(400)" in text_of(page, "failed")
    assert page.evaluate("document.getElementById('retry').hidden")
    # Chromium logs every answer of 400 and above.
    page.complaints.clear()
    ask_of_cat(page)
    assert page.evaluate("document.getElementById('failed').hidden")


def test_file_that_cannot_be_read_is_told(page: Page, tmp_path: Path) -> None:
    # A folder is dropped as if it were a file.
    page.drop_file("#frame", tmp_path)
    page.wait_for(FAILED)
    assert "The picture cannot be read" in text_of(page, "failed")
    assert tmp_path.name in text_of(page, "failed")
    ask_of_cat(page)


def test_model_and_version_are_asked_for(page: Page) -> None:
    page.click("summary")
    page.write("[name=version]", "1")
    ask_of_cat(page)
    page.write("[name=model]", "nobody")
    page.press("Enter")
    page.wait_for(FAILED)
    assert 'no model "nobody": this server has mobilenet' in text_of(page, "failed")
    page.complaints.clear()
    page.write("[name=model]", "mobilenet")
    page.press("Enter")
    page.wait_for(ANSWERED)
    assert text_of(page, "curl").endswith("/predict?model=mobilenet&version=1'")


@pytest.mark.parametrize(
    ("status", "helps"), [(400, False), (413, False), (429, True), (500, True), (501, False), (503, True), (504, True)]
)
def test_it_is_tried_again_where_that_can_help(page: Page, status: int, helps: bool) -> None:
    page.evaluate(f'refuse({{status: {status}}}, \'{{"error": "why"}}\')')
    assert f"({status})" in text_of(page, "failed")
    assert "why" in text_of(page, "failed")
    assert page.evaluate("document.getElementById('retry').checkVisibility()") is helps


def test_answer_of_something_else_is_none(page: Page) -> None:
    # As of a proxy in between, which has pages of its own.
    page.evaluate("refuse({status: 502, statusText: 'Bad Gateway'}, '<html>')")
    assert "(502)" in text_of(page, "failed")
    assert "It does not say why" in text_of(page, "failed")


def test_model_that_takes_no_picture_is_told(argv: list[str | Path], tab: Page, shared_data: Path) -> None:
    base_path = shared_data / "tfserving/saved_model_half_plus_two_tflite"
    with serving(*argv, f"--model_base_path={base_path}") as server:
        server.wait_until_open()
        open_page(tab, server)
        tab.choose_file("#file", CAT)
        tab.wait_for(FAILED)
        assert "(501)" in text_of(tab, "failed")
        assert "this model takes no picture" in text_of(tab, "failed")
        assert tab.evaluate("document.getElementById('retry').hidden")


def test_server_that_has_stopped_is_told_until_it_is_back(argv: list[str | Path], tab: Page) -> None:
    port = free_port()
    with serving(*argv, port=port) as server:
        server.wait_until_open()
        open_page(tab, server)
        ask_of_cat(tab)
        server.stop()
    tab.choose_file("#file", COFFEE)
    tab.wait_for(FAILED)
    assert "The server does not answer" in text_of(tab, "failed")
    tab.click("#retry")
    tab.wait_for(FAILED)
    with serving(*argv, port=port) as server:
        server.wait_until_open()
        tab.click("#retry")
        tab.wait_for(ANSWERED)
        assert tab.evaluate(CLASSES)[0][0] == "espresso"
        assert tab.evaluate("document.getElementById('failed').hidden")
