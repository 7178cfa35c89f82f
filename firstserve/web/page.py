"""Page: an HTML file -> its answer, with the policy by which a browser runs what is written in it and nothing else."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from flask import Response

if TYPE_CHECKING:
    from pathlib import Path


def answer_page(file: Path, images: str) -> Response:
    """The page. `images` is where it takes pictures from, in the words of Content-Security-Policy."""
    text, policy = _read_page(file, images)
    response = Response(text, mimetype="text/html")
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@cache
def _read_page(file: Path, images: str) -> tuple[str, str]:
    """The page, and its Content-Security-Policy."""
    text = file.read_text(encoding="utf-8")
    policy = {
        "default-src": "'none'",
        "script-src": _hash(text, "script"),
        "style-src": _hash(text, "style"),
        "img-src": images,
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
    }
    return text, "; ".join(f"{name} {value}" for name, value in policy.items())


def _hash(text: str, element: str) -> str:
    (content,) = re.findall(f"<{element}>(.*?)</{element}>", text, re.DOTALL)
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"
