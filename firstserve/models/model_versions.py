"""ModelVersions: all versions of one model, and which of them is to be loaded or unloaded next.

This is TensorFlow Serving's availability-preserving policy: a version that is no longer wanted goes only when one that
is wanted can answer, or when none is wanted at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firstserve.models.harness import Harness
from firstserve.models.source import Version
from firstserve.models.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from firstserve.errors import FirstserveError
    from firstserve.models.state import VersionStatus


class ModelVersions:
    """Not safe for threads by itself: the manager's lock guards it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._harnesses: dict[int, Harness] = {}

    def __iter__(self) -> Iterator[Harness]:
        """Highest version first."""
        return iter([self._harnesses[number] for number in sorted(self._harnesses, reverse=True)])

    def aspire(self, versions: Mapping[int, Path], *, late: bool) -> None:
        """Takes over which versions are wanted now, and where they lie; `late`: the server answers already."""
        for number, path in versions.items():
            known = self._harnesses.get(number)
            # One that has ended begins anew, but a broken one only after it has left the disk.
            if known is None or (known.state is State.END and not known.aspired):
                self._harnesses[number] = Harness(self._name, Version(number, path), arrived_late=late)
        for number, harness in self._harnesses.items():
            harness.aspired = number in versions
            if not harness.aspired and harness.state in {State.START, State.LOADING}:
                harness.state = State.END

    def available(self, version: int | None) -> Harness | None:
        """The version of this number, or the highest, if it can answer."""
        if version is not None:
            harness = self._harnesses.get(version)
            return harness if harness is not None and harness.state is State.AVAILABLE else None
        return next((harness for harness in self if harness.state is State.AVAILABLE), None)

    def is_starting(self, version: int) -> bool:
        """Whether this version was there at the start of the server and has not been loaded for the first time yet."""
        harness = self._harnesses.get(version)
        return harness is not None and harness.awaits_load and not harness.arrived_late and not harness.failures

    def to_load(self, now_s: float) -> Harness | None:
        """The highest version that is to be loaded now."""
        return next((harness for harness in self if harness.awaits_load and harness.next_attempt_s <= now_s), None)

    def to_unload(self) -> Harness | None:
        """A version that may go now."""
        wanted = [harness for harness in self if harness.aspired]
        if wanted and not any(harness.state is State.AVAILABLE for harness in wanted):
            return None
        return next((harness for harness in self if not harness.aspired and harness.state is State.AVAILABLE), None)

    def to_close(self) -> Harness | None:
        """A version that is being unloaded, and that nobody uses any more."""
        return next((each for each in self if each.state is State.UNLOADING and not each.references), None)

    @property
    def settled(self) -> bool:
        """Whether one can answer, or none of those that are wanted ever will as it is."""
        wanted = [harness for harness in self if harness.aspired]
        return self.available(None) is not None or (bool(wanted) and all(harness.given_up for harness in wanted))

    def faults(self) -> Mapping[tuple[str, int], FirstserveError]:
        """Why no version can answer, for each that is wanted; empty where one can."""
        if self.available(None) is not None:
            return {}
        return {
            (self._name, harness.version.number): harness.error
            for harness in self
            if harness.aspired and harness.given_up and harness.error is not None
        }

    def failure(self, version: int | None) -> FirstserveError | None:
        """Why this version, or every one that is wanted, could not be loaded; None where another one may be yet."""
        errors = [harness.error for harness in self if harness.aspired and version in {None, harness.version.number}]
        return errors[0] if errors and None not in errors else None

    def statuses(self) -> list[VersionStatus]:
        """Of all versions that ever were, highest first."""
        return [harness.status for harness in self]
