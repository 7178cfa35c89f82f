"""The gateway as a Flask application: the routes with Swagger UI at /, figures at /metrics, faults as JSON."""

import logging

from flask import Flask, Response, jsonify
from flask_restx import Api
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from examples.deeplab_gateway.api import ns
from examples.deeplab_gateway.errors import GatewayError
from examples.deeplab_gateway.gateway import Gateway
from examples.deeplab_gateway.settings import Settings
from examples.deeplab_gateway.shares import Shares

LIMIT_BYTES = 16 * 2**20
DESCRIPTION = (
    "A picture -> what is in it, pixel by pixel, by one of the variants of DeepLabV3. "
    "Prometheus reads [/metrics](/metrics)."
)

_log = logging.getLogger(__name__)


class _Api(Api):
    """All faults are answered in one place, and not in flask-restx's own way as well."""

    def handle_error(self, e: Exception) -> Response:
        """Answer a fault of a route."""
        return _fault(e)


def make_app(settings: Settings, shares: Shares) -> Flask:
    """Return the application."""
    app = Flask(__name__)
    app.config.update(MAX_CONTENT_LENGTH=LIMIT_BYTES, SWAGGER_UI_DOC_EXPANSION="list", RESTX_MASK_SWAGGER=False)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.register_error_handler(Exception, _fault)
    gateway = app.extensions["gateway"] = Gateway(settings, shares)
    _Api(app, title="DeepLab gateway", description=DESCRIPTION).add_namespace(ns)

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(gateway.metrics.registry), content_type=CONTENT_TYPE_LATEST)

    return app


def _fault(error: Exception) -> Response:
    """Return the answer to a fault: its text as JSON, whatever the request accepts."""
    if isinstance(error, GatewayError):
        text, status = str(error), error.status
    elif isinstance(error, RequestEntityTooLarge):
        text, status = f"the request has more than {LIMIT_BYTES // 2**20} MiB: send a smaller picture", 413
    elif isinstance(error, HTTPException):
        text, status = error.description or error.name, error.code or 500
    else:
        _log.error("a fault of the gateway", exc_info=error)
        text, status = "the gateway has failed: its log says why", 500
    response = jsonify(error=text)
    response.status_code = status
    if isinstance(error, HTTPException) and error.response is None:
        response.headers.extend((k, v) for k, v in error.get_headers() if k == "Allow")
    if isinstance(error, GatewayError) and error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response
