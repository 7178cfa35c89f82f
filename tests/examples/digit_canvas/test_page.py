"""The page in a real browser: digits are drawn with the mouse, and a real server says which they are."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.examples.digit_canvas import strokes
from tests.examples.digit_canvas.conftest import DIGIT_CANVAS, recognizing
from tests.server_process import environment_python, free_port, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser import Page
    from tests.examples.digit_canvas.conftest import FirstRun
    from tests.server_process import ServerProcess

# The canvas is in the shadow tree of Streamlit's component.
TREES = "[...document.querySelectorAll('*')].map((each) => each.shadowRoot).filter(Boolean)"
CANVASES = f"{TREES}.map((tree) => tree.querySelector('.upper-canvas')).filter(Boolean)"
CANVAS = f"{CANVASES}[0]"
INK = f"""(() => {{
  const canvas = {TREES}.map((tree) => tree.querySelector('.dc-canvas.lower-canvas')).filter(Boolean)[0];
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  return pixels.some((value, place) => place % 4 === 0 && value < 128 && pixels[place + 3] > 128);
}})()"""
"""Whether something is drawn."""
DIGIT = "document.querySelector('.digit')?.textContent"
SCORES = "[...document.querySelectorAll('.score')].map((each) => parseFloat(each.textContent))"
HINT = "document.body.innerText.includes('Draw a digit, 0 to 9')"


class Server:
    """A server that can be stopped, and started again where it was."""

    def __init__(self, first_run: FirstRun) -> None:
        self._folder = first_run.folder
        self._running = ExitStack()
        self.port = free_port()

    def start(self) -> ServerProcess:
        return self._running.enter_context(recognizing("server_python_fast", self._folder, self.port))

    def stop(self) -> None:
        self._running.close()


@pytest.fixture(scope="module")
def server(first_run: FirstRun) -> Iterator[Server]:
    server = Server(first_run)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def address(server: Server) -> Iterator[str]:
    python = environment_python("example_digit_canvas", "examples/digit_canvas/requirements.txt")
    port = free_port()
    options = ("--server.headless=true", "--server.address=127.0.0.1", f"--server.port={port}")
    quiet = ("--browser.gatherUsageStats=false", "--client.toolbarMode=minimal")
    settings = {"SERVER": f"http://localhost:{server.port}"}
    command = (python, "-m", "streamlit", "run", DIGIT_CANVAS / "app.py", *options, *quiet)
    with serving(*command, environment=settings, port=port) as page:
        page.wait_until_open()
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def page(tab: Page, address: str) -> Iterator[Page]:
    """The page with an empty canvas. The browser must have had nothing to complain about."""
    tab.complaints.clear()
    tab.show_as(800, 600)
    tab.open(address)
    tab.wait_for(CANVAS + " !== undefined")
    tab.wait_for(HINT)
    yield tab
    assert tab.complaints == []


def draw(page: Page, drawn: strokes.Drawn) -> None:
    box = page.evaluate(f"(() => {{ const box = {CANVAS}.getBoundingClientRect(); return [box.x, box.y]; }})()")
    first, *others = [[(box[0] + left, box[1] + top) for left, top in stroke.tolist()] for stroke in drawn.strokes]
    page.drag(first)
    # A canvas that is there may not listen to the mouse yet, and nothing tells when it does.
    while not page.evaluate(INK):
        page.drag(first)
    for stroke in others:
        page.drag(stroke)


def clear(page: Page) -> None:
    page.evaluate(f"window.before = {CANVAS}")
    page.click(".st-key-clear button")
    # For a moment the old one is still there, and the new one below it.
    page.wait_for(f"{CANVASES}.length === 1 && {CANVAS} !== window.before")
    page.wait_for(HINT)


@pytest.mark.parametrize("digit", strokes.MANNERS)
def test_digit_that_is_drawn_is_recognised(page: Page, digit: int) -> None:
    draw(page, strokes.neat(digit))
    page.wait_for(f"{DIGIT} === '{digit}'")
    # The bars come after the digit, and after each stroke anew.
    page.wait_for(f"{SCORES}.length === 10 && {SCORES}[{digit}] === Math.max(...{SCORES})")
    assert sum(page.evaluate(SCORES)) == pytest.approx(100, abs=0.5)
    page.wait_for("/Answered in [\\d.]+ ms by version 1 of digit_recognizer/.test(document.body.innerText)")


def test_digits_are_drawn_one_after_the_other(page: Page) -> None:
    for digit in (2, 7, 4):
        draw(page, strokes.neat(digit))
        page.wait_for(f"{DIGIT} === '{digit}'")
        clear(page)


def test_another_pen_leaves_the_drawing(page: Page) -> None:
    draw(page, strokes.neat(3))
    page.wait_for(f"{DIGIT} === '3'")
    page.evaluate("document.querySelector('[data-testid=stSlider] input').focus()")
    page.press("ArrowRight")
    page.wait_for("document.querySelector('[data-testid=stSliderThumbValue]').textContent === '21'")
    draw(page, strokes.Drawn([strokes.line((100, 140), (101, 141))], 20))
    page.wait_for(f"{DIGIT} === '3'")
    assert not page.evaluate(HINT)


def test_dot_is_no_digit_yet(page: Page) -> None:
    draw(page, strokes.Drawn([strokes.line((140, 140), (141, 141))], 20))
    draw(page, strokes.Drawn([strokes.line((142, 142), (143, 143))], 20))
    assert page.evaluate(HINT)
    assert page.evaluate(DIGIT) is None


def test_stopped_server_is_told_and_one_that_is_back_answers(page: Page, server: Server) -> None:
    draw(page, strokes.neat(0))
    page.wait_for(f"{DIGIT} === '0'")
    clear(page)
    server.stop()
    draw(page, strokes.neat(8))
    page.wait_for("document.body.innerText.includes('There is no answer from the server. Your drawing stays')")
    page.wait_for(f"document.body.innerText.includes('nobody listens at http://localhost:{server.port}')")
    assert page.evaluate(DIGIT) is None
    server.start()
    page.wait_for(f"{DIGIT} === '8'")


@pytest.mark.skipif("SCREENSHOTS" not in os.environ, reason="writes the picture of the README: set SCREENSHOTS=1")
def test_screenshot(page: Page) -> None:
    page.show_as(800, 690, scale=2)
    draw(page, strokes.by_hand(9, 0, np.random.default_rng(15)))
    page.wait_for(f"{DIGIT} === '9'")
    page.wait_for("document.querySelector('.digit + img').complete")
    page.screenshot(DIGIT_CANVAS / "screenshot.png", colours=64)
    assert (DIGIT_CANVAS / "screenshot.png").stat().st_size < 150_000
