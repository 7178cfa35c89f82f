"""Harness: what is kept of one version of one model, from the moment it is wanted until it has ended.

Its fields change under the manager's lock alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firstserve.models.state import State, VersionStatus

if TYPE_CHECKING:
    from firstserve.errors import FirstserveError
    from firstserve.models.served_model import ServedModel
    from firstserve.models.source import Version


class Harness:
    """A version in its life. `model` is there while it is AVAILABLE, and while it is UNLOADING until nobody uses it."""

    def __init__(self, name: str, version: Version, *, arrived_late: bool) -> None:
        self.name = name
        self.version = version
        self.arrived_late = arrived_late
        """Whether the server was already answering when it came."""
        self.state = State.START
        self.error: FirstserveError | None = None
        """Why the last attempt to load it failed."""
        self.model: ServedModel | None = None
        self.aspired = True
        self.references = 0
        """Handles that are out."""
        self.failures = 0
        self.next_attempt_s = 0.0
        """Of a load, on the clock of `time.monotonic()`."""
        self.failed_fingerprint = 0
        """What the folder was like when it could not be loaded."""

    def __str__(self) -> str:
        """As TensorFlow Serving's log writes it."""
        return f"{{name: {self.name} version: {self.version.number}}}"

    @property
    def status(self) -> VersionStatus:
        """As `GetModelStatus` tells it; the error only once there is no further attempt."""
        if self.error is None or self.state is not State.END:
            return VersionStatus(self.version.number, self.state)
        return VersionStatus(self.version.number, self.state, self.error.grpc, str(self.error))

    @property
    def awaits_load(self) -> bool:
        """Whether a load, the first or another, is still to come."""
        return self.aspired and self.state in {State.START, State.LOADING}

    @property
    def given_up(self) -> bool:
        """Whether it could not be loaded and is not tried again by itself."""
        return self.state is State.END and self.error is not None

    def loaded(self, model: ServedModel) -> None:
        """Takes the model that a load has given."""
        self.model, self.error, self.failures, self.state = model, None, 0, State.AVAILABLE

    def failed(self, error: FirstserveError, fingerprint: int, retries: int, retry_at_s: float) -> None:
        """Notes that a load has failed, and when the next attempt is, if one is left."""
        self.error, self.failed_fingerprint = error, fingerprint
        self.failures += 1
        self.next_attempt_s = retry_at_s
        self.state = State.LOADING if self.aspired and self.failures <= retries else State.END

    def retry(self) -> None:
        """Begins anew, because the folder is not what it was."""
        self.failures, self.next_attempt_s, self.state = 0, 0.0, State.START

    def unloaded(self) -> None:
        """Notes that nothing of it is in memory any more; one that is wanted again by now begins anew."""
        self.model = None
        self.state = State.START if self.aspired else State.END
