"""Server: settings -> a gRPC server that listens, with TensorFlow Serving's services, reflection and health."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc
from grpc_health.v1 import health_pb2

from firstserve.errors import FirstserveError
from firstserve.rpc import reflection
from firstserve.rpc.call import Turns, make_handler
from firstserve.rpc.health import Health
from firstserve.rpc.intake import STREAMS, Intake, Limits
from firstserve.rpc.model_service import ModelService
from firstserve.rpc.pool import POOL
from firstserve.rpc.prediction_service import PredictionService
from firstserve.rpc.services import MODEL_SERVICE, PREDICTION_SERVICE, make_services

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firstserve.admission import Admission
    from firstserve.config.settings import GrpcSettings, TlsSettings
    from firstserve.logs.access import AccessLog
    from firstserve.models.manager import ModelManager

HEALTH_SERVICE = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name

_MESSAGE_LIMIT = "grpc.max_receive_message_length"
_MESSAGE_LIMIT_BYTES = 2**31 - 1
_OPTIONS: Mapping[str, int | str] = {
    # A port that somebody else listens on is a mistake to be told of, not one to share.
    "grpc.so_reuseport": 0,
    _MESSAGE_LIMIT: _MESSAGE_LIMIT_BYTES,
}
_OWN_OPTIONS: Mapping[str, int | str] = {
    # Messages are inflated where their memory is counted.
    "grpc.per_message_decompression": 0,
}
"""Not to be changed by settings."""
_PLACES = 4
"""How often the limit of requests at once is there: for models, for waiting for them, for their state, for reloads."""
_HEALTH_NAMES = ("", "ModelService", "PredictionService", MODEL_SERVICE, PREDICTION_SERVICE)
"""What health is told of: TensorFlow Serving's short names, and those that gRPC's convention has for the same."""


class GrpcServer:
    """A server that listens."""

    def __init__(self, server: grpc.Server, health: Health | None) -> None:
        self._server = server
        self._health = health

    def stop(self, grace_s: float) -> None:
        """Takes no more calls, and returns when those under way have ended, after `grace_s` by force."""
        ended = self._server.stop(grace_s)
        if self._health is not None:
            self._health.end()
        ended.wait()


def start(
    settings: GrpcSettings,
    manager: ModelManager,
    admission: Admission,
    access_log: AccessLog,
    *,
    check_method_names: bool = False,
) -> GrpcServer:
    """Serves until it is stopped. Raises FirstserveError for an address that is taken and for bad TLS settings."""
    options = {**_OPTIONS, **settings.channel_arguments, **_OWN_OPTIONS}
    # Threads are begun when they are needed. There is one for each stream that waits for its message, and for each
    # call that has its place; no stream can have all of them.
    threads = ThreadPoolExecutor(STREAMS + _PLACES * admission.limit, "grpc")
    server = grpc.server(threads, options=list(options.items()))
    intake = Intake(
        Limits(_message_limit(options), settings.bytes_at_once, settings.body_timeout_s, settings.send_timeout_s)
    )
    turns = Turns(admission, settings.threads)
    prediction = PredictionService(
        manager, turns, check_method_names=check_method_names, tensor_content=settings.tensor_content
    )
    services = make_services(
        prediction, ModelService(manager, takes_configs=settings.reload_config), turns, admission.limit
    )
    for service, methods in services.items():
        full = {name: f"/{service}/{name}" for name in methods}
        _add(
            server,
            service,
            {name: make_handler(full[name], each, access_log, intake) for name, each in methods.items()},
        )
    health = Health(_HEALTH_NAMES, intake) if settings.health else None
    names = list(services)
    if health is not None:
        POOL.AddSerializedFile(health_pb2.DESCRIPTOR.serialized_pb)
        _add(server, HEALTH_SERVICE, health.handlers())
        names.append(HEALTH_SERVICE)
    handler = reflection.make_handler(names, intake)
    for service in reflection.SERVICES:
        _add(server, service, {"ServerReflectionInfo": handler})
    for address in _addresses(settings):
        _listen(server, address, settings.tls)
    server.start()
    return GrpcServer(server, health)


def _message_limit(options: Mapping[str, int | str]) -> int:
    limit_bytes = int(options[_MESSAGE_LIMIT])
    return limit_bytes if limit_bytes >= 0 else _MESSAGE_LIMIT_BYTES


def _add(server: grpc.Server, service: str, handlers: Mapping[str, grpc.RpcMethodHandler]) -> None:
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))


def _addresses(settings: GrpcSettings) -> list[str]:
    host = f"[{settings.bind_address}]" if ":" in settings.bind_address else settings.bind_address
    addresses = [f"{host}:{settings.port}"] if settings.port else []
    return [*addresses, f"unix:{settings.socket_path}"] if settings.socket_path else addresses


def _listen(server: grpc.Server, address: str, tls: TlsSettings | None) -> None:
    try:
        if tls is None:
            server.add_insecure_port(address)
        else:
            server.add_secure_port(address, _credentials(tls))
    except RuntimeError as error:
        fault = "it is taken or cannot be used (--port and --grpc_socket_path give another)"
        if tls is not None:
            fault += ", or --ssl_config_file has a bad key or certificate"
        raise FirstserveError(f"gRPC cannot listen on {address}: {fault}; GRPC_VERBOSITY=debug tells more") from error


def _credentials(tls: TlsSettings) -> grpc.ServerCredentials:
    if tls.client_verify and not tls.custom_ca:
        raise FirstserveError("client_verify needs custom_ca, the authority of the clients' certificates, in SSLConfig")
    return grpc.ssl_server_credentials(
        [(tls.server_key.encode(), tls.server_cert.encode())],
        root_certificates=tls.custom_ca.encode() or None,
        require_client_auth=tls.client_verify,
    )
