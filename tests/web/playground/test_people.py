"""The playground for everybody: by keyboard, by ear, in the dark, on a phone."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from tests.server_process import ROOT
from tests.web.playground.trying import ANSWERED, CAT, CLASSES, FAILED, ask_of_cat, text_of

if TYPE_CHECKING:
    from tests.browser import Page

SCREENSHOT = ROOT / "docs/playground.png"
SCREENSHOT_LIMIT_BYTES = 150_000


def test_everything_is_done_by_keyboard(page: Page) -> None:
    def tab_to(name: str) -> None:
        for _ in range(20):
            page.press("Tab")
            if page.evaluate("document.activeElement.innerText || document.activeElement.name") == name:
                return
        pytest.fail(f"{name} never gets the focus")

    page.expect_file_chooser()
    tab_to("Choose a picture")
    page.press("Enter")
    page.answer_file_chooser(CAT)
    page.wait_for(ANSWERED)
    assert page.evaluate("document.activeElement.innerText") == "Choose a picture"
    tab_to("Model and version")
    page.press("Enter")
    tab_to("top_k")
    page.write("[name=top_k]", "1")
    page.press("Enter")
    page.wait_for(f"({CLASSES}).length === 1")
    tab_to("Copy")
    page.press(" ")
    page.wait_for("document.getElementById('copy').innerText === 'Copied'")


def test_screen_reader_is_told_names_and_what_happens(page: Page) -> None:
    ask_of_cat(page)
    page.click("summary")
    names = page.names()
    assert {
        ("heading", "Show it a picture"),
        ("region", "Picture"),
        ("image", "cat.jpg"),
        ("button", "Choose a picture"),
        ("button", "Use the camera"),
        ("textbox", "Model"),
        ("textbox", "Version"),
        ("textbox", "Classes"),
        ("region", "What it shows"),
        ("region", "Time"),
        ("rowheader", "Inference"),
        ("region", "The same by curl"),
        ("button", "Copy"),
    } <= set(names)
    assert [role for role, name in names if role in {"button", "textbox", "link", "image", "region"} and not name] == []
    assert re.fullmatch(r"Egyptian cat, 56\.1 %, in [\d.,]+ ms\.", text_of(page, "said"))
    assert page.evaluate("document.getElementById('said').role || document.getElementById('said').ariaLive") == "status"


CONTRASTS = """(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const light = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) =>
      (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    return colour === "rgba(0, 0, 0, 0)" ? ground(element.parentElement) : colour;
  };
  const isText = (node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim();
  return [...document.querySelectorAll("body *")]
    .filter((each) => each.checkVisibility() && [...each.childNodes].some(isText))
    .map((each) => {
      const [dark, bright] = [light(getComputedStyle(each).color), light(ground(each))].sort((a, b) => a - b);
      return [each.innerText, (bright + 0.05) / (dark + 0.05)];
    });
})()"""
"""Every text with its contrast, as the Web Content Accessibility Guidelines 2.2 count it."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_both_colour_schemes(page: Page, scheme: str) -> None:
    page.show_as(1200, 1000, "dark" if scheme == "dark" else "light")
    ask_of_cat(page)
    page.evaluate(
        "fail('The server could not answer', 'why', true); document.getElementById('answered').hidden = false"
    )
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 25
    assert [text for text, contrast in contrasts if contrast < 4.5] == []
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(244, 245, 247)", "dark": "rgb(14, 17, 20)"}[scheme]


def test_page_fits_a_phone(page: Page) -> None:
    page.show_as(360, 740, phone=True)
    widths = [page.evaluate("document.documentElement.scrollWidth")]
    ask_of_cat(page)
    page.click("summary")
    widths.append(page.evaluate("document.documentElement.scrollWidth"))
    page.write("[name=model]", "m" * 200)
    page.press("Enter")
    page.wait_for(FAILED)
    widths.append(page.evaluate("document.documentElement.scrollWidth"))
    page.complaints.clear()
    assert widths == [360, 360, 360]
    small = page.evaluate(
        "[...document.querySelectorAll('button:not(.unseen), input:not([hidden])')].filter((each) =>"
        "each.checkVisibility() && each.offsetHeight < 32).map((each) => each.outerHTML)"
    )
    assert small == []


@pytest.mark.parametrize("height", [400, 568, 740])
def test_answer_is_in_sight_on_a_phone(page: Page, height: int) -> None:
    page.show_as(360, height, phone=True)
    ask_of_cat(page)
    top = page.evaluate("document.getElementById('classes').getBoundingClientRect().top")
    assert 0 <= top < height - 100


@pytest.mark.skipif(os.environ.get("SCREENSHOTS") != "1", reason="SCREENSHOTS=1 writes docs/playground.png")
def test_screenshot_is_small(page: Page) -> None:
    page.show_as(1200, 890)
    ask_of_cat(page)
    for _ in range(5):
        page.evaluate("ask()")
    page.wait_for("document.getAnimations().length === 0")
    page.screenshot(SCREENSHOT)
    assert SCREENSHOT.stat().st_size < SCREENSHOT_LIMIT_BYTES
