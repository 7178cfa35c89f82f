"""Server: settings -> a gRPC server that listens, with TensorFlow Serving's services, reflection and health."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from firstserve.errors import FirstserveError
from firstserve.rpc.call import Method, make_handler
from firstserve.rpc.generated.tensorflow_serving.apis import model_service_pb2, prediction_service_pb2
from firstserve.rpc.generated.tensorflow_serving.apis.classification_pb2 import ClassificationRequest
from firstserve.rpc.generated.tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest
from firstserve.rpc.generated.tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
from firstserve.rpc.generated.tensorflow_serving.apis.inference_pb2 import MultiInferenceRequest
from firstserve.rpc.generated.tensorflow_serving.apis.model_management_pb2 import ReloadConfigRequest
from firstserve.rpc.generated.tensorflow_serving.apis.predict_pb2 import PredictRequest
from firstserve.rpc.generated.tensorflow_serving.apis.regression_pb2 import RegressionRequest
from firstserve.rpc.health import Health
from firstserve.rpc.model_service import ModelService
from firstserve.rpc.pool import POOL
from firstserve.rpc.prediction_service import PredictionService

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firstserve.admission import Admission
    from firstserve.config.settings import GrpcSettings, TlsSettings
    from firstserve.logs.access import AccessLog
    from firstserve.models.manager import ModelManager

    Services = Mapping[str, Mapping[str, Method[Any]]]

PREDICTION_SERVICE = prediction_service_pb2.DESCRIPTOR.services_by_name["PredictionService"].full_name
MODEL_SERVICE = model_service_pb2.DESCRIPTOR.services_by_name["ModelService"].full_name

_MESSAGE_LIMIT_BYTES = 2**31 - 1
_OTHER_CALLS = 16
"""Places for calls that run no model, beside those of the requests at once: status, reload, health, reflection."""
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
    # A port that somebody else listens on is a mistake to be told of, not one to share.
    options: dict[str, int | str] = {"grpc.so_reuseport": 0, "grpc.max_receive_message_length": _MESSAGE_LIMIT_BYTES}
    options |= settings.channel_arguments
    server = grpc.server(
        ThreadPoolExecutor(settings.threads, "grpc"),
        options=list(options.items()),
        # Calls wait for a thread: no more of them than there may be requests.
        maximum_concurrent_rpcs=admission.limit + _OTHER_CALLS,
    )
    prediction = PredictionService(
        manager, admission, check_method_names=check_method_names, tensor_content=settings.tensor_content
    )
    _add_services(server, _services(prediction, ModelService(manager)), access_log)
    health = _add_health(server) if settings.health else None
    _add_reflection(server, with_health=settings.health)
    for address in _addresses(settings):
        _listen(server, address, settings.tls)
    server.start()
    return GrpcServer(server, health)


def _services(prediction: PredictionService, model: ModelService) -> Services:
    return {
        PREDICTION_SERVICE: {
            "Predict": Method(PredictRequest, prediction.predict),
            "Classify": Method(ClassificationRequest, prediction.classify),
            "Regress": Method(RegressionRequest, prediction.regress),
            "MultiInference": Method(MultiInferenceRequest, prediction.multi_inference),
            "GetModelMetadata": Method(GetModelMetadataRequest, prediction.get_model_metadata),
        },
        MODEL_SERVICE: {
            "GetModelStatus": Method(GetModelStatusRequest, model.get_model_status),
            "HandleReloadConfigRequest": Method(ReloadConfigRequest, model.reload_config),
        },
    }


def _add_services(server: grpc.Server, services: Services, access_log: AccessLog) -> None:
    for service, methods in services.items():
        handlers = {name: make_handler(f"/{service}/{name}", method, access_log) for name, method in methods.items()}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))


def _add_health(server: grpc.Server) -> Health:
    health = Health(_HEALTH_NAMES)
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    return health


def _add_reflection(server: grpc.Server, *, with_health: bool) -> None:
    names = [PREDICTION_SERVICE, MODEL_SERVICE, reflection.SERVICE_NAME]
    POOL.AddSerializedFile(reflection_pb2.DESCRIPTOR.serialized_pb)
    if with_health:
        names.append(health_pb2.DESCRIPTOR.services_by_name["Health"].full_name)
        POOL.AddSerializedFile(health_pb2.DESCRIPTOR.serialized_pb)
    reflection.enable_server_reflection(names, server, pool=POOL)


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
