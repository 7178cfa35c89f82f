"""A small file -> which variant each user gets. It is read anew for each request, so a change needs no restart.

The file is a JSON object of labels and percentages, such as {"small": 90, "large": 10}.
"""

import json
import logging
import math
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from threading import Lock

Percentages = Mapping[str, float]
WHOLE = 100

_log = logging.getLogger(__name__)


class SharesError(Exception):
    """The file says nothing that could be done; the text says what would be right."""


class Shares:
    """The shares in force: those of the file or, while it is broken, of the last time when it was not.

    Raises SharesError where the file is broken from the start.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._good = parse(_text(path))
        self._problem: str | None = None

    def read(self) -> tuple[Percentages, str | None]:
        """Return the shares in force, and what is wrong with the file, if anything."""
        with self._lock:
            before = self._good, self._problem
            try:
                self._good, self._problem = parse(_text(self._path)), None
            except SharesError as error:
                self._problem = str(error)
            if (self._good, self._problem) != before:
                _log.warning("shares: %s%s", dict(self._good), f" as before: {self._problem}" if self._problem else "")
            return self._good, self._problem


def parse(text: str) -> Percentages:
    """Return the percentages by label. Raises SharesError."""
    try:
        shares = json.loads(text)
    except ValueError as error:
        raise SharesError(f"the file of shares is no JSON: {error}") from error
    if not isinstance(shares, dict) or not shares:
        raise SharesError(
            f'the file of shares holds {text.strip()[:50]!r}: expected an object such as {{"small": 90, "large": 10}}'
        )
    for label, share in shares.items():
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= WHOLE:
            raise SharesError(f"the share of {label} is {share!r}: expected a number from 0 to {WHOLE}")
    if not math.isclose(total := math.fsum(shares.values()), WHOLE):
        raise SharesError(f"the shares add up to {total:g}: expected {WHOLE}")
    return shares


def variant_of(user: str, shares: Percentages) -> str:
    """Return the label of the variant for a user: the same one each time.

    A variant whose share grows keeps all its users and takes some of the others; nobody else moves.
    Method: weighted rendezvous hashing, https://en.wikipedia.org/wiki/Rendezvous_hashing#Weighted_rendezvous_hash.
    """
    return max(shares, key=lambda label: shares[label] / -math.log(_place(user, label)))


def _place(user: str, label: str) -> float:
    """Return a number between 0 and 1, both excluded, that looks random and is always the same."""
    digest = sha256(f"{label}\0{user}".encode()).digest()
    return ((int.from_bytes(digest[:8]) >> 11) + 0.5) / 2**53


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise SharesError(f"the file of shares cannot be read: {error}") from error
