"""What the playground shows of an answer: classes, who has answered, times, the curl line."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.server_process import free_port, serving
from tests.web.playground.conftest import command
from tests.web.playground.trying import ANSWERED, CAT, CLASSES, LANES, ask_of_cat, milliseconds, open_page, text_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser import Page
    from tests.server_process import ServerProcess


def test_chosen_picture_is_answered_with_bars(page: Page, server: ServerProcess) -> None:
    ask_of_cat(page)
    told = server.predict(CAT.read_bytes()).json["predictions"]
    shown = page.evaluate(CLASSES)
    assert [name for name, _ in shown] == [each["label"] for each in told]
    assert shown[0] == ["Egyptian cat", f"{told[0]['score'] * 100:.1f} %"]
    assert shown[-1][1] == "< 0.1 %"
    shares = page.evaluate(
        "[...document.querySelectorAll('.bar')].map((bar) => bar.firstChild.offsetWidth / bar.offsetWidth)"
    )
    assert shares == pytest.approx([each["score"] for each in told], abs=0.01)


def test_model_version_and_server_are_named(page: Page, server: ServerProcess) -> None:
    ask_of_cat(page)
    served_by = server.ask("HEAD", "/").headers["X-Served-By"]
    facts = page.evaluate("[...document.querySelectorAll('#who div')].map((each) => each.innerText.split('\\n'))")
    assert facts == [["Model", "mobilenet"], ["Version", "1"], ["Server", served_by]]


def test_server_that_has_taken_the_place_of_another_is_named(tab: Page, saved_model: Path, tflite_model: Path) -> None:
    port = free_port()
    shown: list[str] = []
    for runtime, base_path in (("litert", tflite_model), ("tensorflow", saved_model)):
        with serving(*command(runtime, base_path), port=port) as server:
            server.wait_until_open()
            if not shown:
                open_page(tab, server)
            ask_of_cat(tab)
            shown.append(tab.evaluate("document.querySelector('#who div:last-child dd').innerText"))
    assert [name.partition(" (")[2] for name in shown] == ["Python, LiteRT)", "Python, TensorFlow)"]


def test_scores_that_are_no_shares_are_shown_as_they_are(page: Page) -> None:
    page.evaluate(
        "answer({model: 'm', version: '1', predictions: [{class: 1, score: 12.5}, {class: 2, score: -3}]}, '', 1)"
    )
    assert page.evaluate(CLASSES) == [["Class 1", "12.5"], ["Class 2", "-3"]]
    assert page.evaluate("[...document.querySelectorAll('.bar i')].map((bar) => bar.style.width)") == ["100%", "0%"]
    assert page.evaluate(LANES) == []


def test_times_add_up_to_the_total(page: Page) -> None:
    ask_of_cat(page)
    page.evaluate("ask()")
    lanes = page.evaluate(LANES)
    assert [name for name, _ in lanes] == ["Network", "Decode", "Inference"]
    total = milliseconds(text_of(page, "total"))
    assert sum(milliseconds(lasted) for _, lasted in lanes) == pytest.approx(total, abs=0.01)
    # Each bar begins where the one before it ends, and the last one ends at the end.
    edges = page.evaluate(
        "[...document.querySelectorAll('.lane')].map((lane) => { const box = lane.firstChild.getBoundingClientRect(),"
        "bar = lane.querySelector('i').getBoundingClientRect();"
        "return [(bar.left - box.left) / box.width, (bar.right - box.left) / box.width]; })"
    )
    assert [begin for begin, _ in edges] == pytest.approx([0, *(end for _, end in edges[:-1])], abs=0.02)
    assert edges[-1][1] == pytest.approx(1, abs=0.02)


def test_start_is_shown_in_the_first_answer_of_a_process(argv: list[str | Path], tab: Page) -> None:
    with serving(*argv) as server:
        server.wait_until_open()
        open_page(tab, server)
        ask_of_cat(tab)
        lanes = tab.evaluate(LANES)
        assert [name for name, _ in lanes] == ["Network", "Start", "Decode", "Inference"]
        total = milliseconds(text_of(tab, "total"))
        assert sum(milliseconds(lasted) for _, lasted in lanes) == pytest.approx(total, abs=0.01)
        assert "first answer of the server's process" in text_of(tab, "began")
        tab.evaluate("ask()")
        assert tab.evaluate("document.getElementById('began').hidden")


@pytest.mark.parametrize(
    ("told", "start_ms"),
    [
        # The process began within the request: from there to the decoding all was its start.
        ("{startup: 80, request_read: 60, decoded: 92, first_run: 100, decode: 2, inference: 8}", 90.0),
        # It began long before: the request has waited from when it was there.
        ("{startup: 700, request_read: 600, decoded: 702, first_run: 710, decode: 2, inference: 8}", 100.0),
        ("{startup: 700, request_read: 900, decoded: 902, first_run: 910, decode: 2, inference: 8}", 0.0),
    ],
)
def test_start_is_what_the_request_has_waited_for_it(page: Page, told: str, start_ms: float) -> None:
    page.evaluate(f"draw({told}, 150)")
    lanes = dict(page.evaluate(LANES.replace("innerText", "textContent")))
    assert milliseconds(lanes["Start"]) == start_ms
    assert sum(map(milliseconds, lanes.values())) == 150


@pytest.mark.parametrize("name", ["cat.jpg", "it's a cat; $HOME & co.jpg"])
def test_curl_line_gets_the_same_answer(page: Page, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(CAT.read_bytes())
    page.choose_file("#file", tmp_path / name)
    page.wait_for(ANSWERED)
    page.click("summary")
    page.write("[name=top_k]", "2")
    page.press("Enter")
    page.wait_for(f"({CLASSES}).length === 2")
    page.click("#copy")
    page.wait_for("document.getElementById('copy').innerText === 'Copied'")
    line = page.evaluate("navigator.clipboard.readText()")
    assert line == text_of(page, "curl")
    assert shlex.split(line)[2] == f"@{name}"
    run = subprocess.run(["bash", "-c", line], cwd=tmp_path, check=True, capture_output=True)
    told = json.loads(run.stdout)["predictions"]
    assert page.evaluate(CLASSES) == [[each["label"], f"{each['score'] * 100:.1f} %"] for each in told]
