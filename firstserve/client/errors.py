"""Every error of a client: a status of HTTP or gRPC -> a class that says what the caller can do about it."""

from __future__ import annotations

from typing import ClassVar


class ClientError(Exception):
    """The base of all of them.

    `message` is the server's text, or says why there is none; `code` is the status it came with, such as `404` or
    `NOT_FOUND`, and None where no server has answered; `retry_after_s` is after how many seconds the server says that
    it can be asked again, where it says so.
    """

    http: ClassVar[tuple[int, ...]] = ()
    grpc: ClassVar[tuple[str, ...]] = ()

    def __init__(self, message: str, *, code: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.retry_after_s = retry_after_s


class InvalidRequest(ClientError):
    """The request itself is wrong, and stays wrong when it is repeated."""

    http = (400, 405, 413)
    grpc = ("INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE")


class NotFound(ClientError):
    """No such model, version, label or path."""

    http = (404,)
    grpc = ("NOT_FOUND",)


class Overloaded(ClientError):
    """The server has more requests than it takes in; the same one may succeed later."""

    http = (429,)
    grpc = ("RESOURCE_EXHAUSTED",)


class Unavailable(ClientError):
    """Nobody can answer now: no server listens, it stops, or its model is not loaded; later it may."""

    http = (502, 503)
    grpc = ("UNAVAILABLE",)


class DeadlineExceeded(ClientError):
    """No answer within the time limit, the caller's or the server's."""

    http = (408, 504)
    grpc = ("DEADLINE_EXCEEDED",)


class Unauthenticated(ClientError):
    """The server wants an identity token, or another one; or there is none to be had."""

    http = (401,)
    grpc = ("UNAUTHENTICATED",)


class Forbidden(ClientError):
    """The caller is known, and may not."""

    http = (403,)
    grpc = ("PERMISSION_DENIED",)


class Unsupported(ClientError):
    """This server, model or protocol cannot do what is asked; another one may."""

    http = (501,)
    grpc = ("UNIMPLEMENTED",)


class ServerFault(ClientError):
    """The server failed, or what answers is no model server."""


_KINDS = (
    InvalidRequest,
    NotFound,
    Overloaded,
    Unavailable,
    DeadlineExceeded,
    Unauthenticated,
    Forbidden,
    Unsupported,
)
_BY_HTTP: dict[int, type[ClientError]] = {status: kind for kind in _KINDS for status in kind.http}
_BY_GRPC: dict[str, type[ClientError]] = {status: kind for kind in _KINDS for status in kind.grpc}


def of_http(status: int) -> type[ClientError]:
    """The error of a status that is not a success."""
    return _BY_HTTP.get(status) or (InvalidRequest if 400 <= status < 500 else ServerFault)


def of_grpc(status: str) -> type[ClientError]:
    """The error of a status by its name, such as `NOT_FOUND`."""
    return _BY_GRPC.get(status, ServerFault)
