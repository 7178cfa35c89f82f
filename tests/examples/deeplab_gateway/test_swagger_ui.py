"""The gateway's page in a real browser: a picture is chosen and segmented, and the answer is there to be seen.

SCREENSHOTS=1 writes the pictures of the README.
"""

from __future__ import annotations

import io
import json
import os
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.browser import Page, browsing, find
from tests.examples.deeplab_gateway.running import EXAMPLE, user_of
from tests.server_process import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.server_process import ServerProcess

CAMERA = ROOT / "examples/pictures/camera.jpg"
ROUTE = "#operations-deeplab-post_segment"
LIMIT_BYTES = 150_000
"""Of a picture in a README."""


@pytest.fixture
def page(running: ServerProcess) -> Iterator[Page]:
    """The page, with the route opened to be tried out."""
    command = find()
    if command is None:
        pytest.skip("there is no browser: install chromium-headless-shell")
    with browsing(command) as page:
        page.show_as(1000, 1400)
        page.open(f"http://127.0.0.1:{running.port}/")
        page.wait_for(f"document.querySelector('{ROUTE} .opblock-summary') !== null")
        page.click(f"{ROUTE} .opblock-summary")
        page.wait_for(f"document.querySelector('{ROUTE} .try-out__btn') !== null")
        page.click(f"{ROUTE} .try-out__btn")
        page.wait_for(f"document.querySelector('{ROUTE} input[type=file]') !== null")
        yield page


def test_a_picture_is_segmented_and_its_classes_are_shown(page: Page) -> None:
    page.choose_file(f"{ROUTE} input[type=file]", CAMERA)
    page.click(f"{ROUTE} .execute")
    shown = f"document.querySelector('{ROUTE} .live-responses-table .highlight-code code')"
    answer = json.loads(page.wait_for(f"{shown} && {shown}.textContent"))
    assert [each["label"] for each in answer["classes"][:2]] == ["background", "person"]
    assert page.complaints == []


def test_the_mask_over_the_picture_is_shown(page: Page, running: ServerProcess, camera: bytes) -> None:
    user = user_of(running, "large")
    page.write(f"{ROUTE} [data-param-name=X-User-Id] input", user["X-User-Id"])
    choice = f"document.querySelector('{ROUTE} [data-param-name=format] select')"
    page.evaluate(f"{choice}.value = 'overlay'; {choice}.dispatchEvent(new Event('change', {{bubbles: true}}))")
    page.choose_file(f"{ROUTE} input[type=file]", CAMERA)
    page.click(f"{ROUTE} .execute")
    image = f"document.querySelector('{ROUTE} .live-responses-table img')"
    assert page.wait_for(f"{image} && {image}.naturalWidth") == 512
    assert "x-variant: large" in page.evaluate(f"document.querySelector('{ROUTE} .live-responses-table').textContent")
    assert page.complaints == []
    if os.environ.get("SCREENSHOTS"):
        page.evaluate(f"document.querySelector('{ROUTE}').scrollIntoView()")
        page.screenshot(EXAMPLE / "swagger_ui.png", colours=64)
        overlay = running.ask("POST", "/segment?format=overlay", camera, user).body
        Image.open(io.BytesIO(overlay)).quantize(64).save(EXAMPLE / "overlay.png", optimize=True)
        for name in ("swagger_ui.png", "overlay.png"):
            assert (EXAMPLE / name).stat().st_size < LIMIT_BYTES
