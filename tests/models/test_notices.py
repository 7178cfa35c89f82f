"""What a look for versions has found to say."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from firstserve.models import notices
from firstserve.models.notices import Notices

if TYPE_CHECKING:
    import pytest

ONE, TWO = {"one": logging.WARNING}, {"two": logging.ERROR}


def test_the_same_is_said_once_within_the_interval(caplog: pytest.LogCaptureFixture) -> None:
    told = Notices()
    for found in (ONE, ONE, ONE | TWO, ONE | TWO):
        told.tell(found)
    assert [(record.levelname, record.message) for record in caplog.records] == [("WARNING", "one"), ("ERROR", "two")]


def test_what_was_over_is_said_again_at_once(caplog: pytest.LogCaptureFixture) -> None:
    told = Notices()
    for found in (ONE, {}, ONE):
        told.tell(found)
    assert caplog.messages == ["one", "one"]


def test_what_stays_so_is_said_again_after_the_interval(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Notices()
    told.tell(ONE)
    monkeypatch.setattr(notices, "REMINDER_S", 0.0)
    told.tell(ONE)
    assert caplog.messages == ["one", "one"]
