"""Where a server listens and how: sockets, TLS, sizes, health, reflection, and its end."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
import numpy
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from firstserve.admission import Admission
from firstserve.config.settings import GrpcSettings, TlsSettings
from firstserve.errors import FirstserveError
from firstserve.logs.access import AccessLog
from firstserve.monitoring.recorder import Recorder
from firstserve.rpc.generated.tensorflow_serving.apis.model_pb2 import ModelSpec
from firstserve.rpc.generated.tensorflow_serving.apis.predict_pb2 import PredictRequest
from firstserve.rpc.server import start
from firstserve.rpc.tensor_proto import decode, encode
from firstserve.tensors import Tensor
from tests.certificates import Authority
from tests.rpc.conftest import LIMIT_S, NUMBERS, Rpc, serving_rpc
from tests.server_process import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from firstserve.models.manager import ModelManager
    from firstserve.rpc.server import GrpcServer

PREDICT = f"model_spec {{ name: 'half_plus_two' }} {NUMBERS}"


def start_with(manager: ModelManager, settings: GrpcSettings) -> GrpcServer:
    return start(settings, manager, Admission(64), AccessLog(Recorder()))


def half_plus_two(channel: grpc.Channel, server: GrpcServer) -> list[float]:
    response = Rpc(server, channel).call("PredictionService/Predict", PREDICT)
    return list(response.outputs["y"].float_val)


def test_a_unix_socket_beside_the_port(manager: ModelManager, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with serving_rpc(manager, socket_path=path) as rpc, grpc.insecure_channel(f"unix:{path}") as channel:
        assert half_plus_two(channel, rpc.server) == half_plus_two(rpc.channel, rpc.server) == [2.5, 3, 4.5]


def test_a_unix_socket_alone(manager: ModelManager, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    server = start_with(manager, GrpcSettings("127.0.0.1", 0, socket_path=path))
    with grpc.insecure_channel(f"unix:{path}") as channel:
        assert half_plus_two(channel, server) == [2.5, 3, 4.5]
    server.stop(0)


def test_ipv6(manager: ModelManager) -> None:
    port = free_port()
    server = start_with(manager, GrpcSettings("::", port))
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert half_plus_two(channel, server) == [2.5, 3, 4.5]
    server.stop(0)


def test_a_port_that_is_taken_is_an_error(manager: ModelManager) -> None:
    port = free_port()
    server = start_with(manager, GrpcSettings("127.0.0.1", port))
    with pytest.raises(FirstserveError, match=f"gRPC cannot listen on 127.0.0.1:{port}: .*--port"):
        start_with(manager, GrpcSettings("127.0.0.1", port))
    server.stop(0)


@pytest.mark.parametrize("as_content", [False, True])
def test_messages_of_many_megabytes(rpc: Rpc, *, as_content: bool) -> None:
    array = numpy.random.default_rng(3).normal(size=(64, 224, 224, 3)).astype("float32")
    assert array.nbytes > 38_000_000
    request = PredictRequest(model_spec=ModelSpec(name="everything", signature_name="float32"))
    sent = Tensor("float32", array.shape, array.tobytes())
    encode(sent, request.inputs["x"], as_content=as_content)
    assert decode("y", rpc.call("PredictionService/Predict", request).outputs["y"]) == sent


def test_channel_arguments_reach_grpc(manager: ModelManager) -> None:
    arguments: dict[str, int | str] = {"grpc.max_receive_message_length": 10, "unknown": "is ignored"}
    with serving_rpc(manager, channel_arguments=arguments) as rpc, pytest.raises(grpc.RpcError) as failed:
        rpc.call("PredictionService/Predict", PREDICT)
    assert failed.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize("client_verify", [False, True])
def test_tls(manager: ModelManager, authority: Authority, *, client_verify: bool) -> None:
    port = free_port()
    server_side, client_side = authority.issue("server"), authority.issue("client")
    tls = TlsSettings(server_side.key, server_side.certificate, authority.certificate, client_verify)
    server = start_with(manager, GrpcSettings("127.0.0.1", port, tls=tls))
    root = authority.certificate.encode()
    known = grpc.ssl_channel_credentials(root, client_side.key.encode(), client_side.certificate.encode())
    with grpc.secure_channel(f"localhost:{port}", known) as channel:
        assert half_plus_two(channel, server) == [2.5, 3, 4.5]
    with grpc.secure_channel(f"localhost:{port}", grpc.ssl_channel_credentials(root)) as channel:
        if client_verify:
            with pytest.raises(grpc.RpcError) as refused:
                half_plus_two(channel, server)
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        else:
            assert half_plus_two(channel, server) == [2.5, 3, 4.5]
    with grpc.insecure_channel(f"localhost:{port}") as channel, pytest.raises(grpc.RpcError):
        half_plus_two(channel, server)
    server.stop(0)


@pytest.mark.parametrize(
    ("tls", "text"),
    [
        (TlsSettings("no key", "no certificate", "", client_verify=False), "--ssl_config_file"),
        (TlsSettings("key", "certificate", "", client_verify=True), "client_verify needs custom_ca"),
    ],
)
def test_bad_tls_settings_are_an_error(manager: ModelManager, tls: TlsSettings, text: str) -> None:
    with pytest.raises(FirstserveError, match=text):
        start_with(manager, GrpcSettings("127.0.0.1", free_port(), tls=tls))


@pytest.mark.parametrize(
    "service",
    [
        "",
        "ModelService",
        "PredictionService",
        "tensorflow.serving.ModelService",
        "tensorflow.serving.PredictionService",
    ],
)
def test_health(rpc: Rpc, service: str) -> None:
    request = health_pb2.HealthCheckRequest(service=service)
    response = health_pb2_grpc.HealthStub(rpc.channel).Check(request, timeout=LIMIT_S)
    assert response.status == health_pb2.HealthCheckResponse.SERVING


def test_health_only_where_it_is_asked_for(manager: ModelManager) -> None:
    with serving_rpc(manager, health=False) as rpc, pytest.raises(grpc.RpcError) as failed:
        health_pb2_grpc.HealthStub(rpc.channel).Check(health_pb2.HealthCheckRequest(), timeout=LIMIT_S)
    assert failed.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_reflection_describes_all_services(rpc: Rpc) -> None:
    described = ProtoReflectionDescriptorDatabase(rpc.channel)
    services = described.get_services()
    assert set(services) == {
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "tensorflow.serving.ModelService",
        "tensorflow.serving.PredictionService",
    }
    pool = descriptor_pool.DescriptorPool(described)
    assert all(pool.FindServiceByName(service).methods for service in services)
    predict = pool.FindServiceByName("tensorflow.serving.PredictionService").methods_by_name["Predict"]
    described_request = descriptor_pb2.DescriptorProto()
    predict.input_type.CopyToProto(described_request)
    assert [field.name for field in described_request.field][:3] == ["model_spec", "inputs", "output_filter"]


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
@pytest.mark.parametrize(
    ("symbol", "file"),
    [
        ("tensorflow.serving.PredictionService.Predict", "tensorflow_serving/apis/prediction_service.proto"),
        ("tensorflow.serving.PredictRequest", "tensorflow_serving/apis/predict.proto"),
        ("grpc.reflection.v1.ServerReflection", "grpc_reflection/v1/reflection.proto"),
    ],
)
def test_reflection_finds_symbols_in_both_versions(rpc: Rpc, version: str, symbol: str, file: str) -> None:
    found = reflect(rpc, version, reflection_pb2.ServerReflectionRequest(file_containing_symbol=symbol))
    files = map(descriptor_pb2.FileDescriptorProto.FromString, found.file_descriptor_response.file_descriptor_proto)
    assert file in {each.name for each in files}


def test_reflection_says_what_there_is_not(rpc: Rpc) -> None:
    asked = reflection_pb2.ServerReflectionRequest(
        file_containing_symbol="tensorflow.serving.PredictionService.Nothing"
    )
    assert reflect(rpc, "v1", asked).error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]


def reflect(rpc: Rpc, version: str, request: reflection_pb2.ServerReflectionRequest) -> Any:
    call = rpc.channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    [answer] = call(iter([request]), timeout=LIMIT_S)
    return answer


class Entered(Admission):
    """Tells when somebody is inside."""

    def __init__(self) -> None:
        super().__init__(64)
        self.event = threading.Event()

    def __enter__(self) -> None:
        super().__enter__()
        self.event.set()


def test_what_is_under_way_is_answered_before_the_end(manager: ModelManager) -> None:
    count = """model_spec { name: 'everything' signature_name: 'count' }
        inputs { key: "steps" value { dtype: DT_INT32 tensor_shape { } int_val: 200000 } }"""
    admission = Entered()
    with serving_rpc(manager, admission=admission) as rpc, ThreadPoolExecutor(1) as client:
        answer = client.submit(rpc.call, "PredictionService/Predict", count)
        assert admission.event.wait(LIMIT_S)
        rpc.server.stop(LIMIT_S)
        assert list(answer.result().outputs["count"].int_val) == [200000]


def test_who_watches_health_does_not_hold_up_the_end(manager: ModelManager) -> None:
    with serving_rpc(manager) as rpc:
        watched = health_pb2_grpc.HealthStub(rpc.channel).Watch(health_pb2.HealthCheckRequest())
        assert next(watched).status == health_pb2.HealthCheckResponse.SERVING
        began_s = time.monotonic()
        rpc.server.stop(LIMIT_S)
        assert time.monotonic() - began_s < LIMIT_S / 2
        with pytest.raises(grpc.RpcError):
            list(watched)
