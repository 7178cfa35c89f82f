"""REST route: a method and a path as the client sent it -> what is asked of which model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

from firstserve.errors import InvalidArgument
from firstserve.models.model_spec import ModelSpec
from firstserve.models.source import version_number

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

_PREFIX = "/v1/"
_AUTHORITY = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
_VERSION_OR_LABEL = r"(?:/versions/(\d+)|/labels/([^/:]+))?"
_POST = re.compile(rf"/v1/models/([^/:]+){_VERSION_OR_LABEL}:(classify|regress|predict)", re.IGNORECASE | re.ASCII)
_GET = re.compile(rf"/v1/models(?:/([^/:]+))?{_VERSION_OR_LABEL}(?:/(metadata))?", re.IGNORECASE | re.ASCII)


class UnreadableVersion(InvalidArgument):
    """The version has too many digits; TensorFlow Serving answers with the status and no body."""


class Route(NamedTuple):
    """`verb` is classify, regress, predict, status or metadata. Bytes that are not UTF-8 are surrogate escapes."""

    verb: str
    spec: ModelSpec


def raw_path(environ: WSGIEnvironment) -> str:
    """The request's target as it was sent, without the server's name where that is part of it."""
    target: str = environ["RAW_URI"]
    return target if target.startswith("/") else _AUTHORITY.sub("", target, count=1)


def is_routed(path: str) -> bool:
    """Whether the path is TensorFlow Serving's to answer, be it only with an error."""
    return path[: len(_PREFIX)].lower() == _PREFIX


def read_route(method: str, path: str) -> Route:
    """What a request with a routed path asks. Raises InvalidArgument."""
    match = {"POST": _POST, "GET": _GET}[method].fullmatch(path) if method in {"POST", "GET"} else None
    if match is None:
        raise _malformed(method, path)
    name, version, label, verb = match.groups()
    number = version_number(version) if version else None
    if version and number is None:
        raise UnreadableVersion(f"Failed to convert version: {version} to numeric.")
    if method == "GET":
        # What has matched in either case is compared in one.
        verb = "metadata" if verb == "metadata" else "status"
    elif not verb.islower():
        raise _malformed(method, path)
    if not name:
        raise InvalidArgument("Missing model name in request.")
    return Route(verb, ModelSpec(_decode(name), number, _decode(label) if label else None))


def _malformed(method: str, path: str) -> InvalidArgument:
    return InvalidArgument(f"Malformed request: {method} {path}")


def _decode(part: str) -> str:
    return unquote_to_bytes(part).decode("utf-8", "surrogateescape")
