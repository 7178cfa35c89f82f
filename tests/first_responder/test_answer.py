"""The bytes of an answer; that they are gunicorn's is seen in test_same_answers.py."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from firstserve.first_responder.answer import write_answer

if TYPE_CHECKING:
    import pytest


def test_an_answer_is_a_response_of_http() -> None:
    head, _, body = write_answer(b"{}\n", "decode;dur=1.0", keeps_alive=True).partition(b"\r\n\r\n")
    status, *lines = head.decode("ascii").split("\r\n")
    assert status == "HTTP/1.1 200 OK"
    headers = dict(line.split(": ", 1) for line in lines)
    assert headers["Connection"] == "keep-alive"
    assert headers["Content-Length"] == "3"
    assert headers["Server-Timing"] == "decode;dur=1.0"
    assert body == b"{}\n"


def test_the_last_answer_on_a_connection_says_so() -> None:
    assert b"\r\nConnection: close\r\n" in write_answer(b"{}\n", "", keeps_alive=False)


def date_of(answer: bytes) -> str:
    return answer.partition(b"\r\nDate: ")[2].partition(b"\r\n")[0].decode("ascii")


def test_the_date_is_now() -> None:
    before_s = int(time.time())
    told_s = parsedate_to_datetime(date_of(write_answer(b"", "", keeps_alive=True))).timestamp()
    assert before_s <= told_s <= time.time()


def test_the_date_is_english_and_of_greenwich(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "gmtime", lambda: time.struct_time((2026, 3, 1, 4, 5, 6, 6, 60, 0)))
    assert date_of(write_answer(b"", "", keeps_alive=True)) == "Sun, 01 Mar 2026 04:05:06 GMT"
