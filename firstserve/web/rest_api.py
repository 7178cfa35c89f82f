"""REST API: a request under `/v1/` -> what it asks -> its answer, with TensorFlow Serving's status and headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request

from firstserve.errors import FirstserveError, RequestTimeout, TooLarge, Unimplemented
from firstserve.json_tensor.layout import error_body
from firstserve.web.access_log import current_access
from firstserve.web.rest_body import read_body
from firstserve.web.rest_methods import RestMethods
from firstserve.web.rest_route import UnreadableVersion, is_routed, raw_path, read_route

if TYPE_CHECKING:
    from firstserve.config.settings import HttpSettings
    from firstserve.model_server import ModelServer

_CONTENT_TYPE = "application/json"
_CORS_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, GET",
    "Access-Control-Allow-Headers": "Content-Type",
}
_HTTP_STATUSES = {
    "CANCELLED": 499,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "UNAUTHENTICATED": 401,
}
"""By gRPC code; all others are 500."""
_NOT_IMPLEMENTED = {"TRACE", "CONNECT"}


class RestApi:
    """Answers for the server's models."""

    def __init__(self, server: ModelServer, settings: HttpSettings) -> None:
        self._cors = settings.cors
        self._limit_bytes = settings.rest_limit_bytes
        self._methods = RestMethods(server, settings.timeout_s)

    def respond(self) -> Response | None:
        """The answer to the current request; None where it is not for `/v1/`."""
        path = raw_path(request.environ)
        if not is_routed(path):
            return None
        response = _preflight() if request.method == "OPTIONS" else self._respond(path)
        if self._cors:
            response.headers.update(_CORS_HEADERS)
        return response

    def _respond(self, path: str) -> Response:
        try:
            return _response(self._answer(request.method, path), 200)
        except FirstserveError as error:
            current_access().failed(error)
            body = b"" if isinstance(error, UnreadableVersion) else error_body(str(error))
            if isinstance(error, TooLarge | RequestTimeout):
                # TensorFlow Serving knows neither.
                return _response(body, error.http)
            return _response(body, _HTTP_STATUSES.get(error.grpc, 500))

    def _answer(self, method: str, path: str) -> bytes:
        if method in _NOT_IMPLEMENTED:
            raise Unimplemented(f"{method} is not implemented")
        verb, spec = read_route(method, path)
        body = read_body(request.environ, self._limit_bytes)
        access = current_access()
        if verb == "status":
            return self._methods.status(spec, access)
        if verb == "metadata":
            return self._methods.metadata(spec, access)
        access.asks(verb.capitalize(), spec.name)
        if verb == "classify":
            return self._methods.classify(spec, body, access)
        if verb == "regress":
            return self._methods.regress(spec, body, access)
        return self._methods.predict(spec, body, access)


def _preflight() -> Response:
    """What a browser asks before a request from another origin; whether that is allowed, it reads in the headers."""
    origin = request.headers.get("Origin", "")
    return _response(b"", 200 if "http://" in origin or "https://" in origin else 400)


def _response(body: bytes, status: int) -> Response:
    return Response(body, status, content_type=_CONTENT_TYPE)
