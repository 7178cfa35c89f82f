"""Request body: what the loop has read of a request -> its bytes, or the reason why there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from firstserve.errors import FirstserveError

REFUSAL = "firstserve.refusal"
"""The key of a FirstserveError in the environment of a request whose body was not read to its end; else of None."""


def read_whole_body(environ: WSGIEnvironment) -> bytes:
    """The whole body. Raises the error for which it was refused while it came."""
    check_body(environ)
    body: bytes = environ["wsgi.input"].read()
    return body


def check_body(environ: WSGIEnvironment) -> None:
    """Raises the error for which the body was refused while it came."""
    refusal: FirstserveError | None = environ.get(REFUSAL)
    if refusal is not None:
        raise refusal
