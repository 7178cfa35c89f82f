"""Every error the server can answer with: fault -> HTTP status, gRPC code, text.

Handlers raise these; one place per protocol turns them into responses.
`grpc` is the name of the gRPC status code, so that the core needs no gRPC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class FirstserveError(Exception):
    """The base of all answers that are not a success; on its own, a fault of ours (500)."""

    http = 500
    grpc = "INTERNAL"
    retry_after_s: int | None = None

    @property
    def status(self) -> str:
        """Code and text, as TensorFlow Serving writes a status within another text: `NOT_FOUND: ...`."""
        return f"{self.grpc}: {self}"


class InvalidArgument(FirstserveError):
    """The request itself is wrong and stays wrong when it is repeated."""

    http = 400
    grpc = "INVALID_ARGUMENT"


class FailedPrecondition(FirstserveError):
    """The request is right in itself, but not for what is served now."""

    http = 400
    grpc = "FAILED_PRECONDITION"


class NotFound(FirstserveError):
    """No such model, version, label or path."""

    http = 404
    grpc = "NOT_FOUND"


class PermissionDenied(FirstserveError):
    """The operator has switched this off; the text names the setting."""

    http = 403
    grpc = "PERMISSION_DENIED"


class TooLarge(FirstserveError):
    """The body or the picture exceeds a limit; the text names the limit and its setting."""

    http = 413
    grpc = "RESOURCE_EXHAUSTED"


class QueueFull(FirstserveError):
    """More requests are waiting than the server accepts; the same request may succeed later."""

    http = 429
    grpc = "RESOURCE_EXHAUSTED"
    retry_after_s = 1


class DeadlineExceeded(FirstserveError):
    """The request's time limit has passed before it was answered."""

    http = 504
    grpc = "DEADLINE_EXCEEDED"


class RequestTimeout(FirstserveError):
    """The client has not sent its request in the time that there is for it."""

    http = 408
    grpc = "DEADLINE_EXCEEDED"


class Unimplemented(FirstserveError):
    """This runtime cannot do what is asked; another one may."""

    http = 501
    grpc = "UNIMPLEMENTED"


class Unavailable(FirstserveError):
    """No servable can answer now: the model is not loaded, or the server is stopping."""

    http = 503
    grpc = "UNAVAILABLE"
    retry_after_s = 5


class DataLoss(FirstserveError):
    """A file is damaged, or of another format than its name says."""

    grpc = "DATA_LOSS"


class LoadError(FirstserveError):
    """A model cannot be loaded; the text names the file, the fault and the remedy."""

    http = 503
    grpc = "UNAVAILABLE"
    retry_after_s = 5


class ModelsUnavailable(FirstserveError):
    """Models could not be loaded, each for a reason of its own; the text is TensorFlow Serving's."""

    grpc = "UNKNOWN"

    def __init__(self, reasons: Mapping[tuple[str, int], FirstserveError]) -> None:
        listed = "".join(
            f"{{name: {name} version: {version}}} due to error: {reason.status}}}, "
            for (name, version), reason in reasons.items()
        )
        super().__init__(f"{len(reasons)} servable(s) did not become available: {{{listed}}}")
        self.reasons = reasons
