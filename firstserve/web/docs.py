"""`/openapi.json` and `/docs`: what the HTTP port answers, for programs and for people; made when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flask import Blueprint, Response

if TYPE_CHECKING:
    from firstserve.config.settings import HttpSettings
    from firstserve.models.manager import ModelManager

_PAGE = Path(__file__).parent / "openapi/page.html"


def make_blueprint(manager: ModelManager, settings: HttpSettings) -> Blueprint:
    """The two routes."""
    blueprint = Blueprint("docs", __name__)

    @blueprint.get("/openapi.json")
    def document() -> Response:
        import json

        from firstserve.web.openapi.document import make_document

        made = make_document(manager.names(), settings.monitoring_path, settings.limit_bytes)
        return Response(json.dumps(made, ensure_ascii=False, indent=2) + "\n", mimetype="application/json")

    @blueprint.get("/docs")
    def page() -> Response:
        from firstserve.web.page import answer_page

        return answer_page(_PAGE, images="data:")

    return blueprint
