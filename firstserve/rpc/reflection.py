"""Reflection: what services and messages there are, for clients without .proto files; in versions v1 and v1alpha."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from google.protobuf import text_format
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_reflection.v1alpha import reflection, reflection_pb2
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest

from firstserve.errors import FirstserveError
from firstserve.rpc.call import abort
from firstserve.rpc.pool import POOL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from google.protobuf.descriptor import FileDescriptor

    from firstserve.rpc.intake import Intake

_ALPHA, _STABLE = "v1alpha", "v1"
SERVICES = (reflection.SERVICE_NAME.replace(_ALPHA, _STABLE), reflection.SERVICE_NAME)
"""Its names: most clients ask for the first, and for the second where that is not there. Both speak alike."""


class _Symbols:
    """POOL as reflection looks into it, methods included, which protobuf does not find by name."""

    def __getattr__(self, name: str) -> object:
        return getattr(POOL, name)

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptor:  # noqa: N802 - the pool's name
        try:
            return POOL.FindFileContainingSymbol(symbol)
        except KeyError:
            service, _, method = symbol.rpartition(".")
            return POOL.FindServiceByName(service).methods_by_name[method].containing_service.file


def make_handler(services: Iterable[str], intake: Intake) -> grpc.RpcMethodHandler:
    """What grpc calls for `ServerReflectionInfo` of each of SERVICES, of which it tells beside `services`."""
    POOL.AddSerializedFile(reflection_pb2.DESCRIPTOR.serialized_pb)
    POOL.AddSerializedFile(_stable_file())
    servicer = reflection.ReflectionServicer((*services, *SERVICES), pool=_Symbols())

    def read(messages: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[ServerReflectionRequest]:
        while (data := intake.read_next(messages, context)) is not None:
            yield intake.parse_small(ServerReflectionRequest, data)

    def handle(messages: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        try:
            for answer in servicer.ServerReflectionInfo(read(messages, context), context):
                yield answer.SerializeToString()
        except FirstserveError as error:
            abort(context, error.grpc, str(error))

    return grpc.stream_stream_rpc_method_handler(handle)


def _stable_file() -> bytes:
    """The .proto of v1, which is that of v1alpha under another name."""
    file = FileDescriptorProto.FromString(reflection_pb2.DESCRIPTOR.serialized_pb)
    text = text_format.MessageToString(file).replace(_ALPHA, _STABLE)
    stable: bytes = text_format.Parse(text, FileDescriptorProto()).SerializeToString()
    return stable
