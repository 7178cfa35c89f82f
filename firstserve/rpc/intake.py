"""Intake: how messages come in and answers go out, within limits of time, of memory, and of streams that wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from google.protobuf.message import DecodeError, Message

from firstserve.errors import InvalidArgument, QueueFull, TooLarge, Unimplemented
from firstserve.rpc.inflation import inflate
from firstserve.rpc.message_memory import MessageMemory
from firstserve.rpc.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Iterator

    import grpc

    from firstserve.rpc.message_memory import Claim

Request = TypeVar("Request", bound=Message)

STREAMS = 128
"""That may wait for a message at once, each with a thread: beyond it, the one that has waited longest is ended."""
_ANSWERS = 4096
"""That may be on their way at once."""
_SLOWEST_BYTES_PER_S = 16 * 1024
"""What a client takes of an answer at least, beside the time that each has."""

_SMALL_BYTES = 64 * 1024


class Limits(NamedTuple):
    """Of messages and answers; a time of None is without bound."""

    message_bytes: int
    """Of one, inflated."""
    bytes_at_once: int
    message_s: float | None
    answer_s: float | None


class Intake:
    """What all calls share."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._memory = MessageMemory(limits.bytes_at_once)
        self._coming = Patience(STREAMS)
        self._going = Patience(_ANSWERS)

    def read(self, method: str, messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        """The one message of a call of `method`, as `read_next`. Raises Unimplemented where there is none."""
        data = self.read_next(messages, context)
        if data is None:
            raise Unimplemented(f'"{method}" requires exactly one request message.')
        return data

    def read_next(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes | None:
        """The next message as it comes; None where the client sends no more.

        Raises grpc.RpcError where the client has gone, or the stream was ended: it took too long, or is one too many.
        """
        self._coming.begin(context, self._limits.message_s)
        try:
            return next(messages, None)
        finally:
            self._coming.leave(context)

    def claim(self, data: bytes) -> Claim:
        """The memory of a message that has come. Raises QueueFull where all others leave none for it."""
        try:
            return self._memory.claim(len(data))
        except QueueFull:
            self._going.end_longest()
            raise

    def parse(self, request: type[Request], data: bytes, claim: Claim) -> Request:
        """Raises FirstserveError for bytes that are no such message, or take too much."""
        try:
            message: Request = request.FromString(inflate(data, claim, self._limits.message_bytes))
        except DecodeError as error:
            raise InvalidArgument(f"the message is no serialized {request.DESCRIPTOR.full_name}") from error
        return message

    def parse_small(self, request: type[Request], data: bytes) -> Request:
        """As `parse`, for what only asks about the server."""
        small = MessageMemory(_SMALL_BYTES)
        try:
            return self.parse(request, data, small.claim(len(data)))
        except QueueFull as error:
            raise TooLarge(
                f"the message is longer than the {_SMALL_BYTES} bytes that such a question may have"
            ) from error

    def send(self, answer: bytes, context: grpc.ServicerContext, claim: Claim | None) -> None:
        """An answer takes its message's place in memory, and has a time to be taken."""
        if claim is not None:
            claim.become(len(answer))
        limit_s = self._limits.answer_s
        self._going.begin(context, None if limit_s is None else limit_s + len(answer) / _SLOWEST_BYTES_PER_S)

    def sent(self, context: grpc.ServicerContext, claim: Claim | None) -> None:
        """The answer has gone, or the client."""
        self._going.leave(context)
        if claim is not None:
            claim.become(0)
