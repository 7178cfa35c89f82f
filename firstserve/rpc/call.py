"""Call: bytes -> request message -> a service's method -> response message -> bytes, or a status.

The one place where gRPC learns what went wrong. A call takes its place and its memory once its message is there.
Messages are inflated and parsed here and not by grpc, which would do both without a limit, and answer INTERNAL to bytes
that are no message.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, NoReturn, TypeVar

import grpc
from google.protobuf.message import Message

from firstserve.errors import DeadlineExceeded, FirstserveError
from firstserve.logs.access import Access

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from firstserve.logs.access import AccessLog
    from firstserve.rpc.intake import Intake

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


class Turns:
    """How many calls of a kind there may be, which `guard` says, and how many run; the others wait for their turn."""

    def __init__(self, guard: AbstractContextManager[object], running: int) -> None:
        self._guard = guard
        self._running = threading.Semaphore(running)

    @contextmanager
    def turn(self, deadline_s: float | None) -> Iterator[None]:
        """A block in which a call runs. Raises DeadlineExceeded where its turn does not come in time."""
        with self._guard:
            left_s = None if deadline_s is None else max(deadline_s - time.monotonic(), 0)
            if left_s == 0 or not self._running.acquire(timeout=left_s):
                raise DeadlineExceeded("the call's deadline passed before it could begin")
            try:
                yield
            finally:
                self._running.release()


class Method(NamedTuple, Generic[Request]):
    """A method of a service. Its turn is for reading the message, and unless it `waits` for models, for all of it."""

    request: type[Request]
    run: Callable[[Request, Call], Message]
    turns: Turns
    waits: bool = False


def make_handler(name: str, method: Method[Any], access_log: AccessLog, intake: Intake) -> grpc.RpcMethodHandler:
    """What grpc calls for the method of the full name `name`, such as `/tensorflow.serving.ModelService/...`."""

    def handle(messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        access = Access()
        code, text = _OK, ""
        answer = b""
        claim = None
        try:
            data = intake.read(name, messages, context)
            access = Access()
            claim = intake.claim(data)
            call = Call(_deadline_s(context), access)
            with ExitStack() as turn:
                turn.enter_context(method.turns.turn(call.deadline_s))
                request = intake.parse(method.request, data, claim)
                if method.waits:
                    turn.close()
                answer = method.run(request, call).SerializeToString()
        except FirstserveError as error:
            access.failed(error)
            code, text = error.grpc, str(error)
        except grpc.RpcError:  # the client has gone, or did not send its message in time
            code = "CANCELLED"
        except Exception as error:
            log.exception("%s failed", name)
            code, text = "INTERNAL", f"the server failed: {type(error).__name__}; its log says where"
        access.answered()
        intake.send(answer, context, claim)

        def write_down() -> None:
            intake.sent(context, claim)
            access_log.rpc(access, name, code, _trace(context))

        if not context.add_callback(write_down):  # the client has gone
            write_down()
        if code != _OK:
            abort(context, code, text)
        return answer

    # Streams on the client's side, so that it is we who wait for the one message that there is.
    return grpc.stream_unary_rpc_method_handler(handle)


def _deadline_s(context: grpc.ServicerContext) -> float | None:
    remaining_s = context.time_remaining()
    if remaining_s is None or remaining_s > _NO_DEADLINE_S:
        return None
    return time.monotonic() + float(remaining_s)


def _trace(context: grpc.ServicerContext) -> tuple[str | None, str | None]:
    metadata = dict(context.invocation_metadata())
    return metadata.get("traceparent"), metadata.get("x-cloud-trace-context")


def abort(context: grpc.ServicerContext, code: str, text: str) -> NoReturn:
    """Ends a call with a status."""
    cut = text if len(text) <= _TEXT_LIMIT else f"{text[:_TEXT_LIMIT]}...TRUNCATED"
    context.abort(grpc.StatusCode[code], cut)
    raise AssertionError("abort raises")
