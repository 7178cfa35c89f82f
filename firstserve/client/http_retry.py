"""Retries over HTTP: urllib3's, within a time limit for all of them together."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any, Self

from urllib3.exceptions import InvalidHeader, MaxRetryError, ResponseError
from urllib3.exceptions import TimeoutError as NoAnswerInTime
from urllib3.util import Retry, Timeout

from firstserve.client.errors import ServerFault

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

RETRIED = (429, 503)
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 5.0
"""Between two attempts, where the server names no time."""
_DOUBLINGS = 10
"""After which the wait is the longest anyway."""
_SHORTEST_TIMEOUT_S = 0.001
_PIECE_BYTES = 1024 * 1024


class TimeLeft(Timeout):
    """The time until `until_s` on the clock of `time.monotonic()`, of which each attempt has what is left."""

    def __init__(self, until_s: float) -> None:
        super().__init__(total=max(until_s - time.monotonic(), _SHORTEST_TIMEOUT_S))
        self._until_s = until_s

    def clone(self) -> Self:
        """What urllib3 takes for an attempt."""
        return type(self)(self._until_s)


class RetryUntil(Retry):
    """Asks again after 429, 503 and a broken connection: when the server says, else later and later.

    A wait that does not fit into the time left is not begun: what has been answered is the answer.
    """

    until_s = 0.0
    wait_s = 0.0

    @classmethod
    def within(cls, until_s: float, retries: int) -> Self:
        """Until `until_s` on the clock of `time.monotonic()`."""
        # Any method: to ask a model changes nothing.
        retry = cls(retries, redirect=False, status_forcelist=RETRIED, allowed_methods=None, raise_on_status=False)
        retry.until_s = until_s
        return retry

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> Self:
        """Raises MaxRetryError where nothing is left, of retries or of time."""
        following: Self = super().increment(method, url, response, error, _pool, _stacktrace)
        following.until_s = self.until_s
        following.wait_s = _asked_wait_s(response, following) or _wait_s(len(following.history))
        if time.monotonic() + following.wait_s >= self.until_s:
            raise MaxRetryError(_pool, url or "", error or ResponseError("no time is left to ask again"))
        return following

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:  # noqa: ARG002 - it is looked at before
        """Waits before the next attempt."""
        time.sleep(self.wait_s)


def read_until(response: BaseHTTPResponse, until_s: float, limit_bytes: int) -> bytes:
    """A response's body, inflated.

    Raises HTTPError where it breaks off, or does not end in time however steadily it comes; ServerFault beyond the
    limit.
    """
    pieces = []
    size_bytes = 0
    while piece := response.read1(_PIECE_BYTES):
        pieces.append(piece)
        size_bytes += len(piece)
        if size_bytes > limit_bytes:
            response.close()
            raise ServerFault(f"the answer is longer than {limit_bytes} bytes: answer_limit_bytes allows more")
        if time.monotonic() >= until_s:
            response.close()
            raise NoAnswerInTime("the answer does not end")
    return b"".join(pieces)


def asked_wait_s(response: BaseHTTPResponse) -> float | None:
    """The seconds of `Retry-After`, also where it is a date; None without."""
    return _asked_wait_s(response, Retry())


def _asked_wait_s(response: BaseHTTPResponse | None, retry: Retry) -> float | None:
    try:
        return None if response is None else retry.get_retry_after(response)
    except InvalidHeader:
        return None


def _wait_s(failed: int) -> float:
    """At random between half and all of a time that doubles, so that those who failed together come back apart."""
    longest_s: float = min(FIRST_WAIT_S * 2 ** min(failed - 1, _DOUBLINGS), LONGEST_WAIT_S)
    return longest_s * random.uniform(0.5, 1)  # noqa: S311 - not a secret
