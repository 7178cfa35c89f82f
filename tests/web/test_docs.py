"""/docs in a real browser, against a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tests.server_process import environment_python, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browser import Page
    from tests.server_process import ServerProcess

PAGE_LIMIT_BYTES = 30_000


@pytest.fixture(scope="module")
def server(tflite_model: Path) -> Iterator[ServerProcess]:
    python = environment_python("server_python_fast", "server_python_fast/requirements.txt")
    with serving(
        python, "-m", "firstserve", "serve", f"--model_base_path={tflite_model}", "--model_name=mobilenet"
    ) as server:
        server.wait_until_open()
        assert server.ask("GET", "/v2/health/ready").status == 200
        yield server


@pytest.fixture
def page(tab: Page, server: ServerProcess) -> Iterator[Page]:
    """The page as it is when it has just been opened. The browser must have had nothing to complain about."""
    tab.complaints.clear()
    tab.open(f"http://127.0.0.1:{server.port}/docs")
    tab.wait_for("document.querySelectorAll('details').length > 10")
    yield tab
    assert tab.complaints == []


def open_operation(page: Page, name: str) -> str:
    """Unfolds an operation, and gives its selector."""
    page.evaluate(f"document.getElementById('{name}').open = true")
    page.wait_for(f"document.querySelector('#{name} form') !== null")
    return f"#{name}"


def test_page_is_small_and_forbids_what_is_not_in_it(server: ServerProcess) -> None:
    answer = server.ask("GET", "/docs")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert len(answer.body) < PAGE_LIMIT_BYTES
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert b"http://" not in answer.body
    assert b"https://" not in answer.body


def test_page_shows_every_operation_and_schema(page: Page, server: ServerProcess) -> None:
    document = server.ask("GET", "/openapi.json").json
    operations = {method["operationId"] for path in document["paths"].values() for method in operations_of(path)}
    schemas = {f"schema-{name}" for name in document["components"]["schemas"]}
    shown = page.evaluate("[...document.querySelectorAll('details')].map((each) => each.id)")
    assert set(shown) == operations | schemas


def operations_of(path: dict[str, dict[str, str]]) -> list[dict[str, str]]:
    return [path[method] for method in ("get", "post") if method in path]


def test_every_operation_unfolds(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    page.wait_for(
        "document.querySelectorAll('form').length === document.querySelectorAll('span.get, span.post').length"
    )


def test_request_is_tried_by_keyboard_alone(page: Page) -> None:
    page.evaluate("document.querySelector('#status summary').focus()")
    page.press("Enter")
    page.wait_for("document.querySelector('#status form') !== null")
    page.press("Tab")
    assert page.evaluate("document.activeElement.value") == "mobilenet"
    page.press("Enter")
    answer = page.wait_for("document.querySelector('#status form [role=status] pre')?.textContent")
    assert '"state": "AVAILABLE"' in answer


def test_picture_is_tried(page: Page) -> None:
    form = open_operation(page, "predictPicture")
    page.choose_file(f"{form} input[type=file]", ROOT / "examples/pictures/cat.jpg")
    page.evaluate(f"document.querySelector('{form} button').click()")
    assert '"class": 285' in page.wait_for(f"document.querySelector('{form} [role=status] pre')?.textContent")
    assert "200 OK" in page.evaluate(f"document.querySelector('{form} [role=status] strong').textContent")


def test_error_is_shown_as_one(page: Page) -> None:
    form = open_operation(page, "status")
    page.evaluate(f"document.querySelector('{form} input').value = 'a/b c'")
    page.evaluate(f"document.querySelector('{form} button').click()")
    assert "Could not find any versions of model a/b c" in page.wait_for(
        f"document.querySelector('{form} [role=status] pre')?.textContent"
    )
    assert page.evaluate(f"document.querySelector('{form} [role=status] strong').className") == "bad"
    # Chromium logs every answer of 400 and above.
    page.complaints.clear()


def test_curl_says_what_the_form_sends(page: Page) -> None:
    form = open_operation(page, "predict")
    page.evaluate(
        f"const body = document.querySelector('{form} textarea'); body.value = \"it's\";"
        "body.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    curl = page.evaluate(f"document.querySelector('{form} pre').textContent")
    assert curl.startswith("curl -d 'it'\\''s' 'http://127.0.0.1:")
    assert curl.endswith("/v1/models/mobilenet:predict'")


def test_link_to_an_operation_opens_it(tab: Page, server: ServerProcess) -> None:
    tab.open("about:blank")
    tab.open(f"http://127.0.0.1:{server.port}/docs#metadata")
    tab.wait_for("document.querySelector('#metadata form') !== null")


def test_page_is_dark_where_the_reader_wants_it_dark(page: Page) -> None:
    shades = []
    for scheme in ("light", "dark"):
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        shades.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert shades == ["rgb(255, 255, 255)", "rgb(20, 23, 27)"]
