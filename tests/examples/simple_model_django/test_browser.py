"""The site as a person sees it: gunicorn serves it, a server calculates, a browser shows it."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import pytest

from tests.browser import LIMIT_S
from tests.examples.conftest import script
from tests.examples.simple_model_django.conftest import SITE, serving_models
from tests.server_process import free_port, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browser import Page
    from tests.server_process import ServerProcess

ROW = "document.querySelector('.outcome tr')?.innerText.replace(/\\s+/g, ' ')"
VERSION = "document.querySelector('.outcome strong')?.textContent"
FOCUS = "document.activeElement.name || document.activeElement.className || document.activeElement.tagName"


@contextmanager
def serving_site(grpc_port: int) -> Iterator[ServerProcess]:
    port = free_port()
    settings = {
        "DJANGO_SETTINGS_MODULE": "examples.simple_model_django.settings",
        "MODEL_SERVER": f"grpc://127.0.0.1:{grpc_port}",
    }
    gunicorn = [
        sys.executable,
        "-P",
        "-m",
        "gunicorn",
        "--threads",
        "8",
        "--no-control-socket",
        f"--bind=127.0.0.1:{port}",
    ]
    with serving(*gunicorn, "django.core.wsgi:get_wsgi_application()", environment=settings, port=port) as site:
        site.wait_until_open()
        yield site


@pytest.fixture(scope="module")
def grpc_port(exported: Path) -> Iterator[int]:
    port = free_port()
    with serving_models(exported, port):
        yield port


@pytest.fixture(scope="module")
def site(grpc_port: int) -> Iterator[ServerProcess]:
    with serving_site(grpc_port) as site:
        yield site


@pytest.fixture
def page(tab: Page, site: ServerProcess) -> Iterator[Page]:
    """The page as it is when it has just been opened. The browser must have had nothing to complain about."""
    tab.complaints.clear()
    tab.show_as()
    tab.open(f"http://127.0.0.1:{site.port}/")
    yield tab
    assert tab.complaints == []


def wait_for_focus(page: Page, name: str) -> None:
    """A page that is there gives it to an element when it is next drawn."""
    page.wait_for(f"({FOCUS}) === {name!r}")


def submit(page: Page) -> None:
    """Enter, in a field; returns once the next page is there."""
    page.evaluate("window.asked = true")
    page.press("Enter")
    page.wait_for("window.asked === undefined && document.readyState === 'complete'")


def submit_until(page: Page, script: str) -> None:
    """As a person does who has been told to try again in a moment."""
    deadline_s = time.monotonic() + LIMIT_S
    while not page.evaluate(script):
        assert time.monotonic() < deadline_s, page.evaluate("document.body.innerText")
        page.evaluate("document.querySelector('[name=a]').focus()")
        submit(page)


def type_numbers(page: Page, a: str, b: str) -> None:
    for name, text in (("a", a), ("b", b)):
        page.write(f"[name={name}]", text)


def test_a_calculation_is_made_by_keyboard_alone(page: Page) -> None:
    page.press("Tab")
    wait_for_focus(page, "operation")
    page.press("ArrowRight")
    page.press("ArrowRight")
    for name, text in (("a", "1.5, 3"), ("b", "2.25 -3")):
        page.press("Tab")
        wait_for_focus(page, name)
        page.call("Input.insertText", text=text)
    page.press("Tab")
    wait_for_focus(page, "asked")
    page.press("ArrowRight")
    page.press("Tab")
    wait_for_focus(page, "BUTTON")
    submit(page)
    assert page.evaluate(ROW) == "1.5 \N{MULTIPLICATION SIGN} 2.25 = 3.375"
    assert page.evaluate(VERSION) == "version 2"
    wait_for_focus(page, "outcome")
    assert page.evaluate("[...document.querySelectorAll(':checked')].map((field) => field.value)") == [
        "multiply",
        "canary",
    ]


def test_a_screen_reader_is_told_of_every_field_and_of_the_answer(page: Page) -> None:
    names = page.names()
    for told in [
        ("group", "Operation"),
        ("radio", "Subtract \N{MINUS SIGN}"),
        ("textbox", "First number"),
        ("textbox", "Second number"),
        ("group", "Version"),
        ("radio", "Canary"),
        ("button", "Calculate"),
    ]:
        assert told in names
    type_numbers(page, "1.5", "2.25")
    submit(page)
    assert ("region", "Answer") in page.names()


def test_another_version_is_named(page: Page) -> None:
    assert not page.evaluate("document.querySelector('[name=other]').checkVisibility()")
    page.click("label:has([value=other])")
    assert page.evaluate("document.querySelector('[name=other]').checkVisibility()")
    page.write("[name=other]", "2")
    type_numbers(page, "1.5", "2.25")
    submit(page)
    assert page.evaluate(VERSION) == "version 2"
    assert page.evaluate("document.querySelector('[name=other]').value") == "2"


def test_what_is_wrong_is_told_where_it_is(page: Page) -> None:
    type_numbers(page, "1.5", "two")
    submit(page)
    assert page.evaluate("document.title").startswith("Not understood")
    wait_for_focus(page, "b")
    message = page.evaluate(
        "document.getElementById(document.activeElement.getAttribute('aria-describedby').split(' ')[1]).innerText"
    )
    assert message == "“two” is not a number: write it like 2, -1.5 or 3e4."
    # Chromium logs every answer of 400 and above.
    page.complaints.clear()


def test_a_label_that_moves_is_followed(tab: Page, exported: Path) -> None:
    port = free_port()
    with (
        serving_models(exported, port, "tflite", "--model_config_file_poll_wait_seconds=1"),
        serving_site(port) as site,
    ):
        tab.open(f"http://127.0.0.1:{site.port}/")
        type_numbers(tab, "1.5", "2.25")
        submit(tab)
        assert tab.evaluate(VERSION) == "version 1"
        try:
            assert script("release.sh", "--stable", "2", "--out", exported).returncode == 0
            submit_until(tab, f"{VERSION} === 'version 2'")
            assert tab.evaluate(ROW) == "1.5 + 2.25 = 3.75"
        finally:
            assert script("release.sh", "--stable", "1", "--out", exported).returncode == 0


def test_a_server_that_stops_and_starts_again(tab: Page, exported: Path) -> None:
    port = free_port()
    with serving_site(port) as site:
        tab.open(f"http://127.0.0.1:{site.port}/")
        with serving_models(exported, port):
            type_numbers(tab, "1.5", "2.25")
            submit(tab)
            assert tab.evaluate(ROW) == "1.5 + 2.25 = 4"
        tab.evaluate("document.querySelector('[name=a]').focus()")
        submit(tab)
        assert tab.evaluate("document.querySelector('.trouble p').textContent") == (
            "The model server cannot be reached just now: try again in a moment."
        )
        wait_for_focus(tab, "outcome trouble")
        assert tab.evaluate("document.querySelector('[name=a]').value") == "1.5"
        with serving_models(exported, port):
            submit_until(tab, f"{VERSION} === 'version 1'")
            assert tab.evaluate(ROW) == "1.5 + 2.25 = 4"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out_on_a_phone(page: Page, scheme: Literal["light", "dark"]) -> None:
    page.show_as(320, 640, scheme, phone=True)
    type_numbers(page, " ".join(["12345.678"] * 20), " ".join(["3e38"] * 20))
    submit(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"
    assert dark == (scheme == "dark")


def test_a_picture_of_it_can_be_taken(page: Page, tmp_path: Path) -> None:
    page.show_as(720, 840)
    page.click("label:has([value=canary])")
    type_numbers(page, "1.5, -2, 3", "2.25, 2, -3.75")
    submit(page)
    file = (SITE if os.environ.get("SCREENSHOTS") == "1" else tmp_path) / "screenshot.png"
    page.screenshot(file, colours=64)
    assert file.stat().st_size < 150_000
