"""Refusal: why there is no server -> what is said about it, and an exit status."""

from __future__ import annotations

from firstserve.errors import FirstserveError, ModelsUnavailable
from firstserve.standard_streams import STDOUT, say

CANNOT_START = 3
"""The exit status where no model can be served; gunicorn's own for a worker that does not boot."""
LIKE_TENSORFLOW_SERVING = 255
"""The exit status of tensorflow_model_server."""


def refuse(reason: FirstserveError | str, *, like_tensorflow_serving: bool) -> int:
    """Says why there is no server, and gives the exit status for it."""
    if like_tensorflow_serving:
        return refuse_like_tensorflow_serving(reason)
    say(f"firstserve cannot start: {plain(reason)}\n")
    return CANNOT_START


def plain(reason: FirstserveError | str) -> str:
    """The reason without TensorFlow Serving's words around it."""
    if isinstance(reason, ModelsUnavailable):
        return "; ".join(str(each) for each in reason.reasons.values())
    return str(reason)


def refuse_like_tensorflow_serving(reason: FirstserveError | str) -> int:
    """Says it in TensorFlow Serving's words, on standard output as it does."""
    status = reason.status if isinstance(reason, FirstserveError) else f"UNKNOWN: {reason}"
    say(f"Failed to start server. Error: {status}\n", STDOUT)
    return LIKE_TENSORFLOW_SERVING
