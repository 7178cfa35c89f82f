"""Health: grpc.health.v1, by which platforms and clients learn whether the server takes calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from grpc_health.v1 import health
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from firstserve.errors import FirstserveError
from firstserve.rpc.call import abort
from firstserve.rpc.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from firstserve.rpc.intake import Intake

_WATCHERS = 1024
"""At once; beyond it, the one that has watched longest has to ask again."""


class Health(health.HealthServicer):  # type: ignore[misc]  # grpc has no types
    """Says SERVING of each of `names`, until it is ended."""

    def __init__(self, names: Iterable[str], intake: Intake) -> None:
        super().__init__()
        self._intake = intake
        self._watchers = Patience(_WATCHERS)
        for name in names:
            self.set(name, HealthCheckResponse.SERVING)

    def handlers(self) -> dict[str, grpc.RpcMethodHandler]:
        """What grpc calls, by the names of the methods; who watches needs no thread for that."""

        def check(messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
            answer: bytes = self.Check(self._read(messages, context), context).SerializeToString()
            return answer

        def watch(
            messages: Iterator[bytes], context: grpc.ServicerContext, send: Callable[[HealthCheckResponse], None]
        ) -> None:
            request = self._read(messages, context)
            if context.add_callback(lambda: self._watchers.leave(context)):
                self._watchers.begin(context, None)
            self.Watch(request, context, send)

        watch.experimental_non_blocking = True  # type: ignore[attr-defined]  # which is how grpc's own is marked
        return {
            "Check": grpc.stream_unary_rpc_method_handler(check),
            "Watch": grpc.stream_stream_rpc_method_handler(
                watch, response_serializer=HealthCheckResponse.SerializeToString
            ),
        }

    def end(self) -> None:
        """Says NOT_SERVING and lets the watchers go, for whom a server that stops would wait."""
        self.enter_graceful_shutdown()
        self._watchers.end_all()

    def _read(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> HealthCheckRequest:
        try:
            return self._intake.parse_small(
                HealthCheckRequest, self._intake.read("/grpc.health.v1.Health", messages, context)
            )
        except FirstserveError as error:
            abort(context, error.grpc, str(error))
