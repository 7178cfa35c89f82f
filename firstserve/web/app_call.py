"""App call: a whole request -> the WSGI application -> an answer on its connection, in a thread."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from gunicorn.http import wsgi

from firstserve.web.connection import CONTINUE
from firstserve.web.request_body import REFUSAL

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from gunicorn.config import Config

    from firstserve.web.connection import Connection
    from firstserve.web.request_reader import WholeRequest


def call_app(
    app: WSGIApplication,
    config: Config,
    server: tuple[str, int],
    connection: Connection,
    request: WholeRequest,
    *,
    is_last: bool,
) -> bool:
    """Leaves the answer with the connection. Gives whether another request may follow; `is_last` denies it.

    Raises whatever the application lets out.
    """
    message = request.message
    if request.awaits_continue:
        connection.sendall(CONTINUE)
    # Or gunicorn would say it as well.
    message._expected_100_continue = False  # noqa: SLF001 - gunicorn has no other way to know
    response, environ = wsgi.create(message, connection, connection.address, server, config)
    environ["wsgi.multithread"] = True
    environ["wsgi.input"] = BytesIO(request.body)
    environ[REFUSAL] = request.refusal
    if is_last:
        response.force_close()
    body = app(environ, response.start_response)
    try:
        for chunk in body:
            response.write(chunk)
        response.close()
    finally:
        if hasattr(body, "close"):
            body.close()
    return not response.should_close()
