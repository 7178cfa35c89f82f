"""The Flask application: blueprints of the protocols over one model manager."""

from __future__ import annotations

from io import BytesIO
from typing import IO, TYPE_CHECKING

from flask import Flask, Request

from firstserve.web import access_log, docs, errors, health, monitoring, predict, tensorflow_serving
from firstserve.web.playground import route as playground

if TYPE_CHECKING:
    from firstserve.config.settings import HttpSettings
    from firstserve.model_server import ModelServer


class _Request(Request):
    def _get_file_stream(
        self,
        total_content_length: int | None,  # noqa: ARG002 - Werkzeug's signature
        content_type: str | None,  # noqa: ARG002
        filename: str | None = None,  # noqa: ARG002
        content_length: int | None = None,  # noqa: ARG002
    ) -> IO[bytes]:
        """Uploads stay in memory: their size is limited, and a container's disk may be read-only."""
        return BytesIO()


def create_app(server: ModelServer, http: HttpSettings) -> Flask:
    """The WSGI application that answers for the server's models."""
    app = Flask("firstserve", static_folder=None)
    app.request_class = _Request
    # First: its path is somebody's choice, even where another page would be.
    if http.monitoring_path is not None:
        monitoring.register(app, http.monitoring_path, server.recorder.page)
    app.register_blueprint(predict.make_blueprint(server, http))
    app.register_blueprint(tensorflow_serving.make_blueprint(server, http))
    app.register_blueprint(health.make_blueprint(server.manager))
    app.register_blueprint(playground.make_blueprint(server.settings.runtime))
    app.register_blueprint(docs.make_blueprint(server.manager, http))
    errors.register(app)
    access_log.register(app, server.access_log)
    return app
