"""What a person does with the playground, and what it then shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.server_process import ROOT

if TYPE_CHECKING:
    from tests.browser import Page
    from tests.server_process import ServerProcess


PICTURES = ROOT / "examples/pictures"
CAT = PICTURES / "cat.jpg"
COFFEE = PICTURES / "coffee.jpg"
ANSWERED = "!document.body.classList.contains('asking') && !document.getElementById('answered').hidden"
FAILED = "!document.body.classList.contains('asking') && !document.getElementById('failed').hidden"
CLASSES = "[...document.querySelectorAll('#classes li')].map((each) => each.innerText.split('\\n').filter(Boolean))"
LANES = "[...document.querySelectorAll('#lanes tr')].map((each) => [each.cells[0].innerText, each.cells[2].innerText])"


def open_page(tab: Page, server: ServerProcess) -> None:
    tab.complaints.clear()
    tab.allow("clipboardReadWrite", "clipboardSanitizedWrite")
    tab.show_as(1200, 1000)
    tab.open(f"http://127.0.0.1:{server.port}/")
    tab.wait_for("!document.getElementById('server').hidden")


def text_of(page: Page, name: str) -> str:
    return str(page.evaluate(f"document.getElementById({name!r}).innerText.trim()"))


def ask_of_cat(page: Page) -> None:
    page.choose_file("#file", CAT)
    page.wait_for(ANSWERED)


def milliseconds(text: str) -> float:
    return float(text.removesuffix(" ms").replace(",", ""))
