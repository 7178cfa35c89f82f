"""`GET /`: the playground, read when it is asked for."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response

from firstserve import __version__

_PAGE = Path(__file__).with_name("page.html")
_ENGINES = {"litert": "LiteRT", "tensorflow": "TensorFlow", "interpreter": "a LiteRT interpreter"}


def make_blueprint(runtime: str) -> Blueprint:
    """The route, of a server whose models run in this runtime, or each in its own (`auto`)."""
    blueprint = Blueprint("playground", __name__)
    engine = _ENGINES.get(runtime, "LiteRT or TensorFlow")

    @blueprint.get("/")
    def page() -> Response:
        from firstserve.web.page import answer_page

        response = answer_page(_PAGE, images="data: blob:")
        response.headers["X-Served-By"] = f"firstserve {__version__} (Python, {engine})"
        return response

    return blueprint
