"""What tests do with the browser, on a page of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.server_process import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browser import Page

PAGE = """<!DOCTYPE html><html lang="en"><title>Page</title>
<style>body { background: white; margin: 0 } @media (prefers-color-scheme: dark) { body { background: black } }</style>
<input aria-label="Name" value="before"> <button onclick="document.title = 'pressed'">Press</button>
<canvas width="300" height="150" style="display: block"></canvas>
<script>
  const seen = [], canvas = document.querySelector("canvas");
  for (const kind of ["pointerdown", "pointermove", "pointerup"]) {
    canvas.addEventListener(kind, (event) => seen.push([kind, event.offsetX, event.offsetY, event.buttons]));
  }
  canvas.addEventListener("dragover", (event) => event.preventDefault());
  canvas.addEventListener("drop", (event) => {
    event.preventDefault();
    document.title = [...event.dataTransfer.files].map((file) => file.name + " " + file.size);
  });
  document.querySelector("input").addEventListener("input", (event) => { document.title = event.target.value; });
</script>"""


@pytest.fixture
def page(tab: Page, tmp_path: Path) -> Iterator[Page]:
    file = tmp_path / "page.html"
    file.write_text(PAGE)
    tab.complaints.clear()
    tab.show_as()
    tab.open(file.as_uri())
    yield tab
    assert tab.complaints == []


def test_mouse_is_dragged_along_points(page: Page) -> None:
    left, top = page.middle_of("canvas")
    page.drag([(left, top), (left + 10, top), (left + 10, top + 20)])
    # Before the button is pressed, the mouse comes to the first point.
    assert page.evaluate("seen") == [
        ["pointermove", 150, 75, 0],
        ["pointerdown", 150, 75, 1],
        ["pointermove", 160, 75, 1],
        ["pointermove", 160, 95, 1],
        ["pointerup", 160, 95, 0],
    ]


def test_button_is_clicked(page: Page) -> None:
    page.click("button")
    page.wait_for("document.title === 'pressed'")


def test_text_takes_the_place_of_what_a_field_had(page: Page) -> None:
    page.write("input", "after")
    page.wait_for("document.title === 'after'")
    page.write("input", "")
    page.wait_for("document.title === ''")


@pytest.mark.parametrize("key", ["Enter", " "])
def test_keys_go_to_what_has_the_focus(page: Page, key: str) -> None:
    page.write("input", "x")
    page.press("Tab")
    page.press(key)
    page.wait_for("document.title === 'pressed'")
    page.press("Tab", shift=True)
    assert page.evaluate("document.activeElement.tagName") == "INPUT"


def test_file_is_dropped(page: Page) -> None:
    picture = ROOT / "examples/pictures/cat.jpg"
    page.drop_file("canvas", picture)
    page.wait_for(f"document.title === 'cat.jpg {picture.stat().st_size}'")


def test_screenshot_shows_the_window_as_it_is_asked_for(page: Page, tmp_path: Path) -> None:
    page.show_as(360, 200, "dark", phone=True, scale=2)
    page.screenshot(tmp_path / "page.png")
    with Image.open(tmp_path / "page.png") as picture:
        assert picture.size == (720, 400)
        assert picture.convert("RGB").getpixel((700, 390)) == (0, 0, 0)
    assert page.evaluate("navigator.maxTouchPoints") > 0


def test_names_are_those_of_a_screen_reader(page: Page) -> None:
    assert {("textbox", "Name"), ("button", "Press")} <= set(page.names())
