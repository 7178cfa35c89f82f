"""An operation and two lists of numbers -> the model server, by gRPC -> results, or trouble in plain words."""

from __future__ import annotations

import functools
import logging
import math
import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from django.conf import settings

from examples.simple_model_django.forms import OPERATIONS
from firstserve.client import (
    Client,
    ClientError,
    DeadlineExceeded,
    InvalidRequest,
    NotFound,
    Overloaded,
    Unavailable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_log = logging.getLogger("django.model_server")


class Row(NamedTuple):
    """One calculation, as a reader writes it."""

    a: str
    sign: str
    b: str
    result: str


class Answer(NamedTuple):
    """What the server has calculated, which version did it, and how long the visitor's request waited for it."""

    rows: list[Row]
    model: str
    version: int | None
    took_ms: float
    server: str


class Trouble(Exception):
    """No answer: the status and the text that the visitor gets."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


_UNKNOWN = (404, "The model server has no version or label “{asked}” of “{model}”: choose another one.")
_TROUBLES: dict[type[ClientError], tuple[int, str]] = {
    NotFound: _UNKNOWN,
    # The numbers have passed the form; a label that it does not know is an invalid argument to TensorFlow Serving.
    InvalidRequest: _UNKNOWN,
    Overloaded: (503, "The model server has too much to do just now: try again in a moment."),
    Unavailable: (503, "The model server cannot be reached just now: try again in a moment."),
    DeadlineExceeded: (504, "The model server did not answer within {timeout_s:g} seconds: try again in a moment."),
}
_OTHER_TROUBLE = (502, "The model server failed to calculate this: try again, or ask who runs it.")


def calculate(model: str, a: Sequence[float], b: Sequence[float], version: int | None, label: str | None) -> Answer:
    """Asks the version, or the one that the label names, or the latest one; raises Trouble where none answers."""
    server = settings.MODEL_SERVER
    start_s = time.perf_counter()
    try:
        inputs = {"a": np.array(a, np.float32), "b": np.array(b, np.float32)}
        answer = _client(server, settings.TIMEOUT_S).predict(model, inputs, version=version, label=label)
    except ClientError as error:
        _log.warning("%s gave no answer: %s: %s", server, type(error).__name__, error.message)
        status, message = _TROUBLES.get(type(error), _OTHER_TROUBLE)
        asked = label if version is None else version
        message = message.format(asked=asked or "latest", model=model, timeout_s=settings.TIMEOUT_S)
        raise Trouble(status, message) from error
    took_ms = (time.perf_counter() - start_s) * 1000
    numbers = zip(a, b, answer.outputs["result"], strict=True)
    rows = [Row(_shown(left), OPERATIONS[model], _shown(right), _shown(result)) for left, right, result in numbers]
    return Answer(rows, model, answer.version, took_ms, server)


def is_ready() -> bool:
    """Whether every version of every model can answer."""
    client = _client(settings.MODEL_SERVER, settings.TIMEOUT_S)
    try:
        statuses = [status for model in OPERATIONS for status in client.status(model)]
    except ClientError:
        return False
    return all(status.state == "AVAILABLE" for status in statuses)


@functools.cache
def _client(server: str, timeout_s: float) -> Client:
    """One connection for all visitors, made for the first of them."""
    return Client(server, timeout_s=timeout_s)


def _shown(number: float) -> str:
    """The shortest text that means this number, which is NumPy's float32 where a model gave it."""
    return "too large for a float32" if math.isinf(number) else str(number + 0).removesuffix(".0")
