"""Errors -> responses: the one place where HTTP learns what went wrong. Always JSON, always one key."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from flask import Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.exceptions import NotFound as PathNotFound

from firstserve.errors import FirstserveError
from firstserve.web.access_log import current_access

if TYPE_CHECKING:
    from flask import Flask

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Turns every error of the app's into its answer."""
    app.register_error_handler(FirstserveError, _firstserve_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _fault)


def _answer(text: str, status: int) -> Response:
    current_access().error = text
    body = json.dumps({"error": text}, ensure_ascii=False) + "\n"
    return Response(body, status, mimetype="application/json")


def _firstserve_error(error: FirstserveError) -> Response:
    current_access().code = error.grpc
    response = _answer(str(error), error.http)
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _http_error(error: HTTPException) -> Response:
    text = error.description or error.name
    if isinstance(error, PathNotFound):
        text = f"no such path: {request.path}; pictures go to POST /predict"
    elif isinstance(error, MethodNotAllowed):
        text = f"{request.method} is not allowed here: {request.path} takes {', '.join(error.valid_methods or ())}"
    response = _answer(text, error.code or 500)
    for name, value in error.get_headers(request.environ):
        if name not in {"Content-Type", "Content-Length"}:
            response.headers[name] = value
    return response


def _fault(error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return _answer(f"the server failed: {type(error).__name__}; its log says where", 500)
