"""What the playground says where there is no answer, and how it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
