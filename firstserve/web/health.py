"""Liveness and readiness, by the names of KServe's Open Inference Protocol."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from flask import Blueprint, Response

from firstserve.models.model_spec import ModelSpec

if TYPE_CHECKING:
    from firstserve.models.manager import ModelManager


def make_blueprint(manager: ModelManager) -> Blueprint:
    """The two health routes."""
    blueprint = Blueprint("health", __name__)
    warm = threading.Lock()
    warmed_up: set[str] = set()

    def is_ready() -> bool:
        """Whether models can answer and, where one takes images, it has run once; runs it if it has not."""
        names = manager.ready_models()
        with warm:
            for name in set(names) - warmed_up:
                with manager.handle(ModelSpec(name), 0) as model:
                    if model.classifier is not None:
                        model.classifier.warm_up()
                warmed_up.add(name)
        return bool(names)

    @blueprint.get("/v2/health/live")
    def live() -> Response:
        return Response('{"live": true}\n', mimetype="application/json")

    @blueprint.get("/v2/health/ready")
    def ready() -> Response:
        if is_ready():
            return Response('{"ready": true}\n', mimetype="application/json")
        return Response('{"ready": false}\n', 503, mimetype="application/json")

    return blueprint
