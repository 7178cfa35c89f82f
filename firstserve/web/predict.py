"""`POST /predict`: a picture, raw or in a form, -> its best classes as JSON."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from firstserve.errors import InvalidArgument, NotFound, Unimplemented
from firstserve.image.classifier import answer_json
from firstserve.models.model_spec import ModelSpec
from firstserve.models.source import version_number
from firstserve.web.access_log import current_access
from firstserve.web.form import FORM, only_file
from firstserve.web.request_body import read_whole_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firstserve.config.settings import HttpSettings
    from firstserve.image.classifier import Prediction
    from firstserve.model_server import ModelServer
    from firstserve.models.manager import ModelManager
    from firstserve.models.served_model import ServedModel


def make_blueprint(server: ModelServer, settings: HttpSettings) -> Blueprint:
    """The route of image prediction over the server's models."""
    blueprint = Blueprint("predict", __name__)
    manager = server.manager
    default_model = server.settings.models.default_model

    @blueprint.post("/predict")
    def predict() -> Response:
        query = request.args
        access = current_access()
        names = manager.names()
        name = query.get("model") or (names[0] if len(names) == 1 else default_model)
        access.asks("Image", name)
        deadline_s = None if settings.timeout_s is None else time.monotonic() + settings.timeout_s
        body = _read_picture()
        read_s = time.monotonic()
        spec = _read_spec(manager, name, query)
        # A place is for who can be answered: not for who still waits for a model.
        with manager.handle(spec, deadline_s) as model, server.admission:
            access.found(model)
            prediction = _classify(model, body, query, deadline_s)
            timing = server.clock.server_timing(prediction.decode_ms, prediction.inference_ms, read_s)
            answer = answer_json(model.name, model.version, prediction.classes)
        access.decode_ms, access.inference_ms = prediction.decode_ms, prediction.inference_ms
        response = Response(answer, mimetype="application/json")
        response.headers["Server-Timing"] = timing
        return response

    return blueprint


def _read_spec(manager: ModelManager, name: str, query: Mapping[str, str]) -> ModelSpec:
    """What the query asks for, of the model of this name; empty is none.

    Raises NotFound for a model that is not configured or a version that is no number, InvalidArgument where several
    models are served and none is named, or both a version and a label are given.
    """
    names = manager.names()
    if not names:
        raise NotFound("this server has no models")
    if not name:
        raise InvalidArgument(f"this server has several models: name one by ?model=, of {', '.join(names)}")
    if name not in names:
        raise NotFound(f'no model "{name}": this server has {", ".join(names) or "none"}')
    version, label = query.get("version"), query.get("label")
    if version is not None and label is not None:
        raise InvalidArgument("version and label exclude each other: send one of them")
    if version is not None and not (version.isascii() and version.isdigit()):
        raise NotFound(f'no version "{version}" of model "{name}": versions are numbers')
    number = None if version is None else version_number(version)
    if version is not None and number is None:
        raise NotFound(f"Servable not found for request: Specific({name}, {version.lstrip('0')})")
    if label is not None:
        try:
            manager.version_of_label(name, label)
        except InvalidArgument as error:
            raise NotFound(f'no label "{label}" of model "{name}"') from error
    return ModelSpec(name, number, label)


def _classify(model: ServedModel, body: bytes, query: Mapping[str, str], deadline_s: float | None) -> Prediction:
    if model.classifier is None:
        raise Unimplemented(str(model.no_classifier))
    return model.classifier.predict(body, query.get("top_k"), query.get("scores_output"), deadline_s)


def _read_picture() -> bytes:
    """The request's picture: the body, or the only file of a form.

    Raises InvalidArgument for a form without exactly one file, and the error for which a body was refused.
    """
    body = read_whole_body(request.environ)
    return only_file(request.content_type or "", body) if request.mimetype == FORM else body
