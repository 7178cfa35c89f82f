"""`GET /`: the page where people try pictures, the same file on every server."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from tests.server_process import ROOT, ServerProcess, serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.conftest import Target

FILE = ROOT / "firstserve/web/playground/page.html"
LIMIT_BYTES = 30_000
ENGINES = {
    "server_python_fast": "Python, LiteRT",
    "server_python_slow": "Python, LiteRT or TensorFlow",
    "server_rust_fastest": "Rust, LiteRT",
}


def test_page_is_small_and_needs_nothing_from_elsewhere() -> None:
    page = FILE.read_text()
    assert len(page.encode()) < LIMIT_BYTES
    assert not re.search(
        r"https?:|//\w|url\(|@import|<link(?! rel=\"icon\" href=\"data:,\">)", page.partition("<body>")[0]
    )
    assert not re.search(r"https?:|\bsrc=|\bstyle=|\bon\w+=", page)


def test_page_is_the_file_that_all_servers_have(server: ServerProcess) -> None:
    for path in ("/", "/?utm=x"):
        answer = server.ask("GET", path)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.body == FILE.read_bytes()


def test_head_tells_the_page_without_it(server: ServerProcess) -> None:
    page, head = server.ask("GET", "/"), server.ask("HEAD", "/")
    assert (head.status, head.body) == (200, b"")
    told = [dict(answer.headers.items()) for answer in (page, head)]
    assert told[0].pop("Date")
    assert told[1].pop("Date")
    assert told[0] == told[1]
    assert head.headers["Content-Length"] == str(FILE.stat().st_size)


def test_browser_may_run_what_is_in_the_page_and_nothing_else(server: ServerProcess) -> None:
    headers = server.ask("GET", "/").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Content-Security-Policy"] == (
        f"default-src 'none'; script-src {digest('script')}; style-src {digest('style')}; img-src data: blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    )


def digest(element: str) -> str:
    (content,) = re.findall(f"<{element}>(.*)</{element}>", FILE.read_text(), re.DOTALL)
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"


def test_server_says_which_one_it_is(server: ServerProcess, target: Target) -> None:
    served_by = server.ask("GET", "/").headers["X-Served-By"]
    assert re.fullmatch(rf"firstserve \d+\.\d+\.\d+ \({ENGINES[target.environment]}\)", served_by)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_wrong_method_is_named_with_the_right_ones(server: ServerProcess, method: str) -> None:
    answer = server.ask(method, "/", b"x")
    assert answer.status == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert answer.error.startswith(f"{method} is not allowed here: / takes ")


def test_page_can_be_the_first_that_is_asked_for(target: Target, cat: bytes) -> None:
    with serving(*target.argv()) as server:
        server.wait_until_open()
        assert server.ask("GET", "/").body == FILE.read_bytes()
        first = server.predict(cat)
        assert first.top[0] == 285
        assert "startup;dur=" in first.headers["Server-Timing"]


def test_figures_stand_in_its_place_where_somebody_wants_them_there(target: Target, tmp_path: Path) -> None:
    config = tmp_path / "monitoring.config"
    config.write_text('prometheus_config { enable: true, path: "/" }')
    with serving(*target.argv(), f"--monitoring_config_file={config}") as server:
        server.wait_until_open()
        assert server.ask("GET", "/").body.startswith(b"# TYPE :tensorflow:serving:")
