"""Two variants at once: users, shares and figures, as a client of the running gateway sees them."""

from __future__ import annotations

import math
import os
import re
import signal
import time
from collections import Counter
from http.cookies import SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.examples.deeplab_gateway.running import gateway, share, user_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.server_process import ServerProcess

LIMIT_S = 30
VERSIONS = {"small": 1, "large": 2}


def variant(gateway: ServerProcess, user_id: str) -> str:
    return str(gateway.ask("GET", "/variant", headers={"X-User-Id": user_id}).json["variant"])


def figures(gateway: ServerProcess) -> dict[str, float]:
    """What /metrics shows, by name and labels."""
    answer = gateway.ask("GET", "/metrics")
    assert answer.status == 200
    return {name: float(value) for name, value in re.findall(r"^([^# ].*) (\S+)$", answer.body.decode(), re.MULTILINE)}


@pytest.fixture
def shares(tmp_path: Path) -> Path:
    return share(tmp_path / "shares.json", small=90, large=10)


@pytest.fixture
def own(shares: Path, server_port: int) -> Iterator[ServerProcess]:
    """A gateway whose shares the test may change."""
    with gateway(shares, server_port) as process:
        yield process


def test_a_thousand_users_get_their_shares_and_keep_them(own: ServerProcess) -> None:
    users = [str(number) for number in range(1000)]
    first = {user: variant(own, user) for user in users}
    deviation = math.sqrt(1000 * 0.9 * 0.1)
    assert abs(Counter(first.values())["small"] - 900) < 3 * deviation
    assert all(variant(own, user) == first[user] for user in users[::10])


@pytest.mark.parametrize("name", VERSIONS)
def test_the_variant_of_the_user_answers_and_says_so(running: ServerProcess, camera: bytes, name: str) -> None:
    user = user_of(running, name)
    answers = [running.ask("POST", f"/segment?format={each}", camera, user) for each in ("json", "mask", "overlay")]
    assert [answer.headers["X-Variant"] for answer in answers] == [name] * 3
    assert [answer.headers["X-Model-Version"] for answer in answers] == [str(VERSIONS[name])] * 3
    assert answers[0].json["variant"] == name
    assert answers[0].json["version"] == VERSIONS[name]


def test_who_has_no_id_gets_one_in_a_cookie_and_keeps_the_variant(running: ServerProcess) -> None:
    answers = [running.ask("GET", "/variant") for _ in range(20)]
    cookies = [SimpleCookie(answer.headers["Set-Cookie"])["deeplab_user"] for answer in answers]
    assert len({cookie.value for cookie in cookies}) == len(cookies)
    for answer, cookie in zip(answers, cookies, strict=True):
        again = running.ask("GET", "/variant", headers={"Cookie": f"deeplab_user={cookie.value}"})
        assert again.json == answer.json
        assert "Set-Cookie" not in again.headers


def test_the_header_wins_over_the_cookie(running: ServerProcess) -> None:
    answer = running.ask("GET", "/variant", headers={"X-User-Id": "anna", "Cookie": "deeplab_user=berta"})
    assert answer.json["user"] == "anna"


def test_a_user_id_beyond_all_measure_is_refused(running: ServerProcess) -> None:
    answer = running.ask("GET", "/variant", headers={"X-User-Id": "x" * 201})
    assert answer.status == 400
    assert "201 characters" in answer.error


def test_a_change_of_the_shares_needs_no_restart(own: ServerProcess, shares: Path, camera: bytes) -> None:
    user = user_of(own, "small")
    share(shares, small=0, large=100)
    assert own.ask("GET", "/shares").json == {"shares": {"small": 0, "large": 100}, "problem": None}
    assert own.ask("POST", "/segment", camera, user).json["variant"] == "large"


def test_a_broken_file_changes_nothing_and_is_told_of(own: ServerProcess, shares: Path) -> None:
    shares.write_text('{"small": 50, "large": 60}')
    answer = own.ask("GET", "/shares").json
    assert answer["shares"] == {"small": 90, "large": 10}
    assert answer["problem"] == "the shares add up to 110: expected 100"
    assert figures(own)["deeplab_gateway_shares_file_broken"] == 1
    assert "the shares add up to 110" in own.log
    share(shares, small=50, large=50)
    assert own.ask("GET", "/shares").json["problem"] is None
    assert figures(own)["deeplab_gateway_shares_file_broken"] == 0


def test_a_worker_that_is_started_again_knows_the_last_good_shares(own: ServerProcess, shares: Path) -> None:
    """It starts while the file is broken."""
    assert own.ask("GET", "/shares").status == 200
    shares.write_text("{")
    pid = own.process.pid
    worker = int(Path(f"/proc/{pid}/task/{pid}/children").read_text())
    os.kill(worker, signal.SIGKILL)
    deadline_s = time.monotonic() + LIMIT_S
    while Path(f"/proc/{worker}").exists():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)  # between two looks; nothing tells of its end
    assert own.ask("GET", "/shares").json["shares"] == {"small": 90, "large": 10}


def test_requests_and_latencies_of_each_variant_are_counted(own: ServerProcess, camera: bytes) -> None:
    small, large = user_of(own, "small"), user_of(own, "large")
    for user in (small, large, large):
        assert own.ask("POST", "/segment", camera, user).status == 200
    measured = figures(own)
    for name, count in (("small", 1), ("large", 2)):
        assert measured[f'deeplab_gateway_requests_total{{status="200",variant="{name}"}}'] == count
        assert measured[f'deeplab_gateway_inference_seconds_count{{variant="{name}"}}'] == count
        assert measured[f'deeplab_gateway_inference_seconds_sum{{variant="{name}"}}'] > 0
    assert measured['deeplab_gateway_share_percent{variant="small"}'] == 90
    assert measured['deeplab_gateway_share_percent{variant="large"}'] == 10
