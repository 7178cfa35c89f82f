"""Notices: what a look for versions has found to say, said without flooding the log."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

REMINDER_S = 10.0
"""What stays so is said again at most this often."""


class Notices:
    """Remembers what was said, and when."""

    def __init__(self) -> None:
        self._said_s: dict[str, float] = {}

    def tell(self, found: Mapping[str, int]) -> None:
        """Logs each text at its level, if that is new or was last said long ago; what is not among them is over."""
        now_s = time.monotonic()
        said_s = {}
        for text, level in found.items():
            said_s[text] = self._said_s.get(text, -REMINDER_S)
            if now_s - said_s[text] >= REMINDER_S:
                said_s[text] = now_s
                log.log(level, "%s", text)
        self._said_s = said_s
