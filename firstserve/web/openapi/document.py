"""Document: what is served here -> OpenAPI 3.1, every path that the HTTP port answers with every status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firstserve import __version__
from firstserve.image.classifier import DEFAULT_TOP_K
from firstserve.web.openapi.answers import answers, json_content
from firstserve.web.openapi.schemas import SCHEMAS
from firstserve.web.openapi.serving import SERVING, VERBS, metadata, status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from firstserve.web.openapi.schemas import Json

_DESCRIPTION = """\
Pictures go to `/predict`. `/v1/models/...` is TensorFlow Serving's REST API: tensors as JSON, tf.Examples, states of \
versions and signatures. gRPC is spoken on a port of its own.

Every error is `{"error": "..."}`. What matches no path is 404; below `/v1/` a request that matches no pattern, \
whatever its method, is 400, as in TensorFlow Serving. There, a query string belongs to the path, `OPTIONS` is \
answered to whoever sends an `Origin`, and bodies may be gzipped (`Content-Encoding: gzip`)."""
_PICTURES, _RUNNING = "Pictures", "Running"
_TAGS = (
    {"name": _PICTURES, "description": "A picture in, its classes out."},
    {"name": SERVING, "description": "TensorFlow Serving's REST API."},
    {"name": _RUNNING, "description": "Health, figures and this document."},
)
_HIGHEST_VERSION = 2**63 - 1


def make_document(models: Sequence[str], monitoring_path: str | None, limit_bytes: int) -> Json:
    """The document of a server with these models; their first is the example. `limit_bytes` is a picture's body's."""
    model = models[0] if models else "model"
    paths: Json = {"/predict": {"post": _predict_picture(model, limit_bytes)}}
    for suffix, which, parameters in _versions(model):
        for verb, make_operation in VERBS.items():
            paths[f"/v1/models/{{model}}{suffix}:{verb}"] = {
                "parameters": parameters,
                "post": {"operationId": f"{verb}{which}", "tags": [SERVING], **make_operation()},
            }
        paths[f"/v1/models/{{model}}{suffix}"] = {"parameters": parameters, "get": status(which)}
        paths[f"/v1/models/{{model}}{suffix}/metadata"] = {"parameters": parameters, "get": metadata(which)}
    paths |= _health()
    if monitoring_path is not None:
        paths[monitoring_path] = {"get": _figures()}
    paths |= _documents()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "firstserve",
            "version": __version__,
            "summary": "A model server.",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": list(_TAGS),
        "paths": paths,
        "components": {"schemas": SCHEMAS},
    }


def _versions(model: str) -> list[tuple[str, str, list[Json]]]:
    """How a model's version is chosen: the path's end, the operation id's end, the parameters."""
    name = _parameter("model", "The model's name, percent-encoded.", {"type": "string", "minLength": 1}, model)
    version = _parameter(
        "version",
        "A version's number. Beyond 64 bits: 400 with an empty body.",
        {"type": "integer", "minimum": 0, "maximum": _HIGHEST_VERSION},
        1,
    )
    label = _parameter("label", "A version's label.", {"type": "string", "pattern": "^[a-zA-Z0-9_]+$"}, "stable")
    return [
        ("", "", [name]),
        ("/versions/{version}", "Version", [name, version]),
        ("/labels/{label}", "Label", [name, label]),
    ]


def _parameter(name: str, description: str, schema: Json, example: object) -> Json:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
        "example": example,
    }


def _query(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _predict_picture(model: str, limit_bytes: int) -> Json:
    picture = {"description": "The file.", "contentMediaType": "application/octet-stream"}
    return {
        "operationId": "predictPicture",
        "tags": [_PICTURES],
        "summary": "What a picture shows",
        "description": f"JPEG, PNG, BMP, GIF (first frame) or WebP, of at most {limit_bytes} bytes, as the body or as "
        "the only file of a form; the field's name does not matter.",
        "parameters": [
            _query(
                "top_k",
                f"How many classes; by default {DEFAULT_TOP_K}, or all where there are fewer.",
                {"type": "integer", "minimum": 1},
            ),
            _query(
                "scores_output",
                "The output that holds the class scores, where the model has several that may be it.",
                {"type": "string"},
            ),
            _query("model", "By default the only model, or the one that the server was told.", {"type": "string"}),
            _query("version", "A number; by default the highest.", {"type": "integer", "minimum": 0}),
            _query("label", "A version's label, in place of its number.", {"type": "string"}),
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {},
                "multipart/form-data": {
                    "schema": {"type": "object", "properties": {"image": picture}, "required": ["image"]}
                },
            },
        },
        "responses": answers(
            "The best classes.",
            "Classes",
            {
                "model": model,
                "version": "1",
                "predictions": [
                    {"class": 285, "label": "Egyptian cat", "score": 0.560932},
                    {"class": 282, "label": "tiger cat", "score": 0.26635},
                ],
            },
            {
                "400": "the body is not a picture: it starts with b'hello'; send JPEG, PNG, BMP, GIF or WebP",
                "404": f"Servable not found for request: Specific({model}, 9)",
                "413": f"the body is longer than the limit of {limit_bytes} bytes (--max_body_bytes)",
                "501": "this model takes no picture: /predict needs a signature with one input of shape "
                "[N, height, width, 3 or 1] and dtype uint8, int8 or float; its signatures are serving_default",
            },
            retry_after=True,
            headers={
                "Server-Timing": {
                    "description": "Milliseconds to decode the picture and to run the model; in a process's first "
                    "answer also `startup`, from its start to ready.",
                    "schema": {"type": "string"},
                    "example": "decode;dur=1.9, inference;dur=3.1",
                }
            },
        ),
    }


def _health() -> Json:
    live = {"description": "The process answers.", "content": json_content("Live", {"live": True})}
    ready = {"description": "Every model answers, and has run once.", "content": json_content("Ready", {"ready": True})}
    not_ready = {"description": "Not yet.", "content": json_content("NotReady", {"ready": False})}
    return {
        "/v2/health/live": {
            "get": {
                "operationId": "live",
                "tags": [_RUNNING],
                "summary": "Whether the process lives",
                "responses": {"200": live},
            }
        },
        "/v2/health/ready": {
            "get": {
                "operationId": "ready",
                "tags": [_RUNNING],
                "summary": "Whether the models are ready",
                "responses": {"200": ready, "503": not_ready},
            }
        },
    }


def _figures() -> Json:
    def text(description: str, example: str) -> Json:
        return {
            "description": description,
            "content": {"text/plain": {"schema": {"type": "string"}, "example": example}},
        }

    return {
        "operationId": "figures",
        "tags": [_RUNNING],
        "summary": "Figures for Prometheus",
        "responses": {
            "200": text("The figures.", ':tensorflow:serving:request_count{model_name="model",status="OK"} 1\n'),
            "400": text("There was a query string.", "Unexpected path: /metrics?x. Should be /metrics"),
        },
    }


def _documents() -> Json:
    page: Json = {"text/html": {"schema": {"type": "string"}}}
    return {
        "/": {
            "get": {
                "operationId": "playground",
                "tags": [_RUNNING],
                "summary": "A page to try pictures",
                "responses": {
                    "200": {
                        "description": "The page.",
                        "headers": {
                            "X-Served-By": {
                                "description": "Which server this is.",
                                "schema": {"type": "string"},
                                "example": f"firstserve {__version__} (Python, LiteRT)",
                            }
                        },
                        "content": page,
                    }
                },
            }
        },
        "/openapi.json": {
            "get": {
                "operationId": "document",
                "tags": [_RUNNING],
                "summary": "This document",
                "responses": {
                    "200": {
                        "description": "OpenAPI 3.1.",
                        "content": {"application/json": {"schema": {"type": "object"}}},
                    }
                },
            }
        },
        "/docs": {
            "get": {
                "operationId": "page",
                "tags": [_RUNNING],
                "summary": "This document as a page",
                "responses": {"200": {"description": "The page.", "content": page}},
            }
        },
    }
