"""Call: bytes -> request message -> a service's method -> response message -> bytes, or a status.

The one place where gRPC learns what went wrong. Messages are parsed here and not by grpc, which would answer
INTERNAL to bytes that are none.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, NoReturn, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message

from firstserve.errors import DeadlineExceeded, FirstserveError, InvalidArgument
from firstserve.logs.access import Access

if TYPE_CHECKING:
    from collections.abc import Callable

    from firstserve.logs.access import AccessLog

log = logging.getLogger(__name__)

Request = TypeVar("Request", bound=Message)

_OK = "OK"
_TEXT_LIMIT = 1024
"""Characters of a status; TensorFlow Serving cuts there."""
_NO_DEADLINE_S = 1e9
"""grpc gives a call without a deadline some 300 years."""


class Call(NamedTuple):
    """One call: its deadline on the clock of `time.monotonic()`, None without; and what becomes known of it."""

    deadline_s: float | None
    access: Access


class Method(NamedTuple, Generic[Request]):
    """A method of a service."""

    request: type[Request]
    run: Callable[[Request, Call], Message]


def make_handler(name: str, method: Method[Any], access_log: AccessLog) -> grpc.RpcMethodHandler:
    """What grpc calls for the method of the full name `name`, such as `/tensorflow.serving.ModelService/...`."""

    def handle(data: bytes, context: grpc.ServicerContext) -> bytes:
        access = Access()
        code, text = _OK, ""
        answer = b""
        try:
            answer = _answer(method, data, Call(_deadline_s(context), access))
        except FirstserveError as error:
            access.failed(error)
            code, text = error.grpc, str(error)
        except Exception as error:
            log.exception("%s failed", name)
            code, text = "INTERNAL", f"the server failed: {type(error).__name__}; its log says where"
        access.answered()

        def write_down() -> None:
            access_log.rpc(access, name, code, _trace(context))

        if not context.add_callback(write_down):  # the client has gone
            write_down()
        if code != _OK:
            _abort(context, code, text)
        return answer

    return grpc.unary_unary_rpc_method_handler(handle)


def _answer(method: Method[Any], data: bytes, call: Call) -> bytes:
    if call.deadline_s is not None and time.monotonic() >= call.deadline_s:
        raise DeadlineExceeded("the call's deadline passed before it could begin")
    try:
        request = method.request.FromString(data)
    except DecodeError as error:
        raise InvalidArgument(f"the message is no serialized {method.request.DESCRIPTOR.full_name}") from error
    answer: bytes = method.run(request, call).SerializeToString()
    return answer


def _deadline_s(context: grpc.ServicerContext) -> float | None:
    remaining_s = context.time_remaining()
    if remaining_s is None or remaining_s > _NO_DEADLINE_S:
        return None
    return time.monotonic() + float(remaining_s)


def _trace(context: grpc.ServicerContext) -> tuple[str | None, str | None]:
    metadata = dict(context.invocation_metadata())
    return metadata.get("traceparent"), metadata.get("x-cloud-trace-context")


def _abort(context: grpc.ServicerContext, code: str, text: str) -> NoReturn:
    cut = text if len(text) <= _TEXT_LIMIT else f"{text[:_TEXT_LIMIT]}...TRUNCATED"
    context.abort(grpc.StatusCode[code], cut)
    raise AssertionError("abort raises")
