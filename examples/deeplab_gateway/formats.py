"""What a request wants to have: the parameter `format`, else the header `Accept` -> one of three formats."""

from enum import Enum

from flask import Request

from examples.deeplab_gateway.errors import NotAcceptable


class Format(Enum):
    """The parameter's value."""

    JSON = "json"
    MASK = "mask"
    OVERLAY = "overlay"


ACCEPTED = {
    "application/json": Format.JSON,
    "image/png": Format.MASK,
    "image/png;kind=overlay": Format.OVERLAY,
}
"""In the order of preference, for who accepts several alike."""


def wanted(request: Request) -> Format:
    """Return the format asked for, JSON where nothing is said. Raises NotAcceptable for one that is not made here."""
    name = request.args.get("format") or request.form.get("format")
    if name:
        try:
            return Format(name)
        except ValueError:
            names = ", ".join(each.value for each in Format)
            raise NotAcceptable(f"there is no format {name!r}: choose one of {names}") from None
    if not request.accept_mimetypes:
        return Format.JSON
    best = request.accept_mimetypes.best_match(ACCEPTED)
    if best is None:
        raise NotAcceptable(
            f"cannot make {request.headers['Accept']!r}: accept one of {', '.join(ACCEPTED)}, or say format=json"
        )
    return ACCEPTED[best]
